"""What processes have cost: CPU to the nanosecond, and resident memory."""

import time
from collections.abc import Iterable

import psutil


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


class Meter:
    """CPU spent since it was made, by name of the process."""

    def __init__(self, processes: dict[str, int], names: Iterable[str]) -> None:
        self._pids = {name: processes[name] for name in names}
        self._before = {name: tree_cpu_seconds(pid) for name, pid in self._pids.items()}

    def spent(self) -> dict[str, float]:
        """Seconds by name."""
        return {name: tree_cpu_seconds(pid) - self._before[name] for name, pid in self._pids.items()}
