"""The inventory of a simulated machine: the same sections, keys and shapes that the real agent sends."""

from typing import Any, Final

from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.readings import boot_time, office, sensor_labels
from gururmm_bench.simulator.software import software

AGENT_VERSION: Final = "0.1.0"
Items = dict[str, Any]


def collect(profile: Profile, section: str, at: float) -> Items:
    """One section as it is at this time."""
    return _COLLECTORS[section](profile, at)


def _system(profile: Profile, at: float) -> Items:
    system = profile.system
    kind = {"VMware, Inc.": "vmware", "QEMU": "kvm"}.get(profile.model.manufacturer, "none")
    return {
        "os": {
            "name": system.name,
            "version": system.version,
            "id": system.id,
            "pretty": system.pretty,
            "kernel": system.kernel,
            "build": system.build,
            "edition": system.edition,
        },
        "hostname": profile.hostname,
        "fqdn": f"{profile.hostname.lower()}.corp.example",
        "architecture": profile.architecture,
        "virtualization": {"kind": kind, "source": "dmi"},
        "boot_time": boot_time(profile, at),
        "timezone": profile.timezone,
        "machine_id": profile.machine_id,
        "agent": {"version": AGENT_VERSION, "python": "3.11.2"},
        "simulated": True,
    }


def _hardware(profile: Profile, _at: float) -> Items:
    model = profile.model
    graphics: Any = [{"name": model.gpu, "address": "0000:01:00.0"}]
    if model.gpu is None:
        graphics = _unavailable("no display adapter answered", "pci", "nvml")
    return {
        "manufacturer": model.manufacturer,
        "model": model.model,
        "serial": profile.serial,
        "bios_version": f"1.{10 + int(profile.phase * 30)}.{int(profile.phase * 90) % 10}",
        "board": model.board or _unavailable("the firmware does not say", "dmi"),
        "cpu": {"model": model.cpu, "cores": model.cores, "threads": model.threads, "max_mhz": model.max_mhz},
        "memory": {"total": profile.memory},
        "gpus": graphics,
    }


def _disks(profile: Profile, _at: float) -> Items:
    items: Items = {
        disk.mount: {"device": disk.device, "fstype": disk.fstype, "total": disk.total, "options": disk.options}
        for disk in profile.disks
    }
    device = {"windows": "\\\\.\\PHYSICALDRIVE0", "macos": "disk0", "linux": "/dev/nvme0"}[profile.os]
    items[f"smart:{device}"] = smart(profile)
    return items


def smart(profile: Profile) -> Items:
    """The health of the first drive, or why it cannot be had."""
    if profile.model.family == "vm":
        return _unavailable("a virtual disk has no SMART data", "smartctl")
    return {
        "healthy": True,
        "model": "SAMSUNG MZVL2512HCJQ-00BL7" if profile.os != "macos" else "APPLE SSD AP0512Z",
        "serial": f"S64J{profile.serial}",
        "power_on_hours": 1500 + int(profile.phase * 21_000),
        "percentage_used": 1 + int(profile.phase * 14),
        "source": "smartctl",
    }


def _network(profile: Profile, _at: float) -> Items:
    items: Items = {
        interface.name: {
            "mac": interface.mac,
            "addresses": list(interface.addresses),
            "mtu": interface.mtu,
            "speed_mbps": interface.speed_mbps or None,
            "up": bool(interface.addresses),
        }
        for interface in profile.interfaces
    }
    items["default_gateway"] = profile.gateway
    items["dns"] = [profile.gateway, "9.9.9.9"]
    return items


def _temperatures(profile: Profile, _at: float) -> Items:
    sources = {
        "linux": ("hwmon", "thermal_zone", "nvml"),
        "windows": ("LibreHardwareMonitor", "ACPI thermal zone"),
        "macos": ("SMC",),
    }[profile.os]
    labels = sensor_labels(profile)
    found = f"{len(labels)} sensors" if len(labels) != 1 else "1 sensor"
    tried = [
        {"source": source, "result": found if labels and i == 0 else "not present"} for i, source in enumerate(sources)
    ]
    items: Items = {"sources": {"tried": tried}}
    for label in labels:
        items[label] = {"source": sources[0]}
    if not labels:
        items["none"] = _unavailable("no sensor answered", *sources)
    return items


def _users(profile: Profile, at: float) -> Items:
    """Somebody is signed in while the office works, and some stay so; servers have their administrator now and then."""
    if profile.user:
        if office(profile, at) < 0.2 and profile.phase < 0.5:
            return {}
        terminal = {"windows": "console", "macos": "console", "linux": "tty2"}[profile.os]
        return {f"{profile.user}@{terminal}": _user(profile.user, terminal, "", at)}
    if office(profile, at) < 0.75 or profile.phase < 0.6:
        return {}
    name, terminal = ("Administrator", "rdp-tcp#1") if profile.os == "windows" else ("admin", "pts/0")
    return {f"{name}@{terminal}": _user(name, terminal, profile.gateway, at)}


def _user(name: str, terminal: str, host: str, at: float) -> Items:
    since = int(at) // 86400 * 86400 + 7 * 3600  # this morning, or yesterday's
    return {"name": name, "terminal": terminal, "host": host or None, "since": since if since <= at else since - 86400}


def _unavailable(why: str, *sources: str) -> Items:
    return {"unavailable": why, "tried": list(sources)}


_COLLECTORS: Final = {
    "system": _system,
    "hardware": _hardware,
    "disks": _disks,
    "network": _network,
    "temperatures": _temperatures,
    "users": _users,
    "software": software,
}
