"""The operating system: distribution, kernel, virtualisation, clock."""

import os
import platform
import socket
import time
from pathlib import Path
from typing import Any

from gururmm_agent import __version__
from gururmm_agent.adapters.linux.proc import boot_time, read_text, try_read
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable

_CLOCKS = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
_HYPERVISORS = (
    ("amazon ec2", "amazon"),
    ("google", "google"),
    ("kvm", "kvm"),
    ("qemu", "qemu"),
    ("vmware", "vmware"),
    ("virtualbox", "oracle"),
    ("innotek", "oracle"),
    ("microsoft", "microsoft"),
    ("xen", "xen"),
    ("parallels", "parallels"),
    ("bochs", "bochs"),
)


def os_release() -> dict[str, str]:
    """os-release as a dictionary; empty where there is none."""
    text = try_read("/etc/os-release") or try_read("/usr/lib/os-release") or ""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key: value.strip().strip("\"'") for key, value in pairs}


def operating_system_line() -> str:
    """Such as "Debian GNU/Linux 12 (bookworm)"."""
    return os_release().get("PRETTY_NAME") or f"Linux {os.uname().release}"


def system_items(machine_id: str) -> Items:
    """The section's items."""
    kernel = os.uname()
    release = os_release()
    return {
        "os": {
            "name": release.get("NAME", "Linux"),
            "version": release.get("VERSION") or release.get("VERSION_ID") or release.get("BUILD_ID") or "rolling",
            "id": release.get("ID", "linux"),
            "pretty": operating_system_line(),
            "kernel": kernel.release,
            "build": kernel.version,
            "edition": release.get("VARIANT"),
        },
        "hostname": kernel.nodename,
        "fqdn": _fqdn(kernel.nodename),
        "architecture": kernel.machine,
        "virtualization": virtualization(),
        "boot_time": boot_time(),
        "timezone": _timezone(),
        "machine_id": machine_id or unavailable("the system has no machine id", "/etc/machine-id"),
        "agent": {"version": __version__, "python": platform.python_version()},
    }


def virtualization() -> dict[str, Any]:
    """{"kind", "source"}: containers first, then what the firmware and the processor say."""
    container = _container()
    if container is not None:
        return container
    text = " ".join(
        filter(None, (try_read(f"/sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name", "bios_vendor")))
    )
    for needle, kind in _HYPERVISORS:
        if needle in text.lower() and not (kind == "microsoft" and "virtual" not in text.lower()):
            return {"kind": kind, "source": "DMI"}
    if (hypervisor := try_read("/sys/hypervisor/type")) is not None:
        return {"kind": hypervisor, "source": "/sys/hypervisor/type"}
    clocks = try_read(_CLOCKS) or ""
    for clock, kind in (("kvm-clock", "kvm"), ("hyperv", "microsoft"), ("xen", "xen")):
        if clock in clocks:
            return {"kind": kind, "source": _CLOCKS}
    flags = next((line for line in read_text("/proc/cpuinfo").splitlines() if line.startswith("flags")), "")
    if " hypervisor" in flags:
        return {"kind": "unknown hypervisor", "source": "the processor's hypervisor flag"}
    return {"kind": "none", "source": "DMI and the processor's flags"}


def _container() -> dict[str, Any] | None:
    if (kind := try_read("/run/systemd/container")) is not None:
        return {"kind": kind, "source": "/run/systemd/container"}
    for path, kind in (("/.dockerenv", "docker"), ("/run/.containerenv", "podman")):
        if Path(path).exists():
            return {"kind": kind, "source": path}
    if "microsoft" in os.uname().release.lower():
        return {"kind": "wsl", "source": "the kernel's release"}
    return None


def _fqdn(hostname: str) -> str:
    """What the resolver's own files make of the host name; DNS servers are not asked."""
    for line in (try_read("/etc/hosts") or "").splitlines():
        names = line.split("#")[0].split()[1:]
        if hostname in names:
            return next((name for name in names if name.startswith(hostname + ".")), hostname)
    return socket.gethostname()


def _timezone() -> str:
    if (name := try_read("/etc/timezone")) is not None:
        return name
    target = os.path.realpath("/etc/localtime")
    _, found, name = target.partition("/zoneinfo/")
    return name if found else time.tzname[0]
