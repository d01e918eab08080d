"""For systems without an adapter: the agent connects and says for everything else that it cannot."""

import platform
import socket
import time

from gururmm_agent.adapters.no_terminals import NoTerminals
from gururmm_agent.adapters.ports import (
    Adapters,
    Attempt,
    Counters,
    Items,
    ProcessRow,
    Pulse,
    TemperatureReading,
    Unsupported,
)
from gururmm_agent.adapters.unavailable import unavailable

_WHY = "this system has no adapter"


class NullReadings:
    """No counters: nothing is used of nothing."""

    def pulse(self) -> Pulse:
        return Pulse(0, 0, 0, 0)

    def counters(self) -> Counters:
        return Counters(time.monotonic(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def filesystems(self) -> list[tuple[str, int, int]]:
        return []

    def temperatures(self) -> tuple[list[TemperatureReading], list[Attempt]]:
        return [], []


class NullInventory:
    """Only what the standard library knows."""

    def hostname(self) -> str:
        return socket.gethostname()

    def machine_id(self) -> str:
        return ""

    def operating_system(self) -> str:
        return platform.platform(terse=True)

    def architecture(self) -> str:
        return platform.machine()

    def collect(self, section: str) -> Items:
        return {"none": unavailable(_WHY, section)}

    def smart(self) -> Items:
        return {"none": unavailable(_WHY, "smart")}


class NullProcesses:
    """No view of processes."""

    def identity(self, pid: int) -> str | None:
        del pid
        return None

    def tree(self, pid: int | None, marker: str | None) -> list[int]:
        del pid, marker
        return []

    def rows(self, limit: int) -> tuple[list[ProcessRow], bool]:
        del limit
        raise OSError(_WHY)


class NullShells:
    """No commands."""

    def arguments(self, shell: str, script: str) -> list[str]:
        del shell, script
        raise Unsupported(_WHY)

    def suffix(self, shell: str) -> str:
        del shell
        return ""


def adapters() -> Adapters:
    """The null adapters."""
    return Adapters("null", NullReadings(), NullInventory(), NullProcesses(), NullShells(), NoTerminals())
