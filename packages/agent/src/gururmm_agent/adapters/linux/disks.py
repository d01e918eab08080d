"""File systems and the health of the disks under them."""

import os
from functools import partial
from typing import Any

import msgspec

from gururmm_agent.adapters.linux.mounts import Mount, local_mounts
from gururmm_agent.adapters.linux.proc import entries
from gururmm_agent.adapters.linux.tools import ask_tool
from gururmm_agent.adapters.patience import Patience
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable

_VIRTUAL = ("loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd")


def disk_items(patience: Patience) -> Items:
    """A key for each mount point, and `smart:<device>` for each disk."""
    items: Items = {}
    for mount in local_mounts():
        try:
            stat = patience.ask(mount.point, partial(os.statvfs, mount.point))
        except OSError as error:
            items[mount.point] = unavailable(error.strerror or str(error), "statvfs")
            continue
        items[mount.point] = {
            "device": mount.device,
            "fstype": mount.fstype,
            "total": stat.f_blocks * stat.f_frsize,
            "options": _options(mount),
        }
    items.update({f"smart:{device}": _stable(item) for device, item in smart_items().items()})
    return items


def _options(mount: Mount) -> str:
    """How it is mounted there; a file system that its driver made read-only says so beside that."""
    options = mount.options.split(",")
    return ",".join(["ro", *options[1:]]) if mount.read_only and options[0] == "rw" else mount.options


def smart_items() -> Items:
    """Device to health. Disks are never woken: a sleeping one says that it sleeps."""
    return {device: _smart(device) for device in _whole_disks()}


def _whole_disks() -> list[str]:
    return [f"/dev/{path.name}" for path in entries("/sys/block") if not path.name.startswith(_VIRTUAL)]


def _smart(device: str) -> dict[str, Any]:
    try:
        text = ask_tool("smartctl", "--json", "-n", "standby", "-i", "-H", "-A", device)
    except OSError as error:
        return unavailable(str(error), "smartctl")
    if text is None:
        return unavailable("smartctl is not installed", "smartctl")
    try:
        report: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return unavailable("smartctl gave no readable answer", "smartctl")
    status = report.get("smart_status")
    if not isinstance(status, dict) or "passed" not in status:
        messages = report.get("smartctl", {}).get("messages", [])
        why = "; ".join(str(message.get("string", "")) for message in messages) or "the disk has no SMART"
        return unavailable(why, "smartctl")
    return {
        "passed": bool(status["passed"]),
        "model": report.get("model_name"),
        "serial": report.get("serial_number"),
        "firmware": report.get("firmware_version"),
        "hours": (report.get("power_on_time") or {}).get("hours"),
        "celsius": (report.get("temperature") or {}).get("current"),
        "attributes": _attributes(report),
    }


def _attributes(report: dict[str, Any]) -> dict[str, int]:
    """The counters that foretell a failure, under the names smartctl gives them."""
    wanted = ("Reallocated_Sector_Ct", "Current_Pending_Sector", "Offline_Uncorrectable", "Reported_Uncorrect")
    table = (report.get("ata_smart_attributes") or {}).get("table", [])
    found = {row["name"]: row["raw"]["value"] for row in table if row.get("name") in wanted}
    nvme = report.get("nvme_smart_health_information_log") or {}
    found.update({name: nvme[name] for name in ("percentage_used", "media_errors", "available_spare") if name in nvme})
    return found


def _stable(item: dict[str, Any]) -> dict[str, Any]:
    """Without what changes by the hour: the inventory holds facts, `smart` queries hold readings."""
    return {key: value for key, value in item.items() if key not in ("hours", "celsius")}
