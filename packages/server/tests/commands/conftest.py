"""The API of commands over two Partners, and what a gateway would get."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.core.commands.routes import build_router
from gururmm_server.core.commands.service import CommandService
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post import traffic
from gururmm_server.core.post.hub import Listener, LiveHub
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.service import Post
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_wire import orders
from gururmm_wire.codec import decode_from_server, encode
from gururmm_wire.v2.server import Order, Watch

from packages.server.tests.world import DECLARED, Api, Partner, plant


@dataclass
class Traffic:
    """What the bus carried: messages for agents of `gw-1`, and live batches of the Partner."""

    to_agents: asyncio.Queue[tuple[UUID, Any]] = field(default_factory=asyncio.Queue)
    live: asyncio.Queue[LiveBatch] = field(default_factory=asyncio.Queue)
    orders: list[Order] = field(default_factory=list)
    """What those messages came in."""

    async def sent(self) -> tuple[UUID, Any]:
        return await asyncio.wait_for(self.to_agents.get(), 5)

    async def nothing_more(self, bus: Bus) -> None:
        """Make sure that nothing was sent beside what was taken: the next thing is what we send now."""
        order = traffic.Deliver(agent_id=bytes(16), message=encode(Watch(2, 30)))
        await bus.publish(traffic.gateway_deliver("gw-1"), traffic.encode(order))
        assert await self.sent() == (UUID(bytes=bytes(16)), Watch(2, 30))

    async def update(self) -> CommandUpdate:
        while True:
            batch = await asyncio.wait_for(self.live.get(), 5)
            if updates := batch.of(CommandUpdate):
                return updates[0]


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=4)


@pytest.fixture
async def other(owner_url: str) -> Partner:
    return await plant(owner_url, "Somebody else", machines=2)


@pytest.fixture
async def carried(bus: Bus, partner: Partner) -> AsyncIterator[Traffic]:
    seen = Traffic()

    def deliver(_subject: str, payload: bytes) -> None:
        told = msgspec.msgpack.decode(payload, type=traffic.Deliver)
        message = decode_from_server(told.message)
        if isinstance(message, Order):
            seen.orders.append(message)
            message = orders.read(message)[1]
        seen.to_agents.put_nowait((UUID(bytes=told.agent_id), message))

    def live(_subject: str, payload: bytes) -> None:
        seen.live.put_nowait(msgspec.msgpack.decode(payload, type=LiveBatch))

    subscriptions = [
        await bus.subscribe("gateway.gw-1.deliver", deliver),
        await bus.subscribe(traffic.live(partner.tenant_id), live),
    ]
    yield seen
    for subscription in subscriptions:
        await subscription.stop()


class Hub(LiveHub):
    """Says when somebody has begun to listen."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self.listened = asyncio.Event()

    @asynccontextmanager
    async def listening(self, tenant_id: UUID, listener: Listener) -> AsyncIterator[None]:
        async with super().listening(tenant_id, listener):
            self.listened.set()
            yield


@pytest.fixture
async def hub(bus: Bus) -> AsyncIterator[Hub]:
    hub = Hub(bus)
    yield hub
    await hub.close()


@pytest.fixture
def recheck_s() -> float:
    """How often whoever waits for a command looks at its row: never, unless the test says otherwise."""
    return 3600


@pytest.fixture
async def api(db: Database, bus: Bus, signer: OrderSigner, hub: Hub, recheck_s: float) -> Api:
    post = Post(bus.publish)
    agents = AgentService(db, post, fields=DECLARED.search_fields)
    return Api(build_router(CommandService(db, post, signer, agents, hub, recheck_s=recheck_s)))


@pytest.fixture
async def admin(api: Api, partner: Partner) -> AsyncIterator[httpx.AsyncClient]:
    async with api.as_(partner.person()) as client:
        yield client


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()
