"""Windows: psutil and the standard library. Run under Wine, not tried on a real machine.

Terminals need ConPTY, which this build does not drive: they are refused.
"""

import asyncio
import importlib
import platform
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from gururmm_agent.adapters.no_terminals import NoTerminals
from gururmm_agent.adapters.portable import PortableInventory, PortableReadings
from gururmm_agent.adapters.portable_processes import PortableProcesses
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


class WindowsProcesses(PortableProcesses):
    """Programs get a group of their own, so that the agent's Ctrl-C is not theirs."""

    def start_options(self) -> dict[str, Any]:
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}


class WindowsHost:
    """See `ports.Host`. A service's stop reaches the agent through whoever hosts it as a service."""

    def __init__(self) -> None:
        self._held: list[BinaryIO] = []

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Ctrl-C and Ctrl-Break ask; their handlers run outside of the loop."""
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if (number := getattr(signal, name, None)) is not None:
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))

    def hold(self, path: Path) -> bool:
        """See `ports.Host`."""
        msvcrt: Any = importlib.import_module("msvcrt")
        file = path.open("a+b")
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            file.close()
            return False
        self._held.append(file)
        return True

    def boot(self) -> str:
        return ""

    def goes_down(self) -> bool:
        return False

    def uninstall(self, state: Path) -> None:
        """See `ports.Host`: the state with the key. Whoever hosts the agent as a service takes the rest away."""
        for file in self._held:
            file.close()  # a file that is open cannot be removed here
        shutil.rmtree(state, ignore_errors=True)

    def on_network_change(self, changed: Callable[[], None]) -> None:
        """See `ports.Host`: this build does not ask Windows to tell."""
        del changed


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
        processes=WindowsProcesses(),
        shells=WindowsShells(),
        terminals=NoTerminals(),
        host=WindowsHost(),
    )
