"""Processes as psutil starts, finds and ends them on every system: the base of the Windows and macOS adapters.

Built from psutil's documented interface; run and tested on Linux, not tried on a real Windows or macOS machine.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Collection
from typing import Any

import psutil

from gururmm_agent.adapters.ending import end_all
from gururmm_agent.adapters.ports import ProcessRow, Program, Survivor
from gururmm_agent.adapters.subprocesses import Subprocess

_log = logging.getLogger(__name__)

_SAMPLE_S = 0.2


class PortableProcesses:
    """See `ports.Processes`. How a program is started apart from the agent is for each system to say."""

    def start_options(self) -> dict[str, Any]:
        """Returns what the system's `Popen` is told beside the program."""
        return {}

    async def start(
        self,
        arguments: list[str],
        *,
        directory: str,
        environment: dict[str, str],
        on_output: Callable[[int, bytes], None],
    ) -> Program:
        program = Subprocess(on_output)
        await program.start(arguments, cwd=directory, env=environment, **self.start_options())
        return program

    async def end_tree(self, pid: int | None, marker: str, grace_s: float) -> list[Survivor]:
        found: set[psutil.Process] = set()
        left = await end_all(lambda: self.tree(pid, marker, found), _ask_to_end, _kill, grace_s)
        return [Survivor(each, _name(each), stuck=False) for each in left]

    def calls(self, pid: int, marker: str) -> list[list[str]]:
        return [_or_denied(psutil.Process(each).cmdline, []) for each in self.tree(pid, marker, set())]

    def stuck(self, pid: int, marker: str) -> frozenset[str]:
        del pid, marker
        return frozenset()

    def identity(self, pid: int) -> str | None:
        try:
            return str(psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def tree(self, pid: int | None, marker: str | None, found: set[psutil.Process]) -> list[int]:
        """Returns descendants, and whatever carries the marker where environments can be read.

        Who is in `found`, and what they started, stays in it: what was there once is remembered there.
        """
        roots = set(found)
        if pid is not None:
            with contextlib.suppress(psutil.Error):
                roots.add(psutil.Process(pid))
        for root in roots:
            with contextlib.suppress(psutil.Error):
                found.update([root, *root.children(recursive=True)])
        if marker is not None:
            name, _, value = marker.partition("=")
            found.update(process for process in psutil.process_iter() if _carries(process, name, value))
        return sorted({process.pid for process in found if process.is_running() and _lives(process)} - {os.getpid()})

    def rows(self, limit: int) -> tuple[list[ProcessRow], bool]:
        processes = list(psutil.process_iter())
        for process in processes:
            _cpu_percent(process)
        time.sleep(_SAMPLE_S)
        rows = [row for row in map(_row, processes) if row is not None]
        rows.sort(key=lambda row: (-row.cpu_percent, -row.rss))
        return rows[:limit], len(rows) > limit


def _ask_to_end(pids: Collection[int]) -> None:
    _each(pids, psutil.Process.terminate)


def _kill(pids: Collection[int]) -> None:
    _each(pids, psutil.Process.kill)


def _each(pids: Collection[int], act: Callable[[psutil.Process], None]) -> None:
    for pid in pids:
        try:
            act(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
        except psutil.Error as error:
            _log.warning("process %s cannot be ended: %s", pid, error)


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _carries(process: psutil.Process, name: str, value: str) -> bool:
    try:
        return process.environ().get(name) == value and _lives(process)
    except (psutil.Error, OSError):
        return False


def _cpu_percent(process: psutil.Process) -> float:
    try:
        return process.cpu_percent()
    except psutil.Error:
        return 0.0


def _row(process: psutil.Process) -> ProcessRow | None:
    try:
        with process.oneshot():
            counters = _or_denied(process.io_counters, None) if hasattr(process, "io_counters") else None
            command = " ".join(_or_denied(process.cmdline, []))
            return ProcessRow(
                pid=process.pid,
                ppid=process.ppid(),
                name=process.name(),
                user=_or_denied(process.username, None),
                cpu_percent=round(process.cpu_percent(), 1),
                rss=process.memory_info().rss,
                read_bytes=counters.read_bytes if counters else None,
                write_bytes=counters.write_bytes if counters else None,
                started=int(process.create_time()),
                command=command[:512],
            )
    except (psutil.Error, OSError):
        return None


def _or_denied(read: Any, otherwise: Any) -> Any:
    """Returns what stands in where one process does not let itself be looked at: the others are shown all the same."""
    try:
        return read()
    except (psutil.AccessDenied, OSError):
        return otherwise
