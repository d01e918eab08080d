"""Somebody else holds the tables' locks: gateways wait as long as it takes, lose nothing, and deny nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from agent_end import Ended, Fleet
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence import readings
from gururmm_server.core.presence.jobs import GatewayWatch, mark_problems
from gururmm_server.core.presence.service import Change, Presence
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult, Heartbeat
from gururmm_wire.v2.limits import CHUNK_BYTES, Close
from gururmm_wire.v2.server import ResultAck, RunCommand
from prometheus_client import REGISTRY
from test_commands import queue

from packages.server.tests.conftest import Engines
from packages.server.tests.waiting import Clock, until

Start = Callable[..., Awaitable[Gateway]]
TIMES = 6
"""More often than what a batch is tried before it counts as poison."""


@pytest.fixture
async def gateway_db(engines: Engines, database_name: str) -> AsyncIterator[Database]:
    """A gateway's database whose statements time out soon."""
    database = Database(engines.database(engines.urls[Kind.GATEWAY], database_name), pool_size=8, statement_s=0.1)
    await database.open()
    yield database
    await database.close()


@asynccontextmanager
async def locked(owner_url: str, mode: str) -> AsyncIterator[None]:
    """What an operator does who makes an index, or changes a column."""
    connection = await asyncpg.connect(owner_url)
    async with connection.transaction():
        await connection.execute(f"lock table core.agent_state, core.commands in {mode} mode")
        yield
    await connection.close()


def waits(kind: str) -> float:
    return REGISTRY.get_sample_value("gururmm_gateway_writes_wait_total", {"kind": kind}) or 0.0


@pytest.mark.parametrize("mode", ["share", "access exclusive"])
async def test_what_ends_during_a_lock_is_written_after_it(
    start_gateway: Start, fleet: Fleet, owner_url: str, mode: str
) -> None:
    clock = Clock()
    gateway = await start_gateway(clock=clock)
    agent, dying = await fleet.enrol(2)
    command_id = await queue(fleet, agent)
    await agent.join(gateway.port)
    await dying.join(gateway.port)
    await agent.expect(RunCommand)
    await until(lambda: fleet.online(dying))
    async with locked(owner_url, mode):
        agent.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
        agent.send(CommandOutput(command_id=command_id.bytes, seq=0, stream=1, data=b"kept"))
        agent.send(CommandResult(command_id.bytes, outcome="succeeded", exit_code=0, duration_ms=5, chunks=1))
        agent.send(Heartbeat(at=1, cpu=42, memory=43))
        await agent.understood()
        await dying.gone()
        await until(lambda: dying.agent_id.bytes in gateway.roster.leaving)
        clock.forward(10)
        before = waits("commands"), waits("presence")
        await until(lambda: waits("commands") > before[0] + TIMES and waits("presence") > before[1] + TIMES, 60)
        assert agent.listener.inbox.empty(), "nothing is acknowledged that is not written"
    assert (await agent.expect(ResultAck)).command_id == command_id.bytes
    row = await fleet.row("select status, exit_code from core.commands where command_id = $1", command_id)
    assert (row["status"], row["exit_code"]) == ("succeeded", 0)
    assert await fleet.value("select data from core.command_output where command_id = $1", command_id) == b"kept"
    await until(lambda: _is_offline(fleet, dying))
    assert await fleet.events("agent.offline") == 1
    await until(lambda: fleet.value("select cpu = 42 from core.agent_state where agent_id = $1", agent.agent_id))


async def _is_offline(fleet: Fleet, agent: Any) -> bool:
    return not await fleet.online(agent)


async def test_who_has_said_more_than_fits_says_it_again(start_gateway: Start, fleet: Fleet, owner_url: str) -> None:
    """Memory is bounded: an agent whose words are not taken is let go, and keeps them until it is back."""
    gateway = await start_gateway(report_bytes=2 * CHUNK_BYTES)
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)

    def say(pieces: int) -> None:
        for seq in range(pieces):
            agent.send(CommandOutput(command_id.bytes, seq=seq, stream=1, data=bytes(CHUNK_BYTES - 500)))

    async def say_all() -> bool:
        await agent.join(gateway.port)
        say(2)
        agent.send(CommandResult(command_id.bytes, outcome="succeeded", exit_code=0, duration_ms=5, chunks=2))
        try:
            return (await agent.expect(ResultAck)).command_id == command_id.bytes
        except Ended:
            return False

    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    async with locked(owner_url, "share"):
        before = waits("commands")
        agent.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
        await until(lambda: waits("commands") > before)
        say(4)
        assert await agent.ended() == Close.UNAVAILABLE
    await until(say_all, 30)
    assert await fleet.value("select count(*) from core.command_output") == 2


async def _written_in_order(fleet: Fleet, write: Callable[[], Awaitable[object]]) -> None:
    """Whoever waits for the first machine's row must hold none of the others."""
    ids = sorted(end.agent_id for end in fleet.ends)
    blocker, probe = await asyncpg.connect(fleet.owner_url), await asyncpg.connect(fleet.owner_url)
    async with blocker.transaction():
        await blocker.execute("select from core.agent_state where agent_id = $1 for update", ids[0])
        writing = asyncio.create_task(write())  # type: ignore[arg-type]
        await until(
            lambda: probe.fetchval(
                "select true from pg_locks where not granted and locktype in ('transactionid', 'tuple') limit 1"
            )
        )
        async with probe.transaction():
            free = await probe.fetch("select agent_id from core.agent_state order by 1 for update skip locked")
        assert [row["agent_id"] for row in free] == ids[1:]
    await writing
    await blocker.close()
    await probe.close()


def _sessions(fleet: Fleet) -> list[AgentSession]:
    """The last first."""
    ends = sorted(fleet.ends, key=lambda end: end.agent_id, reverse=True)
    return [AgentSession(end.agent_id, fleet.tenant_id, fleet.client_id, "m", 1) for end in ends]


async def test_all_that_write_presence_go_by_one_order(fleet: Fleet, db: Database, bus: Bus) -> None:
    await fleet.enrol(6)
    await fleet.value(
        "update core.agent_state set online = true, gateway_id = 'gw', connection_id = 1, disk = 990, memory = 10"
    )
    sessions = _sessions(fleet)
    for session in sessions[::2]:
        session.latest = b"metrics"

    async def write_readings() -> None:
        async with db.ingest() as tx:
            await readings.write(tx, "gw", sessions)

    presence = Presence(db, "gw")
    half = len(sessions) // 2
    changes = [
        *(Change(session) for session in sessions[:half]),
        *(Change(session, reason="gone") for session in sessions[half:]),
    ]
    await _written_in_order(fleet, write_readings)
    await _written_in_order(fleet, lambda: presence.record(changes))
    await fleet.value("update core.agent_state set online = true, gateway_id = 'gw', disk = 990, problems = '{}'")
    await _written_in_order(fleet, lambda: mark_problems(db))
    await fleet.value("update core.agent_state set online = true, gateway_id = 'gw'")
    watch = GatewayWatch(db, Post(bus.publish), dead_after_s=0)
    await _written_in_order(fleet, lambda: watch.look(0.0))
