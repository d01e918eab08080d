"""Processes from /proc."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gururmm_agent.adapters.ending import end_all
from gururmm_agent.adapters.linux.proc import ProcessStat, all_processes, boot_time, process_stat, read_text, try_read
from gururmm_agent.adapters.ports import ProcessRow, Program
from gururmm_agent.adapters.posix.processes import ask_to_end, kill, start_in_a_session

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_SAMPLE_S: Final = 0.2


class LinuxProcesses:
    """See `ports.Processes`."""

    def __init__(self) -> None:
        self._boot_id = try_read("/proc/sys/kernel/random/boot_id") or "unknown boot"

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
        return await start_in_a_session(arguments, directory, environment, on_output)

    async def end_tree(self, pid: int | None, marker: str, grace_s: float) -> None:
        """See `ports.Processes`."""
        await end_all(lambda: self.tree(pid, marker), ask_to_end, kill, grace_s)

    def tree(self, pid: int | None, marker: str | None) -> list[int]:
        """Returns live pids descended from `pid`, in its session, or started with `marker` in the environment.

        Zombies are not alive, and the agent itself is never part of a tree.
        """
        stats = {stat.pid: stat for stat in all_processes()}
        needle = None if marker is None else b"\0" + marker.encode() + b"\0"
        own = os.getpid()
        return [
            stat.pid
            for stat in stats.values()
            if stat.state != "Z"
            and stat.pid != own
            and (_descends(stat, pid, stats) or (needle is not None and _has_marker(stat.pid, needle)))
        ]

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


def _descends(stat: ProcessStat, pid: int | None, stats: dict[int, ProcessStat]) -> bool:
    if pid is None:
        return False
    if stat.session == pid:
        return True
    walked = 0
    current: ProcessStat | None = stat
    while current is not None and walked < 1000:
        if current.pid == pid:
            return True
        current = stats.get(current.ppid)
        walked += 1
    return False


def _has_marker(pid: int, needle: bytes) -> bool:
    try:
        return needle in b"\0" + Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
    except OSError:
        return False


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
