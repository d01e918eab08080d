"""What psutil can read on every system: the base of the Windows and macOS adapters.

Built from psutil's documented interface; run and tested on Linux, not tried on a real Windows or macOS machine.
"""

import logging
import platform
import socket
import time
from collections.abc import Collection
from functools import partial
from typing import Any, Literal

import psutil

from gururmm_agent import __version__
from gururmm_agent.adapters.patience import NoAnswer, Patience
from gururmm_agent.adapters.ports import Attempt, Counters, Filesystem, Items, Pulse, TemperatureReading
from gururmm_agent.adapters.temperature_items import temperature_items
from gururmm_agent.adapters.unavailable import unavailable

_log = logging.getLogger(__name__)

_MAX = 64


class PortableReadings:
    """See `ports.Readings`."""

    def pulse(self) -> Pulse:
        busy, total = _cpu()
        memory = psutil.virtual_memory()
        return Pulse(busy, total, memory.total - memory.available, memory.total)

    def counters(self) -> Counters:
        busy, total = _cpu()
        memory = psutil.virtual_memory()
        network = psutil.net_io_counters()
        disks = psutil.disk_io_counters()
        return Counters(
            at=time.monotonic(),
            cpu_busy=busy,
            cpu_total=total,
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            swap_used=_swap_used(),
            load_hundredths=_load_hundredths(),
            received=network.bytes_recv if network else 0,
            sent=network.bytes_sent if network else 0,
            disk_read=disks.read_bytes if disks else 0,
            disk_written=disks.write_bytes if disks else 0,
            uptime_s=int(time.time() - psutil.boot_time()),
        )

    def __init__(self) -> None:
        self._patience = Patience()

    def filesystems(self) -> list[Filesystem]:
        found = []
        for partition in psutil.disk_partitions(all=False)[:_MAX]:
            point, device = partition.mountpoint, partition.device
            try:
                usage = self._patience.ask(point, partial(psutil.disk_usage, point))
            except NoAnswer:
                found.append(Filesystem(point, device, 0, 0, 0, "not_answering"))
                continue
            except OSError:
                continue
            access = _access(partition.opts.split(","))
            found.append(Filesystem(point, device, usage.used, usage.total, usage.free, access))
        return found

    def mount_points(self) -> list[str]:
        return []

    def reach(self, path: str) -> None:
        del path

    def temperatures(self) -> tuple[list[TemperatureReading], list[Attempt]]:
        """psutil reads sensors on some systems only; where it cannot, that is what the attempt says."""
        if not hasattr(psutil, "sensors_temperatures"):
            return [], [Attempt("psutil", "not provided on this system")]
        found = [
            TemperatureReading(f"{chip} {row.label or index}", "psutil", round(row.current * 10))
            for chip, rows in psutil.sensors_temperatures().items()
            for index, row in enumerate(rows)
            if row.current is not None
        ]
        return found[:_MAX], [Attempt("psutil", f"{len(found)} sensors" if found else "no sensor")]


