"""From an inventory section, as an agent sent it, to the columns by which machines are found.

Every value may have any type: what is not as expected is passed over, never trusted and never fatal.
"""

from typing import Any, Final

from gururmm_server.core.agents.os_family import OsFamily, os_family
from gururmm_server.core.agents.record import Facts

_TEXT: Final = 256
_MANY: Final = 64
_MOST_BYTES: Final = 1 << 60
_MOST_CORES: Final = 1 << 20


def facts(section: str, items: dict[str, Any]) -> Facts:
    """Returns what this section says of its machine; empty facts where it says nothing of the kind."""
    reader = _READERS.get(section)
    return reader(items) if reader else Facts()


def _system(items: dict[str, Any]) -> Facts:
    system = items.get("os")
    name: str | None = None
    family: OsFamily | None = None
    if isinstance(system, dict):
        said = f"{_text(system.get('name'))} {_text(system.get('version'))}".strip()
        name = _short(_text(system.get("pretty")) or said)
        family = os_family(f"{_text(system.get('id'))} {_text(system.get('name'))}")
        # A distribution of Linux need not say so in its name, but its collector tells the kernel.
        if family == "other":
            family = "linux" if system.get("kernel") else None
    return Facts(
        hostname=_short(items.get("hostname")), arch=_short(items.get("architecture")), os_name=name, os_family=family
    )


def _hardware(items: dict[str, Any]) -> Facts:
    memory, cpu = items.get("memory"), items.get("cpu")
    cpu = cpu if isinstance(cpu, dict) else {}
    return Facts(
        serial=_short(items.get("serial")),
        ram=_count(memory.get("total"), _MOST_BYTES) if isinstance(memory, dict) else None,
        cores=_count(cpu.get("cores"), _MOST_CORES),
        model=_short(f"{_text(items.get('manufacturer'))} {_text(items.get('model'))}".strip()),
        processor=_short(cpu.get("model")),
    )


def _network(items: dict[str, Any]) -> Facts:
    macs: list[str] = []
    addresses: list[str] = []
    for name, item in items.items():
        if name == "lo" or not isinstance(item, dict):
            continue
        mac = _text(item.get("mac")).lower()
        if mac and mac != "00:00:00:00:00:00":
            macs.append(mac)
        listed = item.get("addresses")
        for address in listed if isinstance(listed, list) else []:
            bare = _text(address).partition("/")[0]
            if bare and not bare.startswith(("127.", "fe80:")) and bare != "::1":
                addresses.append(bare)
    return Facts(macs=list(dict.fromkeys(macs))[:_MANY], addresses=list(dict.fromkeys(addresses))[:_MANY])


def _users(items: dict[str, Any]) -> Facts:
    names = [_text(item.get("name")) for item in items.values() if isinstance(item, dict)]
    return Facts(username=next((name for name in names if name), ""))


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(character for character in value if character.isprintable()).strip()[:_TEXT]


def _count(value: object, most: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most else None


def _short(value: object) -> str | None:
    return _text(value)[:255] or None


_READERS: Final = {"system": _system, "hardware": _hardware, "network": _network, "users": _users}
