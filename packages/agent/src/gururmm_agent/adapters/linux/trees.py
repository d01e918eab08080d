"""Which processes belong together: a program, what it started, and what became of those."""

import itertools
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from gururmm_agent.adapters.linux.proc import ProcessStat, all_processes, try_read

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LIMIT: Final = "Max msgqueue size"
_HIGHEST: Final = 2**40
_LEAST: Final = 64 * 1024
_numbers: Final = itertools.count(int.from_bytes(os.urandom(2), "big"))


class Brand(msgspec.Struct, frozen=True):
    """A limit of a program's that nothing else has: what it starts inherits it, and leaves it where it is.

    It is the one on message queues, which hardly a program has; the number of the program is what it is lower by.
    """

    limit: int
    since: int
    """When the program was started, in ticks since boot: what is older is not its own, whatever limit it has."""


@contextmanager
def branding() -> Iterator[Brand | None]:
    """What is started meanwhile is born with a brand of its own; None where the system does not let us."""
    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_MSGQUEUE)
        top = hard if 0 <= hard < _HIGHEST else _HIGHEST
        if top < _LEAST:
            raise ValueError
        limit = top - 1 - next(_numbers) % (top // 2)
        if limit == soft:  # an agent that a command of another agent's started has a brand itself
            limit = top - 1 - next(_numbers) % (top // 2)
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (limit, hard))
    except (OSError, ValueError):
        yield None
        return
    try:
        yield Brand(limit, int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS))
    finally:
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (soft, hard))


class Tree:
    """The processes that descend from one, are in its session, carry a marker or its brand, or write where it writes.

    Who was found once stays in it, also after it left its parent, its session and its environment behind.
    """

    def __init__(
        self, pid: int | None, marker: str | None = None, output: str = "", branded: Brand | None = None
    ) -> None:
        """`output`: what the names of the pipes begin with to which its program writes; empty where there are none."""
        self._pid = pid
        self._needle = None if marker is None else b"\0" + marker.encode() + b"\0"
        self._output = output
        self._brand = branded
        self._found: dict[int, int] = {}

    def find(self) -> list[int]:
        """Returns the live pids. Zombies are not alive, and the agent itself is never part of a tree."""
        stats = {stat.pid: stat for stat in all_processes()}
        own = os.getpid()
        found = [
            stat
            for stat in stats.values()
            if stat.state != "Z"
            and stat.pid != own
            and (self._descends(stat, stats) or self._is_branded(stat) or self._is_marked(stat.pid))
        ]
        self._found.update({stat.pid: stat.start_ticks for stat in found})
        return [stat.pid for stat in found]

    def _descends(self, stat: ProcessStat, stats: dict[int, ProcessStat]) -> bool:
        if stat.session == self._pid or stat.session in self._found:
            return True
        walked = 0
        current: ProcessStat | None = stat
        while current is not None and walked < 1000:
            if current.pid == self._pid or self._found.get(current.pid) == current.start_ticks:
                return True
            current = stats.get(current.ppid)
            walked += 1
        return False

    def _is_branded(self, stat: ProcessStat) -> bool:
        if self._brand is None or stat.start_ticks < self._brand.since:
            return False
        for line in (try_read(f"/proc/{stat.pid}/limits") or "").splitlines():
            if line.startswith(_LIMIT):
                return line.split()[len(_LIMIT.split())] == str(self._brand.limit)
        return False

    def _is_marked(self, pid: int) -> bool:
        try:
            if self._output and any(
                os.readlink(f"/proc/{pid}/fd/{stream}").startswith(self._output)  # noqa: PTH115 - of every process
                for stream in (1, 2)
            ):
                return True
        except OSError:  # it has closed its output, or is a process of the kernel's, or of somebody else's
            pass
        if self._needle is None:
            return False
        try:
            return self._needle in b"\0" + Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
        except OSError:
            return False
