"""What the agent was started deaf to, as under `nohup` or behind the `&` of a script, its programs hear."""

import signal
from pathlib import Path

import pytest
from gururmm_agent.adapters.ports import Terminal

from packages.agent.tests.contract.conftest import LinuxKit


async def opened_while_deaf(folder: Path, to: signal.Signals) -> Terminal:
    kit = LinuxKit(folder)
    before = signal.signal(to, signal.SIG_IGN)
    try:
        terminal = kit.adapters.terminals.open(shell=kit.shell("sleeps"), directory=str(folder), columns=80, rows=24)
    finally:
        signal.signal(to, before)
    while b"ready" not in await terminal.read(1024):
        pass
    return terminal


async def test_a_program_hears_that_its_terminal_is_gone(tmp_path: Path) -> None:
    terminal = await opened_while_deaf(tmp_path, signal.SIGHUP)
    await terminal.end(60)
    assert await terminal.wait() == -signal.SIGHUP
    terminal.close()


@pytest.mark.parametrize(("key", "number"), [(b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)])
async def test_a_key_interrupts_a_program(tmp_path: Path, key: bytes, number: signal.Signals) -> None:
    terminal = await opened_while_deaf(tmp_path, number)
    terminal.write(key)
    assert await terminal.wait() in {-number, 1}
    terminal.close()
