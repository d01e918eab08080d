"""CPU, memory, disks and network from /proc, in one pass of a few small files."""

import os
import time
from typing import Final

from gururmm_agent.adapters.linux.mounts import local_mounts, mount_points
from gururmm_agent.adapters.linux.proc import entries, read_text, try_read
from gururmm_agent.adapters.linux.reach import reach
from gururmm_agent.adapters.linux.temperatures import TemperatureSources
from gururmm_agent.adapters.ports import Attempt, Counters, Pulse, TemperatureReading

_SECTOR: Final = 512
_MAX_DISKS: Final = 64


class LinuxReadings:
    """See `ports.Readings`."""

    def __init__(self) -> None:
        self._temperatures = TemperatureSources()

    def pulse(self) -> Pulse:
        busy, total = _cpu()
        memory = _memory()
        return Pulse(busy, total, memory["MemTotal"] - memory["MemAvailable"], memory["MemTotal"])

    def counters(self) -> Counters:
        busy, total = _cpu()
        memory = _memory()
        received, sent = _network()
        read, written = _disk_io()
        return Counters(
            at=time.monotonic(),
            cpu_busy=busy,
            cpu_total=total,
            memory_used=memory["MemTotal"] - memory["MemAvailable"],
            memory_total=memory["MemTotal"],
            swap_used=memory["SwapTotal"] - memory["SwapFree"],
            load_hundredths=round(os.getloadavg()[0] * 100),
            received=received,
            sent=sent,
            disk_read=read,
            disk_written=written,
            uptime_s=int(float(read_text("/proc/uptime").split()[0])),
        )

    def filesystems(self) -> list[tuple[str, int, int]]:
        found = []
        for mount in local_mounts()[:_MAX_DISKS]:
            try:
                stat = os.statvfs(mount.point)
            except OSError:
                continue
            total = stat.f_blocks * stat.f_frsize
            if total:
                found.append((mount.point[:256], total - stat.f_bfree * stat.f_frsize, total))
        return found

    def mount_points(self) -> list[str]:
        return mount_points()

    def reach(self, path: str) -> None:
        reach(path)

    def temperatures(self) -> tuple[list[TemperatureReading], list[Attempt]]:
        return self._temperatures.read()


def _cpu() -> tuple[float, float]:
    """(busy, total) in ticks over all cores."""
    line = read_text("/proc/stat").split("\n", 1)[0].split()
    values = [int(value) for value in line[1:9]]
    total = sum(values)
    return total - values[3] - values[4], total


def _memory() -> dict[str, int]:
    """Bytes by name. Kernels before 3.14 have no MemAvailable: free and cache stand in, as `free` did."""
    values = {}
    for line in read_text("/proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0]) * 1024
    values.setdefault("MemAvailable", values["MemFree"] + values.get("Buffers", 0) + values.get("Cached", 0))
    return values


def _network() -> tuple[int, int]:
    """(received, sent) over hardware interfaces; where there are none (containers), over all but loopback."""
    hardware = [0, 0]
    other = [0, 0]
    seen_hardware = False
    for line in read_text("/proc/net/dev").splitlines()[2:]:
        name, _, rest = line.partition(":")
        name = name.strip()
        if name == "lo":
            continue
        fields = rest.split()
        is_hardware = os.path.exists(f"/sys/class/net/{name}/device")  # noqa: PTH110 - read at every sample
        seen_hardware = seen_hardware or is_hardware
        sums = hardware if is_hardware else other
        sums[0] += int(fields[0])
        sums[1] += int(fields[8])
    result = hardware if seen_hardware else other
    return result[0], result[1]


def _disk_io() -> tuple[int, int]:
    """(read, written) bytes over whole disks: what partitions and mapped devices do is counted there already."""
    text = try_read("/proc/diskstats")
    if text is None:
        return 0, 0
    mapped = ("loop", "ram", "zram", "dm-", "md")
    whole = {path.name for path in entries("/sys/block") if not path.name.startswith(mapped)}
    read = written = 0
    for line in text.splitlines():
        fields = line.split()
        if fields[2] in whole:
            read += int(fields[5]) * _SECTOR
            written += int(fields[9]) * _SECTOR
    return read, written
