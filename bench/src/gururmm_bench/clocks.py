"""What processes have cost: CPU to the nanosecond, and memory."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import psutil

_ROUNDS: Final = 2000


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads. Raises `OSError` for one that is gone."""
    # Linux's clock id of another process's CPU time (see clock_getcpuclockid): finer than the 10 ms of /proc.
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def tree_cpu_seconds(pid: int) -> float:
    """A process, its children that live, and those it has waited for (a database server's backends)."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    total = cpu_seconds(pid) + times.children_user + times.children_system
    for child in process.children(recursive=True):
        try:
            total += cpu_seconds(child.pid)
        except OSError:
            continue  # ended in this moment: counted by its parent from now on
    return total


def resident_bytes(pid: int) -> int:
    """Resident set size."""
    return int(psutil.Process(pid).memory_info().rss)


def memory_by_kind(pid: int) -> dict[str, int]:
    """Bytes by the kernel's names for them: `Rss`, `Pss` (what is shared is divided), `Anonymous` (no file's)."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines()[1:]:
        name, size, *_ = line.split()
        found[name.rstrip(":")] = int(size) * 1024
    return found


def tree_bytes(pid: int) -> int:
    """Proportional set size of a process and its descendants: what they share counts once."""
    total = 0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            total += memory_by_kind(process.pid)["Pss"]
        except (OSError, KeyError):
            continue  # ended in this moment
    return total


def cpu_us(act: Callable[[], object]) -> float:
    """Microseconds of this process's CPU that one call takes, the mean of many."""
    began = time.process_time()
    for _ in range(_ROUNDS):
        act()
    return (time.process_time() - began) / _ROUNDS * 1e6


class Meter:
    """CPU spent since it was made, by name of the process."""

    def __init__(self, processes: dict[str, int], names: Iterable[str]) -> None:
        self._pids = {name: processes[name] for name in names}
        self._before = {name: tree_cpu_seconds(pid) for name, pid in self._pids.items()}

    def spent(self) -> dict[str, float]:
        """Seconds by name."""
        return {name: tree_cpu_seconds(pid) - self._before[name] for name, pid in self._pids.items()}
