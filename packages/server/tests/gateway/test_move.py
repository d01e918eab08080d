"""A machine that is moved to another Client: from then on only that Client's contacts hear of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from agent_end import AgentEnd, Fleet, until
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.service import Post
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.entrypoints.tech_stream.live_session import LiveSession
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Goodbye, Heartbeat, Metrics
from gururmm_wire.v2.server import Watch

from packages.server.tests.world import DECLARED, person

METRICS = Metrics(2_000_000_000, 125, 4, 8, 1, 250, 10, 20, 30, 40, [("/", 5, 10)], [("cpu", 455)], 3600)


def _person(fleet: Fleet, role: Role = Role.PARTNER_ADMIN, client_id: UUID | None = None) -> Principal:
    return person(fleet.tenant_id, role, client_id, email="anna@example.org")


class Contact:
    """A Client's contact whose browser shows the machine's page."""

    def __init__(self, fleet: Fleet, client_id: UUID, agent: AgentEnd) -> None:
        self.session = LiveSession(_person(fleet, Role.CLIENT_CONTACT, client_id).inside(), DECLARED.live)
        self.session.show([agent.agent_id])
        self.session.watch(agent.agent_id)

    async def said(self, seconds: float = 1.5) -> list[str]:
        """The kinds of messages that come within this time."""
        kinds: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    kinds += [msgspec.json.decode(text)["type"] for text in await self.session.messages()]
        except TimeoutError:
            return kinds


@pytest.fixture
async def elsewhere(fleet: Fleet) -> tuple[UUID, UUID]:
    """Another Client of the Partner: (client_id, site_id)."""
    client_id, site_id = new_id(), new_id()
    owner = await asyncpg.connect(fleet.owner_url)
    await owner.execute(
        "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Fabrikam')", fleet.tenant_id, client_id
    )
    await owner.execute(
        "insert into core.sites (tenant_id, client_id, site_id, name) values ($1, $2, $3, 'Depot')",
        fleet.tenant_id,
        client_id,
        site_id,
    )
    await owner.close()
    return client_id, site_id


async def _joined(gateway: Gateway, fleet: Fleet) -> AgentEnd:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    return agent


async def _looking(bus: Bus, fleet: Fleet, *contacts: Contact) -> Callable[[], Awaitable[None]]:
    def take(_subject: str, data: bytes) -> None:
        batch = msgspec.msgpack.decode(data, type=LiveBatch)
        for contact in contacts:
            contact.session.take(batch)

    subscription = await bus.subscribe(traffic.live_all(fleet.tenant_id), take)
    await bus.settled()
    return subscription.stop


async def test_the_old_clients_contact_hears_nothing_more(
    gateway: Gateway, fleet: Fleet, bus: Bus, db: Database, elsewhere: tuple[UUID, UUID]
) -> None:
    agent = await _joined(gateway, fleet)
    ex, new = Contact(fleet, fleet.client_id, agent), Contact(fleet, elsewhere[0], agent)
    await AgentService(db, Post(bus.publish)).move(_person(fleet).inside(), agent.agent_id, elsewhere[1])
    session: Any = gateway.roster.agents[agent.agent_id.bytes].session

    async def told() -> bool:
        return bool(session.client_id == elsewhere[0])

    await until(told)
    stop = await _looking(bus, fleet, ex, new)
    watch = traffic.Deliver(agent.agent_id.bytes, encode(Watch(2, 30)))
    await bus.publish(traffic.gateway_deliver(gateway.gateway_id), traffic.encode(watch))
    await agent.expect(Watch)
    agent.send(METRICS)
    heard, leaked = await asyncio.gather(new.said(), ex.said())
    assert set(heard) == {"agents", "metrics"}
    agent.send(Goodbye(reason="stopped"))
    last, leaked_last = await asyncio.gather(new.said(), ex.said())
    assert last == ["agents"]
    assert leaked + leaked_last == []
    payload = await fleet.value("select convert_from(payload, 'UTF8') from core.outbox where name = 'agent.offline'")
    assert str(elsewhere[0]) in payload
    await stop()


async def test_the_new_clients_contact_sees_it_at_once(
    gateway: Gateway, fleet: Fleet, bus: Bus, db: Database, elsewhere: tuple[UUID, UUID]
) -> None:
    agent = await _joined(gateway, fleet)
    ex, new = Contact(fleet, fleet.client_id, agent), Contact(fleet, elsewhere[0], agent)
    stop = await _looking(bus, fleet, ex, new)
    await AgentService(db, Post(bus.publish)).move(_person(fleet).inside(), agent.agent_id, elsewhere[1])
    heard, leaked = await asyncio.gather(new.said(0.5), ex.said(0.5))
    assert (heard, leaked) == (["agents"], [])
    await stop()


async def test_a_gateway_that_was_not_told_learns_it_from_the_table(
    gateway: Gateway, fleet: Fleet, bus: Bus, elsewhere: tuple[UUID, UUID]
) -> None:
    agent = await _joined(gateway, fleet)
    ex, new = Contact(fleet, fleet.client_id, agent), Contact(fleet, elsewhere[0], agent)
    stop = await _looking(bus, fleet, ex, new)
    await fleet.value(
        "update core.agents set client_id = $2, site_id = $3 where agent_id = $1 returning 1",
        agent.agent_id,
        *elsewhere,
    )
    agent.send(Heartbeat(at=2_000_000_000, cpu=100, memory=200))
    heard, leaked = await asyncio.gather(new.said(2.5), ex.said(2.5))
    assert (heard, leaked) == (["agents"], [])
    agent.send(Heartbeat(at=2_000_000_000, cpu=300, memory=200))

    async def written() -> bool:
        return bool(await fleet.value("select cpu = 300 from core.agent_state where agent_id = $1", agent.agent_id))

    await until(written)
    await stop()
