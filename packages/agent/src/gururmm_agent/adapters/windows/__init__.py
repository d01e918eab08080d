"""Windows: psutil and the standard library. Built, not tried on a real machine.

Terminals need ConPTY, which this build does not drive: they are refused.
"""

import importlib
import platform
from typing import Any

from gururmm_agent.adapters.no_terminals import NoTerminals
from gururmm_agent.adapters.portable import PortableInventory, PortableProcesses, PortableReadings
from gururmm_agent.adapters.ports import Adapters, Attempt, Items, TemperatureReading
from gururmm_agent.adapters.shells import WindowsShells
from gururmm_agent.adapters.unavailable import unavailable

_UNINSTALL = (
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)


class WindowsReadings(PortableReadings):
    """Temperatures are read from no source yet, and say so."""

    def temperatures(self) -> tuple[list[TemperatureReading], list[Attempt]]:
        return [], [Attempt("psutil", "not provided on Windows")]


class WindowsInventory(PortableInventory):
    """What the registry and `platform` add."""

    readings = WindowsReadings()

    def machine_id(self) -> str:
        return _registry_value(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid")

    def operating_system(self) -> str:
        release = _registry_value(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "DisplayVersion")
        return f"Windows {platform.release()} {release}".strip()

    def system_name(self) -> dict[str, Any]:
        return super().system_name() | {
            "name": f"Windows {platform.release()}",
            "version": _registry_value(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "DisplayVersion"),
            "edition": platform.win32_edition() or None,
        }

    def software(self) -> Items:
        items: Items = {}
        for path in _UNINSTALL:
            for name, version in _installed(path):
                items[name] = {"version": version, "source": "registry"}
        return items or {"none": unavailable("the registry lists no software", *_UNINSTALL)}


def _registry_value(path: str, name: str) -> str:
    """A string of HKEY_LOCAL_MACHINE; empty if it is not there."""
    try:
        winreg: Any = importlib.import_module("winreg")
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            return str(winreg.QueryValueEx(key, name)[0])
    except (OSError, ImportError):
        return ""


def _installed(path: str) -> list[tuple[str, str]]:
    """(name, version) of the programs below an uninstall key."""
    found = []
    try:
        winreg: Any = importlib.import_module("winreg")
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            names = [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]
    except (OSError, ImportError):
        return []
    for name in names:
        title = _registry_value(f"{path}\\{name}", "DisplayName")
        if title:
            found.append((title, _registry_value(f"{path}\\{name}", "DisplayVersion")))
    return found


def adapters() -> Adapters:
    """The Windows adapters."""
    return Adapters(
        name="windows",
        readings=WindowsReadings(),
        inventory=WindowsInventory(),
        processes=PortableProcesses(),
        shells=WindowsShells(),
        terminals=NoTerminals(),
    )
