"""One script as a process of its own session: its output as it comes, and the end of its whole tree."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

from gururmm_agent.adapters.ports import Processes

_log = logging.getLogger(__name__)

GRACE_S: Final = 2.0
"""From the polite signal to the one that cannot be refused."""
_LINGER_S: Final = 1.0
_QUIET_S: Final = 0.1


class ScriptProcess(asyncio.SubprocessProtocol):
    """A running script. `on_output(stream, data)` is called with stream 1 (stdout) or 2 (stderr)."""

    def __init__(self, on_output: Callable[[int, bytes], None]) -> None:
        self._on_output = on_output
        self._exited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._output_ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open_pipes = 2
        self._heard = 0
        self._transport: asyncio.SubprocessTransport | None = None

    async def start(self, arguments: list[str], *, directory: str, environment: dict[str, str]) -> int:
        """Start it and return its pid. Raises `OSError`."""
        use_fast_child_watcher()
        options: dict[str, Any] = {"cwd": directory, "env": environment}
        if os.name == "nt":
            options["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        else:
            options["start_new_session"] = True
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self, *arguments, stdin=subprocess.DEVNULL, **options
        )
        self._transport = transport
        return int(transport.get_pid())

    async def wait(self) -> int:
        """Exit code, negative for a signal; all output has been handed over.

        A program left running in the background may hold the pipes open: it is waited for no longer than it is
        silent, and no longer than a second.
        """
        assert self._transport is not None
        await self._exited
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _LINGER_S
        heard = -1
        while not self._output_ended.done() and heard != self._heard and loop.time() < give_up:
            heard = self._heard
            await asyncio.wait((self._output_ended,), timeout=_QUIET_S)
        code = self._transport.get_returncode()
        self._transport.close()
        return 0 if code is None else code

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._heard += 1
        self._on_output(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open_pipes -= 1
        if self._open_pipes == 0 and not self._output_ended.done():
            self._output_ended.set_result(None)

    def process_exited(self) -> None:
        if not self._exited.done():
            self._exited.set_result(None)


async def end_tree(processes: Processes, pid: int | None, marker: str) -> None:
    """Stop every process of a script: politely, then, after `GRACE_S`, for good."""
    loop = asyncio.get_running_loop()
    polite_until = loop.time() + GRACE_S
    asked: set[int] = set()
    while loop.time() < polite_until:
        alive = set(processes.tree(pid, marker))
        if not alive:
            return
        signal_all(alive - asked, signal.SIGTERM)
        asked |= alive
        await asyncio.sleep(0.05)
    await kill_tree(processes, pid, marker)


async def kill_tree(processes: Processes, pid: int | None, marker: str) -> None:
    """Kill every process of a script, also those it starts meanwhile."""
    for _ in range(40):
        alive = processes.tree(pid, marker)
        if not alive:
            return
        signal_all(alive, getattr(signal, "SIGKILL", signal.SIGTERM))
        await asyncio.sleep(0.01)
    _log.error("processes %s cannot be killed", alive)


def signal_all(pids: set[int] | list[int], number: int) -> None:
    """Send a signal to each; those that ended meanwhile are no matter."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            _log.warning("process %s cannot be signalled: %s", pid, error)


def use_fast_child_watcher() -> None:
    """Before Python 3.12 the default watcher starts a thread for every child; pidfds need none. Idempotent."""
    if sys.version_info >= (3, 12) or not hasattr(os, "pidfd_open"):
        return
    if isinstance(asyncio.get_child_watcher(), asyncio.PidfdChildWatcher):
        return
    watcher = asyncio.PidfdChildWatcher()
    watcher.attach_loop(asyncio.get_running_loop())
    asyncio.set_child_watcher(watcher)
