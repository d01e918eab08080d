"""From an inventory section, as an agent sent it, to the columns by which machines are found.

Every value may have any type: what is not as expected is passed over, never trusted and never fatal.
"""

from typing import Any, Final

from gururmm_server.core.agents.os_family import os_family

_TEXT: Final = 256
_MANY: Final = 64


def columns(section: str, items: dict[str, Any]) -> dict[str, Any]:
    """Columns of `core.agents` that this section knows; an empty dictionary when it knows none."""
    reader = _READERS.get(section)
    return reader(items) if reader else {}


def _system(items: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _put(found, "hostname", items.get("hostname"))
    _put(found, "arch", items.get("architecture"))
    system = items.get("os")
    if isinstance(system, dict):
        name = _text(system.get("pretty")) or f"{_text(system.get('name'))} {_text(system.get('version'))}".strip()
        _put(found, "os_name", name)
        family = os_family(f"{_text(system.get('id'))} {_text(system.get('name'))}")
        # A distribution of Linux need not say so in its name, but its collector tells the kernel.
        if family != "other" or system.get("kernel"):
            found["os_family"] = "linux" if family == "other" else family
    return found


def _hardware(items: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _put(found, "serial", items.get("serial"))
    return found


def _network(items: dict[str, Any]) -> dict[str, Any]:
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
    return {"macs": list(dict.fromkeys(macs))[:_MANY], "addresses": list(dict.fromkeys(addresses))[:_MANY]}


def _users(items: dict[str, Any]) -> dict[str, Any]:
    names = [_text(item.get("name")) for item in items.values() if isinstance(item, dict)]
    return {"username": next((name for name in names if name), "")}


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(character for character in value if character.isprintable()).strip()[:_TEXT]


def _put(found: dict[str, Any], name: str, value: object) -> None:
    if text := _text(value):
        found[name] = text[:255]


_READERS: Final = {"system": _system, "hardware": _hardware, "network": _network, "users": _users}
