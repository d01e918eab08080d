"""Who is online: arrivals, departures, replacements, and what the table, the events and the dashboards hear."""

import asyncio
from collections.abc import Awaitable, Callable

from agent_end import Fleet
from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.traffic import AgentConnected, AgentReplaced, Kick
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.nats import Bus
from gururmm_wire.v2.agent import Goodbye, Heartbeat
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import MoveOver

from packages.server.tests.hearing import hearing
from packages.server.tests.waiting import Clock, until

Start = Callable[..., Awaitable[Gateway]]


async def test_an_arrival_is_told_to_table_outbox_dashboards_and_relays(
    gateway: Gateway, fleet: Fleet, bus: Bus
) -> None:
    (agent,) = await fleet.enrol()
    async with (
        hearing(bus, traffic.live_of_machines(fleet.tenant_id), LiveBatch) as live,
        hearing(bus, traffic.agent_connected(agent.agent_id), AgentConnected) as connected,
    ):
        await agent.join(gateway.port)
        await until(lambda: fleet.online(agent))
        assert await fleet.events("agent.online") == 1
        row = await fleet.row("select * from core.agent_state where agent_id = $1", agent.agent_id)
        assert row["gateway_id"] == gateway.gateway_id
        await live.first()
        rows = [(row.online, row.changed) for batch in await live.everything() for row in batch.of(AgentRow)]
        assert rows == [(True, True)]
        (told,) = await connected.first()
        assert (told.gateway_id, told.tenant_id) == (gateway.gateway_id, fleet.tenant_id.bytes)


async def test_goodbye_counts_at_once(start_gateway: Start, fleet: Fleet) -> None:
    gateway = await start_gateway(clock=Clock())  # on which no grace ever ends
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    agent.send(Goodbye(reason="stopped"))
    assert await agent.ended() == 1000
    await until(lambda: _offline(fleet, agent))
    assert await fleet.events("agent.offline") == 1


async def test_a_broken_connection_counts_after_five_seconds_and_a_blip_never(
    start_gateway: Start, fleet: Fleet
) -> None:
    clock = Clock()
    gateway = await start_gateway(clock=clock)
    blip, early, gone = await fleet.enrol(3)
    for agent in (blip, early, gone):
        await agent.join(gateway.port)
        await until(lambda agent=agent: fleet.online(agent))
    early.cut()
    await until(lambda: len(gateway.roster.leaving) == 1)
    clock.forward(1)
    blip.cut()
    gone.cut()
    await until(lambda: len(gateway.roster.leaving) == 3)
    clock.forward(4)
    await blip.join(gateway.port)
    await until(lambda: _offline(fleet, early))
    assert await fleet.online(gone), "four seconds are not five"
    clock.forward(1)
    await until(lambda: _offline(fleet, gone))
    assert await fleet.online(blip)
    assert await fleet.events("agent.offline") == 2
    assert await fleet.events("agent.online") == 3


async def test_the_newer_connection_wins(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    (twin,) = [type(agent)(agent.agent_id, agent.secret_key, fleet.server_key)]
    await agent.join(gateway.port)
    await twin.join(gateway.port)
    assert await agent.ended() == Close.REPLACED
    twin.send(Heartbeat(at=1, cpu=1, memory=1))
    await twin.understood()
    assert len(gateway.roster.agents) == 1
    await gateway.close()  # writes what waits
    assert await fleet.events("agent.online") == 1
    assert await fleet.events("agent.offline") == 0


async def test_the_newer_connection_wins_on_another_gateway_too(start_gateway: Start, fleet: Fleet) -> None:
    clock = Clock()
    first, second = await start_gateway(clock=clock), await start_gateway()
    (agent,) = await fleet.enrol()
    twin = type(agent)(agent.agent_id, agent.secret_key, fleet.server_key)
    await agent.join(first.port)
    await until(lambda: fleet.online(agent))
    await twin.join(second.port)
    assert await agent.ended() == Close.REPLACED
    await until(lambda: first.roster.leaving)
    clock.forward(6)  # beyond the first gateway's grace: its late farewell changes nothing
    await until(lambda: not first.roster.leaving)
    await first.close()  # writes what waits
    row = await fleet.row("select online, gateway_id from core.agent_state where agent_id = $1", agent.agent_id)
    assert (row["online"], row["gateway_id"]) == (True, second.gateway_id)
    assert await fleet.events("agent.offline") == 0
    twin.cut()


async def test_a_newer_connection_elsewhere_ends_only_older_ones(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    replaced = AgentReplaced(agent.agent_id.bytes, before=5)
    await bus.publish(traffic.agent_replaced(agent.agent_id), traffic.encode(replaced))
    subject = traffic.gateway_kick(gateway.gateway_id)
    await bus.publish(subject, traffic.encode(Kick(agent_id=agent.agent_id.bytes, code=Close.REVOKED)))
    assert await agent.ended() == Close.REVOKED
    await until(lambda: _offline(fleet, agent))


async def test_silence_is_noticed(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.listener.answer_pings = False
    (socket,) = gateway.roster.agents.values()
    socket.last_frame -= 45
    socket.last_ping -= 45
    await until(lambda: agent.listener.pings)
    socket.last_frame -= 35
    assert await agent.ended(7) == Close.SILENT
    await until(lambda: _offline(fleet, agent))


async def test_a_gateway_that_was_taken_for_dead_says_that_its_agents_are_here(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    await fleet.value(
        "update core.agent_state set online = false, gateway_id = null where agent_id = $1", agent.agent_id
    )
    agent.send(Heartbeat(at=1, cpu=11, memory=12))
    await until(lambda: fleet.online(agent))


async def test_a_draining_gateway_moves_its_agents_over(start_gateway: Start, fleet: Fleet) -> None:
    first, second = await start_gateway(), await start_gateway()
    agents = await fleet.enrol(20)
    for agent in agents:
        await agent.join(first.port)
    await until(lambda: _count_online(fleet, 20))

    async def leave(agent: object) -> None:
        assert (await agent.expect(MoveOver)).within_s >= 1
        agent.cut()

    leaving = asyncio.gather(*(leave(agent) for agent in agents))
    await first.drain()
    await leaving
    await first.close()
    for agent in agents:  # the slowest of ways: the first gateway is gone before any of them is at the second
        await agent.join(second.port)
    await until(lambda: _all_on(fleet, second.gateway_id, 20))
    assert await fleet.events("agent.offline") == 0
    assert await fleet.events("agent.online") == 20
    assert await fleet.value("select count(*) from core.gateways where gateway_id = $1", first.gateway_id) == 0
    for agent in agents:
        agent.cut()


async def test_the_last_gateway_leaves_no_agent_online(start_gateway: Start, fleet: Fleet) -> None:
    gateway = await start_gateway()
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    async with asyncio.timeout(10):  # half of what it may take to move agents over where there is another gateway
        await gateway.drain()
    assert await agent.ended() == Close.RESTARTING
    await gateway.close()
    assert not await fleet.online(agent)


async def _offline(fleet: Fleet, agent: object) -> bool:
    return not await fleet.online(agent)


async def _count_online(fleet: Fleet, count: int) -> bool:
    return await fleet.value("select count(*) from core.agent_state where online") == count


async def _all_on(fleet: Fleet, gateway_id: str, count: int) -> bool:
    return (
        await fleet.value("select count(*) from core.agent_state where online and gateway_id = $1", gateway_id) == count
    )