class PortableInventory:
    """See `ports.Inventory`. Systems override what they know better."""

    readings = PortableReadings()

    def __init__(self) -> None:
        self._patience = Patience()

    def hostname(self) -> str:
        return socket.gethostname()

    def machine_id(self) -> str:
        return ""

    def operating_system(self) -> str:
        return f"{platform.system()} {platform.release()}"

    def architecture(self) -> str:
        return platform.machine()

    def collect(self, section: str) -> Items:
        if section == "system":
            return self.system()
        if section == "hardware":
            return self.hardware()
        if section == "disks":
            return _disks(self._patience) | {f"smart:{device}": item for device, item in self.smart().items()}
        if section == "network":
            return _network()
        if section == "temperatures":
            return temperature_items(*self.readings.temperatures())
        if section == "users":
            return _users()
        return self.software()

    def system_name(self) -> dict[str, Any]:
        """The `os` item of the system section."""
        return {
            "name": platform.system(),
            "version": platform.release(),
            "id": platform.system().lower(),
            "pretty": self.operating_system(),
            "kernel": platform.release(),
            "build": platform.version(),
            "edition": None,
        }

    def system(self) -> Items:
        """The system section."""
        return {
            "os": self.system_name(),
            "hostname": self.hostname(),
            "fqdn": socket.gethostname(),
            "architecture": self.architecture(),
            "virtualization": unavailable("this build cannot tell", "none"),
            "boot_time": int(psutil.boot_time()),
            "timezone": time.tzname[0],
            "machine_id": self.machine_id() or unavailable("the system has no machine id", "none"),
            "agent": {"version": __version__, "python": platform.python_version()},
        }

    def hardware(self) -> Items:
        """The hardware section."""
        unknown = ("manufacturer", "model", "serial", "bios_version", "board", "gpus")
        items: Items = {key: unavailable("this build cannot read it", "psutil") for key in unknown}
        frequency = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
        items["cpu"] = {
            "model": platform.processor() or unavailable("the processor does not say", "platform"),
            "cores": psutil.cpu_count(logical=False),
            "threads": psutil.cpu_count(),
            "max_mhz": round(frequency.max) if frequency and frequency.max else unavailable("not reported", "psutil"),
        }
        items["memory"] = {"total": psutil.virtual_memory().total}
        return items

    def software(self) -> Items:
        """The software section."""
        return {"none": unavailable("this build cannot list software on this system", "none")}

    def smart(self) -> Items:
        """See `ports.Inventory`."""
        return {"none": unavailable("this build cannot read SMART on this system", "none")}


def _cpu() -> tuple[float, float]:
    times = psutil.cpu_times()
    total = sum(times[:8]) if platform.system() == "Linux" else sum(times)
    return total - times.idle - getattr(times, "iowait", 0.0), total


def _swap_used() -> int:
    """Returns 0 where Windows' performance counters are switched off: the sample has no word for what is not known."""
    try:
        return psutil.swap_memory().used
    except (OSError, RuntimeError) as error:
        _log.debug("the use of swap cannot be read: %s", error)
        return 0


def _load_hundredths() -> int:
    """Returns 0 as `_swap_used` does."""
    try:
        return round(psutil.getloadavg()[0] * 100)
    except (OSError, RuntimeError) as error:
        _log.debug("the load cannot be read: %s", error)
        return 0


def _access(options: Collection[str]) -> Literal["writable", "read_only"]:
    return "read_only" if "ro" in options or "cdrom" in options else "writable"


def _disks(patience: Patience) -> Items:
    items: Items = {}
    for partition in psutil.disk_partitions(all=False):
        try:
            total = patience.ask(partition.mountpoint, partial(psutil.disk_usage, partition.mountpoint)).total
        except OSError as error:
            items[partition.mountpoint] = unavailable(str(error), "psutil")
            continue
        items[partition.mountpoint] = {
            "device": partition.device,
            "fstype": partition.fstype,
            "total": total,
            "options": partition.opts,
        }
    return items


def _network() -> Items:
    import ipaddress

    items: Items = {}
    states = psutil.net_if_stats()
    for name, rows in psutil.net_if_addrs().items():
        if name.lower() == "lo" or name.lower().startswith(("lo0", "loopback")):
            continue
        state = states.get(name)
        addresses = []
        for row in rows:
            if row.family == socket.AF_INET:
                addresses.append(str(ipaddress.ip_interface(f"{row.address}/{row.netmask or 32}")))
            elif row.family == socket.AF_INET6:
                mask = row.netmask
                bits = int(ipaddress.IPv6Address(mask)).bit_count() if mask and ":" in mask else 128
                addresses.append(f"{row.address.partition('%')[0]}/{bits}")
        items[name] = {
            "mac": next((row.address for row in rows if row.family == psutil.AF_LINK), None),
            "addresses": sorted(addresses),
            "mtu": state.mtu if state else None,
            "speed_mbps": state.speed if state and state.speed else None,
            "up": bool(state and state.isup),
        }
    items["default_gateway"] = unavailable("this build cannot read it", "psutil")
    items["dns"] = unavailable("this build cannot read it", "psutil")
    return items


def _users() -> Items:
    return {
        f"{user.name}@{user.terminal}": {
            "name": user.name,
            "terminal": user.terminal,
            "host": user.host or None,
            "since": int(user.started),
        }
        for user in psutil.users()
    }
