"""Engines and gateways that die: nothing is lost, nobody is told wrong, everything is back by itself."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agent_end import Ended, Fleet, until
from gururmm_server.core.post import traffic
from gururmm_server.core.post.traffic import Deliver
from gururmm_server.entrypoints.agent_gateway.gateway import DRAIN_S, Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.embedded.nats import EmbeddedNats
from gururmm_server.infra.embedded.postgres import EmbeddedPostgres
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.schema import migrate
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult, Heartbeat
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import ResultAck, RunCommand, Watch


class Stack:
    """Engines of this test alone, which it may kill."""

    def __init__(self, folder: Path) -> None:
        self._data = DataDir(folder)
        self._data.prepare()
        self.postgres, self.nats = EmbeddedPostgres(self._data), EmbeddedNats(self._data)
        self.postgres.prepare()
        self.nats.prepare()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self, name: str) -> None:
        engine: Any = self.postgres if name == "postgres" else self.nats
        account = self.postgres.account if name == "postgres" else None
        with self._data.open_log(name) as log:
            self.running[name] = subprocess.Popen(
                engine.argv(),
                cwd=engine.cwd,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        await until(engine.ready, 30)

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait(10)

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait(10)
        self._data.release()


@pytest.fixture
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("faults"))
    try:
        await stack.start("postgres")
        await stack.start("nats")
        await stack.postgres.ensure_database()
        await migrate(stack.postgres.owner_url)
        await stack.postgres.open_process_logins()
        yield stack
    finally:
        stack.close()


@pytest.fixture
def owner_url(stack: Stack) -> str:
    return stack.postgres.superuser_url


@pytest.fixture
async def db(stack: Stack) -> AsyncIterator[Database]:
    database = Database(stack.postgres.url(Kind.GATEWAY), pool_size=4)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def gateway_db(db: Database) -> Database:
    return db


@pytest.fixture
async def gateway_bus(stack: Stack) -> AsyncIterator[Bus]:
    connection = Bus(stack.nats.url(Kind.GATEWAY), name="gateway", kind=Kind.GATEWAY)
    await connection.open()
    yield connection
    await connection.close()


@pytest.fixture
async def bus(stack: Stack) -> AsyncIterator[Bus]:
    connection = Bus(stack.nats.url(Kind.API), name="test", kind=Kind.API)
    await connection.open()
    yield connection
    await connection.close()


async def queue(fleet: Fleet, agent_id: Any) -> Any:
    command_id = new_id()
    await fleet.value(
        "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s, created_by,"
        " signed_order) values ($1, $2, $2, $3, 'sh', 'true', 60, 'ann@example.org', $4)",
        fleet.tenant_id,
        command_id,
        agent_id,
        fleet.order(agent_id, RunCommand(command_id.bytes, "sh", "true", 60)),
    )
    return command_id


async def test_a_database_that_is_killed_costs_nothing(stack: Stack, gateway: Gateway, fleet: Fleet) -> None:
    agent, late = await fleet.enrol(2)
    command_id = await queue(fleet, agent.agent_id)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    stack.kill("postgres")
    agent.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
    agent.send(CommandOutput(command_id=command_id.bytes, seq=0, stream=1, data=b"kept"))
    agent.send(CommandResult(command_id=command_id.bytes, outcome="succeeded", exit_code=0, duration_ms=5, chunks=1))
    agent.send(Heartbeat(at=1, cpu=42, memory=43))
    challenge = await late.open(gateway.port)
    late.send_raw(late.proof(challenge))
    assert await late.ended(20) == Close.UNAVAILABLE
    await stack.start("postgres")
    assert (await agent.expect(ResultAck, 15)).command_id == command_id.bytes
    row = await fleet.row("select status, exit_code from core.commands where command_id = $1", command_id)
    assert (row["status"], row["exit_code"]) == ("succeeded", 0)
    assert await fleet.value("select data from core.command_output") == b"kept"

    async def written() -> bool:
        return bool(await fleet.value("select cpu from core.agent_state where agent_id = $1", agent.agent_id) == 42)

    await until(written, 15)
    await late.join(gateway.port)
    await until(lambda: fleet.online(late))
    assert await fleet.events("agent.offline") == 0
    assert (await gateway.ready())["database"]


async def test_a_broker_that_is_killed_is_found_again(stack: Stack, gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    stack.kill("nats")
    await until(lambda: _connected(bus, wanted=False))
    agent.send(Heartbeat(at=1, cpu=7, memory=7))
    await stack.start("nats")
    await until(lambda: _connected(bus, wanted=True))
    order = Deliver(agent_id=agent.agent_id.bytes, message=encode(Watch(interval_s=2, for_s=30)))

    async def heard() -> bool:
        await bus.publish(traffic.gateway_deliver(gateway.gateway_id), traffic.encode(order))
        try:
            return isinstance(await agent.receive(0.2), Watch)
        except TimeoutError:
            return False

    await until(heard, 10)
    assert len(gateway.roster.agents) == 1


class Process:
    """A real gateway process."""

    def __init__(self, stack: Stack, log: Path) -> None:
        self._log = log
        command = [sys.executable, "-m", "gururmm_server", "gateway", "--port", "0"]
        command += ["--database-url", stack.postgres.url(Kind.GATEWAY), "--nats-url", stack.nats.url(Kind.GATEWAY)]
        with log.open("wb") as output:
            self.popen = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    async def port(self) -> int:
        """Its agents' port, from its own words."""

        async def said() -> bool:
            assert self.popen.poll() is None, self._log.read_text()
            return any("gateway listens" in line for line in self._log.read_text().splitlines())

        await until(said, 30)
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if "gateway listens" in line]
        return int(lines[-1]["url"].rpartition(":")[2])


async def test_gateway_processes_come_and_go(stack: Stack, fleet: Fleet, tmp_path: Path) -> None:
    """kill -9: the agent goes elsewhere and nobody hears of it. SIGTERM: exit 0, the list is left, agents are told."""
    first, second = Process(stack, tmp_path / "first.log"), Process(stack, tmp_path / "second.log")
    try:
        (agent,) = await fleet.enrol()
        ports = [await first.port(), await second.port()]
        await agent.join(ports[0])
        await until(lambda: fleet.online(agent))
        first.popen.kill()
        first.popen.wait(10)
        with pytest.raises(Ended):
            await agent.receive()
        await agent.join(ports[1])

        async def moved() -> bool:
            here = await fleet.value("select gateway_id from core.agent_state where agent_id = $1", agent.agent_id)
            return (
                here is not None
                and await fleet.value("select url from core.gateways where gateway_id = $1", here)
                == f"ws://127.0.0.1:{ports[1]}"
            )

        await until(moved)
        assert await fleet.events("agent.online") == 1
        assert await fleet.events("agent.offline") == 0
        # The dead one is on the list until a worker reaps it; a drain would wait for agents to go there.
        await fleet.value("delete from core.gateways where url = $1", f"ws://127.0.0.1:{ports[0]}")
        second.popen.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DRAIN_S - 1):  # it waits for nobody: there is no other gateway
            assert await agent.ended() == Close.RESTARTING
            assert await asyncio.to_thread(second.popen.wait, DRAIN_S) == 0
        assert not await fleet.online(agent)
        assert await fleet.value("select count(*) from core.gateways") == 0
    finally:
        for process in (first, second):
            process.popen.kill()
            process.popen.wait(10)


async def _connected(bus: Bus, *, wanted: bool) -> bool:
    return bus.connected is wanted
