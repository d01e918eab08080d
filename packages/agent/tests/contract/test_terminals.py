"""What `ports.Terminals` owes, on every system that has an adapter."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from gururmm_agent.adapters.ports import Terminal, Unsupported

from packages.agent.tests.contract.conftest import Kit

Open = Callable[..., Terminal]
MOST = 256 * 1024


@pytest.fixture
async def opened(kit: Kit, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens terminals, and leaves nothing of them."""
    terminals: list[Terminal] = []

    def open_one(act: str, *arguments: str, columns: int = 80, rows: int = 24) -> Terminal:
        shell = kit.shell(act, *arguments)
        terminals.append(kit.adapters.terminals.open(shell=shell, directory=str(tmp_path), columns=columns, rows=rows))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        await terminal.end(0)
        terminal.close()


async def shows(terminal: Terminal, text: bytes) -> bytes:
    """What it shows until this text."""
    shown = b""
    while text not in shown:
        data = await terminal.read(MOST)
        assert data, f"it ended after {shown!r}"
        shown += data
    return shown


async def all_of(terminal: Terminal, most: int = MOST) -> bytes:
    shown = b""
    while data := await terminal.read(most):
        assert len(data) <= most
        shown += data
    return shown


async def test_what_is_typed_arrives_and_what_is_shown_comes_back(opened: Open) -> None:
    terminal = opened("echoes")
    await shows(terminal, b"ready")
    for key in (b"a", "ü".encode(), bytes(range(32, 256))):
        assert terminal.write(key)
        assert await shows(terminal, key[-1:]) == key
    assert await terminal.drain()


async def test_the_end_is_an_exit_code_and_no_more_output(opened: Open) -> None:
    terminal = opened("echoes")
    await shows(terminal, b"ready")
    terminal.write(b"\x04")
    assert await all_of(terminal) == b""
    assert [await terminal.wait(), await terminal.wait()] == [7, 7]
    assert await terminal.read(1) == b""


async def test_everything_shown_before_the_end_is_read(opened: Open, tmp_path: Path) -> None:
    terminal = opened("pours", "3000", str(tmp_path / "done"))
    assert await terminal.wait() == 0
    assert await all_of(terminal, most=7) == (bytes(range(256)) * 12)[:3000]


async def test_a_long_paste_arrives_once_and_in_order(opened: Open) -> None:
    data = os.urandom(1024 * 1024)
    terminal = opened("counts", str(len(data)))
    await shows(terminal, b"ready")
    taken_at_once = [terminal.write(data[start : start + 100_000]) for start in range(0, len(data), 100_000)]
    assert False in taken_at_once
    assert await terminal.drain()
    assert await all_of(terminal) == hashlib.sha256(data).hexdigest().encode()


async def test_who_is_not_read_waits(opened: Open, tmp_path: Path) -> None:
    done = tmp_path / "done"
    size = 3 * 1024 * 1024
    terminal = opened("pours", str(size), str(done))
    shown = 0
    while shown < size // 2:
        shown += len(await terminal.read(MOST))
    # Half of it is unread and no system holds so much for a reader: the program cannot be through.
    assert not done.exists()
    assert shown + len(await all_of(terminal)) == size
    assert await terminal.wait() == 0
    assert done.exists()


async def test_a_cancelled_read_loses_nothing(opened: Open) -> None:
    terminal = opened("echoes")
    await shows(terminal, b"ready")
    typed = b"".join(b"%03d" % number for number in range(200))
    seen = b""
    for number in range(200):
        terminal.write(b"%03d" % number)
        reading = asyncio.ensure_future(terminal.read(MOST))
        for _ in range(number % 6):
            await asyncio.sleep(0)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            seen += await reading
    while len(seen) < len(typed):
        seen += await terminal.read(MOST)
    assert seen == typed


async def test_it_knows_its_size_and_the_next(opened: Open) -> None:
    terminal = opened("measures", columns=100, rows=30)
    await shows(terminal, b"[100 30]")
    terminal.resize(132, 50)
    terminal.write(b"\n")
    await shows(terminal, b"[132 50]")


async def test_end_leaves_none_of_its_processes(kit: Kit, opened: Open) -> None:
    terminal = opened("crowd")
    child = int((await shows(terminal, b"ready")).split()[0])
    assert kit.adapters.processes.identity(child) is not None
    await terminal.end(0.1)
    assert kit.adapters.processes.identity(child) is None
    assert await terminal.wait() != 0
    assert await all_of(terminal) == b""
    await terminal.end(3600)


async def test_a_program_that_goes_is_not_killed(opened: Open) -> None:
    terminal = opened("sleeps")
    await shows(terminal, b"ready")
    await terminal.end(60)
    assert await terminal.wait() != -9


async def test_what_it_left_running_does_not_hold_the_terminal(kit: Kit, opened: Open) -> None:
    terminal = opened("leaves")
    shown = await all_of(terminal)
    child = int(shown.split()[0])
    assert await terminal.wait() == 4
    assert kit.adapters.processes.identity(child) is not None
    await kit.adapters.processes.end_tree(child, "NO=SUCH", 0)


async def test_close_ends_a_read_and_typing(opened: Open) -> None:
    terminal = opened("echoes")
    await shows(terminal, b"ready")
    reading = asyncio.ensure_future(terminal.read(MOST))
    await asyncio.sleep(0)
    terminal.close()
    assert await reading == b""
    assert not terminal.write(b"lost")
    assert not await terminal.drain()
    terminal.resize(10, 10)
    await terminal.wait()  # its program was hung up


async def test_an_unknown_shell_is_refused(kit: Kit) -> None:
    with pytest.raises((OSError, Unsupported)):
        kit.adapters.terminals.open(shell="/no/such/shell", directory="", columns=80, rows=24)
