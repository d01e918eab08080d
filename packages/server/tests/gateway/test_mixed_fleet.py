"""A real gateway with agents of other ages: they connect, work, and stay connected."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from agent_end import AgentEnd, Fleet, until
from generations import NEW, Future, Past
from gururmm_server.core.post import traffic
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire.capabilities import said_by
from gururmm_wire.codec import decode_from_agent, encode, inventory_hash
from gururmm_wire.v2.agent import (
    CommandAccepted,
    CommandOutput,
    CommandResult,
    Heartbeat,
    InventoryHashes,
    InventorySection,
    Message,
    Metrics,
    TunnelOpened,
    TunnelOutput,
)
from gururmm_wire.v2.names import SECTIONS
from gururmm_wire.v2.server import InventoryWanted, MoveOver, ResultAck, RunCommand, TunnelOpen
from prometheus_client import REGISTRY
from samples import METRICS


@pytest.fixture(params=["future", "past", "without its newest names"])
async def agent(request: pytest.FixtureRequest, fleet: Fleet) -> AgentEnd:
    (end,) = await fleet.enrol()
    if request.param == "future":
        end.peer = Future("agent")
    else:
        end.peer = past = Past("agent")
        past.shrinks = request.param == "past"
    return end


class Bystander:
    """An api process, as far as one session's bytes go."""

    def __init__(self, bus: Bus, gateway: Gateway, agent: AgentEnd) -> None:
        self._bus = bus
        self._gateway = gateway
        self._agent = agent
        self.heard: asyncio.Queue[Any] = asyncio.Queue()

    async def listen(self, session_id: UUID) -> None:
        await self._bus.subscribe(traffic.tunnel_up(session_id), self._hear)

    def _hear(self, _subject: str, payload: bytes) -> None:
        assert payload[:16] == self._agent.agent_id.bytes
        for piece in traffic.split_up(payload)[2]:
            self.heard.put_nowait(decode_from_agent(piece))

    async def say(self, message: Message) -> None:
        await self.carry(encode(message))

    async def carry(self, data: bytes) -> None:
        deliver = traffic.Deliver(self._agent.agent_id.bytes, data)
        await self._bus.publish(traffic.gateway_deliver(self._gateway.gateway_id), traffic.encode(deliver))


@pytest.fixture
async def api(bus: Bus, gateway: Gateway, agent: AgentEnd) -> AsyncIterator[Bystander]:
    return Bystander(bus, gateway, agent)


def passed_over(what: str) -> float:
    return REGISTRY.get_sample_value("gururmm_agent_unknown_total", {"what": what}) or 0.0


async def test_it_works_with_an_agent_of_another_age(
    gateway: Gateway, fleet: Fleet, agent: AgentEnd, api: Bystander
) -> None:
    before = {what: passed_over(what) for what in ("tag", "section", "outcome", "capability")}
    first = await _queue(fleet, agent)
    await agent.join(gateway.port)
    session = gateway.roster.agents[agent.agent_id.bytes].session
    assert session is not None
    assert session.capabilities == set(agent.peer.capabilities) - {NEW}
    await it_works(fleet, agent, api, first)
    if isinstance(agent.peer, Future):
        for data in agent.peer.unknown():
            agent.send_sealed(data)
        await it_works(fleet, agent, api, await _queue(fleet, agent))
        assert all(passed_over(what) > count for what, count in before.items())
    else:
        await api.say(MoveOver(within_s=0))  # which an agent of the past does not know: it stays
        await it_works(fleet, agent, api, await _queue(fleet, agent))
        assert {what: passed_over(what) for what in before} == before
    assert gateway.roster.agents[agent.agent_id.bytes].session is session


