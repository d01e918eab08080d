"""An agent's second connection: what goes by it, what never does, and that nothing of the first waits for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from agent_end import AgentEnd, Ended, Fleet, until
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post import traffic
from gururmm_server.core.tunnel.closing import close_all
from gururmm_server.entrypoints.agent_gateway.agent_socket import BUDGET_BURST
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import decode_from_agent, encode
from gururmm_wire.v2.agent import (
    PURPOSE_TUNNEL,
    Heartbeat,
    Message,
    TunnelInputAck,
    TunnelOpened,
    TunnelOutput,
)
from gururmm_wire.v2.limits import CHUNK_BYTES, Close
from gururmm_wire.v2.server import TunnelChange, TunnelInput, TunnelOpen, TunnelResume

from packages.server.tests.world import person

SESSION = new_id()
OUTPUT = TunnelOutput(SESSION.bytes, 1, 0, b"hello")
StartGateway = Callable[[], Awaitable[Gateway]]


@asynccontextmanager
async def heard(bus: Bus) -> AsyncIterator["asyncio.Queue[tuple[bytes, str, Message]]"]:
    """What relays hear of the session: agent, gateway, message."""
    news: asyncio.Queue[tuple[bytes, str, Message]] = asyncio.Queue()

    def on_message(_subject: str, payload: bytes) -> None:
        sender, gateway_id, pieces = traffic.split_up(payload)
        for piece in pieces:
            news.put_nowait((sender, gateway_id, decode_from_agent(piece)))

    subscription = await bus.subscribe(traffic.tunnel_up(SESSION), on_message)
    await bus.settled()
    yield news
    await subscription.stop()


async def both(fleet: Fleet, gateway: Gateway, tunnels: Gateway | None = None) -> tuple[AgentEnd, AgentEnd]:
    """A machine with its own connection and one for channels, there or at another gateway."""
    (agent,) = await fleet.enrol()
    await fleet.open_channel(agent, SESSION)
    await agent.join(gateway.port)
    tunnel = agent.second()
    fleet.ends.append(tunnel)
    await tunnel.join((tunnels or gateway).port, purpose=PURPOSE_TUNNEL)
    return agent, tunnel


async def tell(bus: Bus, subject: str, agent: AgentEnd, message: Message) -> None:
    await bus.publish(subject, traffic.encode(traffic.Deliver(agent.agent_id.bytes, encode(message))))


async def test_it_is_no_second_machine(gateway: Gateway, fleet: Fleet) -> None:
    agent, tunnel = await both(fleet, gateway)
    await until(lambda: fleet.online(agent))
    assert list(gateway.roster.agents) == list(gateway.roster.tunnels) == [agent.agent_id.bytes]
    tunnel.cut()

    async def unseated() -> bool:
        return not gateway.roster.tunnels

    await until(unseated)
    agent.send(Heartbeat(at=1, cpu=2, memory=3))
    assert await fleet.online(agent)
    assert await fleet.events("agent.offline") == 0


async def test_bytes_go_by_it_and_say_by_which_gateway_they_came(
    start_gateway: StartGateway, fleet: Fleet, bus: Bus
) -> None:
    first, second = await start_gateway(), await start_gateway()
    agent, tunnel = await both(fleet, first, second)
    async with heard(bus) as news:
        for message in (TunnelOpened(SESSION.bytes, 1, None, None), OUTPUT, TunnelInputAck(SESSION.bytes, 1, 3)):
            tunnel.send(message)
            assert await asyncio.wait_for(news.get(), 5) == (agent.agent_id.bytes, second.gateway_id, message)
    key = (SESSION.bytes, 1)
    await tell(bus, traffic.gateway_tunnel(second.gateway_id), agent, TunnelInput(*key, 0, b"ls"))
    assert await tunnel.receive() == TunnelInput(*key, 0, b"ls")
    await tell(bus, traffic.gateway_deliver(first.gateway_id), agent, TunnelOpen(*key, "terminal", {}, [], 0, None))
    assert isinstance(await agent.receive(), TunnelOpen)


async def test_where_it_is_not_the_agents_own_connection_serves(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    resume = TunnelResume(SESSION.bytes, 1, 0, 0)
    await tell(bus, traffic.gateway_tunnel(gateway.gateway_id), agent, resume)
    assert await agent.receive() == resume


async def test_relays_hear_that_it_is_there(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    news: asyncio.Queue[bytes] = asyncio.Queue()
    subject = traffic.agent_connected(agent.agent_id)
    subscription = await bus.subscribe(subject, lambda _, payload: news.put_nowait(payload))
    await bus.settled()
    expected = traffic.AgentConnected(agent.agent_id.bytes, fleet.tenant_id.bytes, gateway.gateway_id)
    await agent.join(gateway.port)
    assert await asyncio.wait_for(news.get(), 5) == traffic.encode(expected)
    tunnel = agent.second()
    fleet.ends.append(tunnel)
    await tunnel.join(gateway.port, purpose=PURPOSE_TUNNEL)
    here = traffic.AgentConnected(agent.agent_id.bytes, fleet.tenant_id.bytes, gateway.gateway_id, tunnel=True)
    assert await asyncio.wait_for(news.get(), 5) == traffic.encode(here)
    await subscription.stop()


async def test_an_agent_that_knows_of_no_second_connection_uses_its_own(
    gateway: Gateway, fleet: Fleet, bus: Bus
) -> None:
    (agent,) = await fleet.enrol()
    await fleet.open_channel(agent, SESSION)
    await agent.join(gateway.port)
    async with heard(bus) as news:
        agent.send(OUTPUT)
        assert await asyncio.wait_for(news.get(), 5) == (agent.agent_id.bytes, gateway.gateway_id, OUTPUT)


async def test_it_carries_nothing_else(gateway: Gateway, fleet: Fleet) -> None:
    agent, tunnel = await both(fleet, gateway)
    tunnel.send(Heartbeat(at=1, cpu=2, memory=3))
    assert await tunnel.ended() == Close.MALFORMED
    agent.send(Heartbeat(at=1, cpu=2, memory=3))
    with pytest.raises(TimeoutError):
        await agent.receive(0.2)


async def test_an_unknown_purpose_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    with pytest.raises(Ended) as ended:
        await agent.join(gateway.port, purpose="hologram")
    assert ended.value.code == Close.UNAUTHENTICATED


async def test_the_newer_one_stays(gateway: Gateway, fleet: Fleet) -> None:
    agent, older = await both(fleet, gateway)
    newer = agent.second()
    fleet.ends.append(newer)
    await newer.join(gateway.port, purpose=PURPOSE_TUNNEL)
    assert await older.ended() == Close.REPLACED
    with pytest.raises(TimeoutError):
        await newer.receive(0.2)
    with pytest.raises(TimeoutError):
        await agent.receive(0.1)


async def test_a_removed_machine_loses_it_wherever_it_is(
    start_gateway: StartGateway, fleet: Fleet, db: Database, bus: Bus, signer: OrderSigner
) -> None:
    first, second = await start_gateway(), await start_gateway()
    agent, tunnel = await both(fleet, first, second)
    await until(lambda: fleet.online(agent))
    await AgentRemoval(db, bus, (close_all,), signer).remove(person(fleet.tenant_id).inside(), agent.agent_id)
    assert await tunnel.ended() == Close.REVOKED
    assert await agent.ended() == Close.REVOKED


async def test_a_gateway_that_stops_lets_go_of_it(start_gateway: StartGateway, fleet: Fleet) -> None:
    gateway = await start_gateway()
    _, tunnel = await both(fleet, gateway)
    await gateway.drain(0)
    assert await tunnel.ended() == Close.RESTARTING


async def test_a_flood_on_it_has_its_own_budget(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    """What would hold up the agent's own connection for two seconds goes through, and nothing is held up."""
    agent, tunnel = await both(fleet, gateway)
    chunk = TunnelOutput(SESSION.bytes, 1, 0, bytes(CHUNK_BYTES))
    count = int(1.5 * BUDGET_BURST / (1 + CHUNK_BYTES / 4096))
    async with heard(bus) as news:
        await tell(bus, traffic.gateway_tunnel(gateway.gateway_id), agent, TunnelResume(SESSION.bytes, 1, 0, 0))
        await tunnel.expect(TunnelResume)
        for _ in range(count):
            tunnel.send(chunk)
        for _ in range(count):
            assert (await asyncio.wait_for(news.get(), 20))[2] == chunk
            assert not gateway.roster.throttled
        for _ in range(3 * count):
            agent.send(chunk)

        async def throttled() -> bool:
            return gateway.roster.agents[agent.agent_id.bytes] in gateway.roster.throttled

        await until(throttled)


async def test_a_change_of_a_channel_reaches_it(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    agent, tunnel = await both(fleet, gateway)
    change = TunnelChange(SESSION.bytes, 1, 1, b"sealed")
    await tell(bus, traffic.gateway_tunnel(gateway.gateway_id), agent, change)
    assert await tunnel.receive() == change
