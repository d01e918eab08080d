"""macOS: psutil and the standard library. Built, not tried on a real machine; terminals are refused for now."""

import platform
from typing import Any

from gururmm_agent.adapters.no_terminals import NoTerminals
from gururmm_agent.adapters.portable import PortableInventory, PortableReadings
from gururmm_agent.adapters.portable_processes import PortableProcesses
from gururmm_agent.adapters.ports import Adapters, Attempt, TemperatureReading
from gururmm_agent.adapters.posix.host import PosixHost
from gururmm_agent.adapters.shells import PosixShells


class MacosReadings(PortableReadings):
    """Temperatures are read from no source yet, and say so."""

    def temperatures(self) -> tuple[list[TemperatureReading], list[Attempt]]:
        return [], [Attempt("psutil", "not provided on macOS")]


class MacosInventory(PortableInventory):
    """What `platform` adds."""

    readings = MacosReadings()

    def operating_system(self) -> str:
        return f"macOS {platform.mac_ver()[0]}".strip()

    def system_name(self) -> dict[str, Any]:
        return super().system_name() | {"name": "macOS", "id": "macos", "version": platform.mac_ver()[0]}


class MacosProcesses(PortableProcesses):
    """Programs get a session of their own."""

    def start_options(self) -> dict[str, Any]:
        return {"start_new_session": True}


def adapters() -> Adapters:
    """The macOS adapters."""
    return Adapters(
        name="macos",
        readings=MacosReadings(),
        inventory=MacosInventory(),
        processes=MacosProcesses(),
        shells=PosixShells(),
        terminals=NoTerminals(),
        host=PosixHost(),
    )
