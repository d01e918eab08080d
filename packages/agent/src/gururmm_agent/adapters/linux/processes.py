"""Processes from /proc."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gururmm_agent.adapters.ending import end_all
from gururmm_agent.adapters.linux.proc import (
    ProcessStat,
    all_processes,
    boot_id,
    boot_time,
    process_stat,
    read_text,
    try_read,
)
from gururmm_agent.adapters.linux.programs import LinuxProgram
from gururmm_agent.adapters.linux.trees import Brand, Tree
from gururmm_agent.adapters.ports import ProcessRow, Program, Survivor
from gururmm_agent.adapters.posix.processes import ask_to_end, kill

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_SAMPLE_S: Final = 0.2


class LinuxProcesses:
    """See `ports.Processes`."""

    def __init__(self) -> None:
        self._boot_id = boot_id() or "unknown boot"
        self._programs: dict[int, tuple[str, Brand | None]] = {}

    def identity(self, pid: int) -> str | None:
        """Boot and start time: no other process of any boot shares both."""
        stat = process_stat(pid)
        return None if stat is None or stat.state == "Z" else f"{self._boot_id}:{stat.start_ticks}"

    async def start(
        self,
        arguments: list[str],
        *,
        directory: str,
        environment: dict[str, str],
        on_output: Callable[[int, bytes], None],
    ) -> Program:
        """See `ports.Processes`."""
        program = LinuxProgram(arguments, directory, environment, on_output)
        self._programs[program.pid] = (program.output.place, program.brand)
        program.when_over(lambda: self._programs.pop(program.pid, None))
        return program

    async def end_tree(self, pid: int | None, marker: str, grace_s: float) -> list[Survivor]:
        """See `ports.Processes`."""
        left = await end_all(self._tree(pid, marker).find, ask_to_end, kill, grace_s)
        stats = [stat for stat in map(process_stat, left) if stat is not None]
        return [Survivor(stat.pid, stat.name, stat.state == "D") for stat in stats]

    def calls(self, pid: int, marker: str) -> list[list[str]]:
        """See `ports.Processes`."""
        lines = (try_read(f"/proc/{each}/cmdline") for each in self._tree(pid, marker).find())
        return [line.rstrip("\0").split("\0") for line in lines if line]

    def stuck(self, pid: int, marker: str) -> frozenset[str]:
        """See `ports.Processes`."""
        stats = map(process_stat, self._tree(pid, marker).find())
        return frozenset(f"{s.pid} {s.start_ticks} {s.ticks}" for s in stats if s is not None and s.state == "D")

    def tree(self, pid: int) -> list[int]:
        """Returns the live pids that descend from `pid` or are in its session."""
        return Tree(pid).find()

    def _tree(self, pid: int | None, marker: str) -> Tree:
        return Tree(pid, marker, *self._programs.get(pid or 0, ("", None)))

    def rows(self, limit: int) -> tuple[list[ProcessRow], bool]:
        """See `ports.Processes`."""
        before = {(stat.pid, stat.start_ticks): stat.ticks for stat in all_processes()}
        began = time.monotonic()
        time.sleep(_SAMPLE_S)
        stats = all_processes()
        elapsed = time.monotonic() - began
        used = {stat.pid: stat.ticks - before.get((stat.pid, stat.start_ticks), stat.ticks) for stat in stats}
        stats.sort(key=lambda stat: (-used[stat.pid], -stat.rss_pages))
        booted = boot_time()
        users: dict[int, str] = {}
        rows = [_row(stat, used[stat.pid] / _TICKS / elapsed * 100, booted, users) for stat in stats[:limit]]
        return rows, len(stats) > limit


def _row(stat: ProcessStat, cpu_percent: float, booted: int, users: dict[int, str]) -> ProcessRow:
    read_bytes, write_bytes = _io(stat.pid)
    command = (try_read(f"/proc/{stat.pid}/cmdline") or f"[{stat.name}]").replace("\0", " ").strip()
    return ProcessRow(
        pid=stat.pid,
        ppid=stat.ppid,
        name=stat.name,
        user=_user(stat.pid, users),
        cpu_percent=round(cpu_percent, 1),
        rss=stat.rss_pages * _PAGE,
        read_bytes=read_bytes,
        write_bytes=write_bytes,
        started=booted + stat.start_ticks // _TICKS,
        command=command[:512],
    )


def _io(pid: int) -> tuple[int | None, int | None]:
    try:
        values = dict(line.split(": ", 1) for line in read_text(f"/proc/{pid}/io").splitlines())
        return int(values["read_bytes"]), int(values["write_bytes"])
    except (OSError, KeyError, ValueError):
        return None, None


def _user(pid: int, users: dict[int, str]) -> str | None:
    import pwd

    try:
        uid = Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None
    if uid not in users:
        try:
            users[uid] = pwd.getpwuid(uid).pw_name
        except KeyError:
            users[uid] = str(uid)
    return users[uid]
