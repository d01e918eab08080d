"""CPU, memory, disks and network from /proc, in one pass of a few small files."""

import os
import time
from functools import partial
from typing import Final, Literal

import msgspec

from gururmm_agent.adapters.linux.mounts import Mount, local_mounts, meant_to_be_written, mount_points
from gururmm_agent.adapters.linux.proc import entries, lines_of, read_text, try_read
from gururmm_agent.adapters.linux.reach import reach
from gururmm_agent.adapters.linux.temperatures import TemperatureSources
from gururmm_agent.adapters.patience import NoAnswer, Patience
from gururmm_agent.adapters.ports import Attempt, Counters, Filesystem, Pulse, TemperatureReading

_SECTOR: Final = 512
_MAX_DISKS: Final = 64


class LinuxReadings:
    """See `ports.Readings`."""

    def __init__(self) -> None:
        self._temperatures = TemperatureSources()
        self._patience = Patience()
        self._last: dict[str, Filesystem] = {}

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

    def filesystems(self) -> list[Filesystem]:
        meant = meant_to_be_written()
        found = (self._filesystem(mount, mount.point in meant) for mount in local_mounts()[:_MAX_DISKS])
        return [filesystem for filesystem in found if filesystem is not None]

    def _filesystem(self, mount: Mount, meant: bool) -> Filesystem | None:
        """One that does not answer is shown as it was when it last did; None for one that holds nothing."""
        try:
            stat = self._patience.ask(mount.point, partial(os.statvfs, mount.point))
        except NoAnswer:
            last = self._last.get(mount.point) or Filesystem(mount.point, mount.device, 0, 0, 0)
            return msgspec.structs.replace(last, access="not_answering")
        except OSError:
            return None
        block, total = stat.f_frsize, stat.f_blocks * stat.f_frsize
        if not total:
            return None
        used = total - stat.f_bfree * block
        access: Literal["writable", "read_only"] = "read_only" if mount.read_only else "writable"
        found = Filesystem(mount.point, mount.device, used, total, stat.f_bavail * block, access, meant)
        self._last[mount.point] = found
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
    values["MemAvailable"] += _zfs_cache(values["MemTotal"] - values["MemAvailable"])
    return values


def _zfs_cache(in_use: int) -> int:
    """Bytes of ZFS' cache that it gives back when programs want them: the kernel counts all of it as in use.

    Of a cache that is larger than what is in use the machine below a container is speaking: nothing of it is here.
    """
    values = {}
    for line in (try_read("/proc/spl/kstat/zfs/arcstats") or "").splitlines()[2:]:
        fields = line.split()
        if len(fields) == 3 and fields[2].isdigit():
            values[fields[0]] = int(fields[2])
    size = values.get("size", 0)
    return max(0, size - values.get("c_min", 0)) if size <= in_use else 0


def _network() -> tuple[int, int]:
    """(received, sent) over hardware interfaces; where there are none (containers), over all that lead outside.

    What goes through a bridge and its members is on its way to or from one of those, and counted there.
    """
    hardware = [0, 0]
    other = [0, 0]
    seen_hardware = False
    for line in lines_of(read_text("/proc/net/dev"))[2:]:
        name, _, rest = line.partition(":")
        name = name.strip(" ")
        if name == "lo":
            continue
        fields = rest.split()
        is_hardware = os.path.exists(f"/sys/class/net/{name}/device")  # noqa: PTH110 - read at every sample
        if not is_hardware and (seen_hardware or _is_inside(name)):
            continue
        seen_hardware = seen_hardware or is_hardware
        sums = hardware if is_hardware else other
        sums[0] += int(fields[0])
        sums[1] += int(fields[8])
    result = hardware if seen_hardware else other
    return result[0], result[1]


def _is_inside(name: str) -> bool:
    folder = f"/sys/class/net/{name}/"
    return os.path.exists(folder + "bridge") or os.path.exists(folder + "brport")  # noqa: PTH110 - as above


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