async def it_works(fleet: Fleet, agent: AgentEnd, api: Bystander, command_id: UUID) -> None:
    """A command runs, inventory arrives, a terminal opens, readings are kept."""
    assert (await agent.expect(RunCommand, 9)).command_id == command_id.bytes
    agent.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
    agent.send(CommandOutput(command_id=command_id.bytes, seq=0, stream=1, data=b"42\n"))
    agent.send(CommandResult(command_id=command_id.bytes, outcome="succeeded", exit_code=0, duration_ms=1, chunks=1))
    assert (await agent.expect(ResultAck)).command_id == command_id.bytes
    assert await fleet.value("select status from core.commands where command_id = $1", command_id) == "succeeded"

    known = list(SECTIONS[:-1] if isinstance(agent.peer, Past) else SECTIONS)
    items = {"now": {"said": command_id.hex}}
    said = [*known, NEW] if isinstance(agent.peer, Future) else known
    agent.send(InventoryHashes(hashes=dict.fromkeys(said, inventory_hash(items))))
    assert sorted((await agent.expect(InventoryWanted)).sections) == sorted(known)
    for section in said:
        agent.send(InventorySection(section=section, hash=inventory_hash(items), items=items))
    await until(lambda: _holds(fleet, agent, known, inventory_hash(items)))

    session_id = new_id()
    await api.listen(session_id)
    await fleet.open_channel(agent, session_id)
    opening = TunnelOpen(session_id.bytes, 1, "terminal", {}, ["input"], 65536, None)
    await api.carry(fleet.order(agent.agent_id, opening))
    assert (await agent.expect(TunnelOpen)).session_id == session_id.bytes
    for message in (
        TunnelOpened(session_id.bytes, 1, None, None, "/bin/sh"),
        TunnelOutput(session_id.bytes, 1, 0, b"$ "),
    ):
        agent.send(message)
        heard = await asyncio.wait_for(api.heard.get(), 5)
        assert type(heard) is type(message)
        assert heard.session_id == session_id.bytes

    for reading in (Heartbeat(at=1, cpu=7, memory=8), msgspec.structs.replace(METRICS, cpu=321)):
        agent.send(reading)
    await until(lambda: _is_read(fleet, agent, 321))


async def test_an_outcome_and_a_stream_of_the_future_are_kept_as_what_comes_nearest(
    gateway: Gateway, fleet: Fleet
) -> None:
    (agent,) = await fleet.enrol()
    command_id = await _queue(fleet, agent)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    agent.send(CommandOutput(command_id=command_id.bytes, seq=0, stream=3, data=b"log\n"))
    agent.send(
        CommandResult(
            command_id=command_id.bytes, outcome=NEW, exit_code=None, duration_ms=1, chunks=1, message="Well."
        )
    )
    await agent.expect(ResultAck)
    row = await fleet.row("select status, message from core.commands where command_id = $1", command_id)
    assert tuple(row) == ("failed", f"The machine says that it ended as {NEW}. Well.")
    output = await fleet.row("select stream, data from core.command_output where command_id = $1", command_id)
    assert tuple(output) == (1, b"log\n")


async def test_the_server_says_all_that_it_can(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    assert agent.welcome is not None
    assert agent.welcome.capabilities == said_by("server")


async def test_agents_that_say_the_same_share_what_is_kept_of_it(gateway: Gateway, fleet: Fleet) -> None:
    """A list for each of ten thousand would cost each of them a hundred bytes and more."""
    agents = await fleet.enrol(2)
    for agent in agents:
        await agent.join(gateway.port)
    kept = [gateway.roster.agents[agent.agent_id.bytes].session for agent in agents]
    assert kept[0] is not None
    assert kept[1] is not None
    assert kept[0].capabilities is kept[1].capabilities


async def test_a_tag_of_the_future_in_torn_bytes_ends_the_connection(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    whole = next(iter(Future("agent").unknown()))
    agent.send_sealed(whole[:-1])
    assert await agent.ended() == 4002


async def _queue(fleet: Fleet, agent: AgentEnd) -> UUID:
    command_id = new_id()
    await fleet.value(
        "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s, created_by,"
        " created_at, signed_order) values ($1, $2, $2, $3, 'sh', 'echo 42', 60, 'ann@example.org',"
        " now() - interval '3 seconds', $4)",
        fleet.tenant_id,
        command_id,
        agent.agent_id,
        fleet.order(agent.agent_id, RunCommand(command_id.bytes, "sh", "echo 42", 60)),
    )
    return command_id


async def _holds(fleet: Fleet, agent: AgentEnd, sections: list[str], digest: bytes) -> bool:
    """Whether the table holds that state of exactly these sections."""
    held = await fleet.value(
        "select array_agg(section order by section) from core.agent_inventory where agent_id = $1 and hash = $2",
        agent.agent_id,
        digest,
    )
    others = await fleet.value(
        "select count(*) from core.agent_inventory where agent_id = $1 and hash <> $2", agent.agent_id, digest
    )
    return bool(held == sorted(sections) and not others)


async def _is_read(fleet: Fleet, agent: AgentEnd, cpu: int) -> bool:
    raw = await fleet.value("select latest from core.agent_state where agent_id = $1", agent.agent_id)
    message: Any = decode_from_agent(raw) if raw else None
    return isinstance(message, Metrics) and message.cpu == cpu and message.disks[0].mount == "/"
