"""For systems without an adapter: the agent connects and says for everything else that it cannot."""

import os
import platform
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from gururmm_agent.adapters.environment import child_environment
from gururmm_agent.adapters.no_terminals import NoTerminals
from gururmm_agent.adapters.ports import (
    Adapters,
    Attempt,
    Counters,
    Filesystem,
    Host,
    Items,
    ProcessRow,
    Program,
    Pulse,
    Survivor,
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

    def filesystems(self) -> list[Filesystem]:
        return []

    def mount_points(self) -> list[str]:
        return []

    def reach(self, path: str) -> None:
        del path

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

    async def start(
        self,
        arguments: list[str],
        *,
        directory: str,
        environment: dict[str, str],
        on_output: Callable[[int, bytes], None],
    ) -> Program:
        del arguments, directory, environment, on_output
        raise Unsupported(_WHY)

    async def end_tree(self, pid: int | None, marker: str, grace_s: float) -> list[Survivor]:
        del pid, marker, grace_s
        return []

    def calls(self, pid: int, marker: str) -> list[list[str]]:
        del pid, marker
        return []

    def stuck(self, pid: int, marker: str) -> frozenset[str]:
        del pid, marker
        return frozenset()

    def identity(self, pid: int) -> str | None:
        del pid
        return None

    def rows(self, limit: int) -> tuple[list[ProcessRow], bool]:
        del limit
        raise OSError(_WHY)


class NullShells:
    """No commands."""

    def environment(self) -> dict[str, str]:
        return child_environment()

    def known_environment(self) -> dict[str, str] | None:
        return self.environment()

    def text(self, script: str) -> str:
        return script

    def arguments(self, shell: str, script: str, text: str, environment: dict[str, str]) -> list[str]:
        del shell, script, text, environment
        raise Unsupported(_WHY)

    def suffix(self, shell: str) -> str:
        del shell
        return ""


class NullHost:
    """Where not even signals are known: the agent runs until it is killed, and cannot know whether it is alone."""

    def on_stop(self, stop: Callable[[], None]) -> None:
        del stop

    def hold(self, path: Path) -> bool:
        del path
        return True

    def boot(self) -> str:
        return ""

    def goes_down(self) -> bool:
        return False

    def uninstall(self, state: Path) -> None:
        shutil.rmtree(state, ignore_errors=True)

    def on_network_change(self, changed: Callable[[], None]) -> None:
        del changed


def _host() -> Host:
    """Returns what every Unix has, on a Unix that has no adapter."""
    if os.name != "posix":
        return NullHost()
    from gururmm_agent.adapters.posix.host import PosixHost

    return PosixHost()


def adapters() -> Adapters:
    """The null adapters."""
    return Adapters("null", NullReadings(), NullInventory(), NullProcesses(), NullShells(), NoTerminals(), _host())
