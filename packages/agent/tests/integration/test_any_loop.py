"""The whole core of the agent on a loop that can do no more than Windows': what only a Unix can is in its adapters."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest
from gururmm_agent.app import Agent, describe
from gururmm_agent.link.hello import enrol
from gururmm_agent.link.route import Route
from gururmm_agent.state import StateDirectory
from gururmm_wire.v2.agent import (
    Answer,
    CommandOutput,
    CommandResult,
    Goodbye,
    Heartbeat,
    InventoryHashes,
    Metrics,
    TunnelClosed,
    TunnelInputAck,
    TunnelOpened,
    TunnelOutput,
)
from gururmm_wire.v2.server import (
    CancelCommand,
    Query,
    RunCommand,
    TunnelChange,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
)

from packages.agent.tests.conftest import Gateway
from packages.agent.tests.contract import scripts
from packages.agent.tests.loops import CompletionLoop, run_on
from packages.agent.tests.scripted import System

SESSION = b"s" * 16
_CREDIT = 512 * 1024


def test_it_does_everything(tmp_path: Path) -> None:
    async def main(_: CompletionLoop) -> None:
        system = System()
        system.programs |= {"speaks": scripts.speaks, "sleeps": scripts.sleeps, "echoes": scripts.echoes}
        system.programs |= {"pours": scripts.pours(str(2 * _CREDIT), str(tmp_path / "poured"))}
        gateway = Gateway()
        await gateway.start()
        state, adapters = StateDirectory(tmp_path / "state"), system.adapters()
        state.lock(adapters.host)
        identity = (await enrol(state, describe(adapters), gateway.url, gateway.site_code, Route())).identity
        running = asyncio.ensure_future(Agent(state, identity, adapters, Route()).run())
        await gateway.welcomed.wait()
        for kind in (Heartbeat, Metrics, InventoryHashes):
            await gateway.wait_for(kind)
        await _commands(gateway)
        await _questions(gateway)
        await _terminals(gateway, tmp_path / "poured")
        gateway.drop()
        await gateway.welcomed.wait()
        await _commands(gateway)
        for stop in system.stops:
            stop()
        await running
        assert gateway.of(Goodbye)
        await gateway.stop()

    run_on(CompletionLoop, main)


async def _commands(gateway: Gateway) -> None:
    run = RunCommand(os.urandom(16), "speaks", "", 30)
    gateway.say(run)
    result = await gateway.wait_for(CommandResult, command_id=run.command_id)
    assert (result.outcome, result.exit_code) == ("failed", 3)
    chunks = gateway.of(CommandOutput, command_id=run.command_id)
    assert [(chunk.stream, chunk.data) for chunk in chunks] == [(1, b"out"), (2, b"err")]
    endless = RunCommand(os.urandom(16), "sleeps", "", 30)
    gateway.say(endless)
    await gateway.wait_for(CommandOutput, command_id=endless.command_id, data=b"ready")
    gateway.say(CancelCommand(endless.command_id))
    assert (await gateway.wait_for(CommandResult, command_id=endless.command_id)).outcome == "cancelled"


async def _questions(gateway: Gateway) -> None:
    for kind in ("processes", "folders", "temperatures", "smart"):
        query = Query(os.urandom(16), kind, {"path": "/etc"})
        gateway.say(query)
        assert (await gateway.wait_for(Answer, query_id=query.query_id)).ok


async def _terminals(gateway: Gateway, poured: Path) -> None:
    gateway.say(TunnelOpen(SESSION, 0, "terminal", {"shell": "echoes"}, ["input"], _CREDIT, None))
    await gateway.wait_for(TunnelOpened, channel=0)
    gateway.say(TunnelChange(SESSION, 0, 1, msgspec.msgpack.encode({"columns": 100, "rows": 30})))
    gateway.say(TunnelInput(SESSION, 0, 0, b"typed"))
    await gateway.wait_until(lambda: b"".join(m.data for m in gateway.of(TunnelOutput, channel=0)) == b"readytyped")
    await gateway.wait_for(TunnelInputAck, channel=0, offset=5)
    gateway.say(TunnelInput(SESSION, 0, 5, b"\x04"))
    assert (await gateway.wait_for(TunnelClosed, channel=0)).exit_code == 7

    gateway.say(TunnelOpen(SESSION, 1, "terminal", {"shell": "pours"}, ["input"], _CREDIT, None))
    await gateway.wait_until(lambda: _shown(gateway) >= _CREDIT)
    assert not poured.exists()  # without credit nothing is read, so the program waits
    while not gateway.of(TunnelClosed, channel=1):
        gateway.say(TunnelOutputAck(SESSION, 1, _shown(gateway), _shown(gateway) + _CREDIT))
        await asyncio.sleep(0)
    assert _shown(gateway) == 2 * _CREDIT


def _shown(gateway: Gateway) -> int:
    return sum(len(message.data) for message in gateway.of(TunnelOutput, channel=1))


@pytest.mark.parametrize(
    "name",
    [
        "add_reader",
        "add_writer",
        "add_signal_handler",
        "create_unix_connection",
        "connect_read_pipe",
        "subprocess_exec",
    ],
)
def test_the_loop_has_it_not(name: str) -> None:
    """What is tried above would be tried in vain on a loop that can do everything."""

    async def main(loop: CompletionLoop) -> None:
        with pytest.raises(NotImplementedError):
            getattr(loop, name)(0, print)

    run_on(CompletionLoop, main)
