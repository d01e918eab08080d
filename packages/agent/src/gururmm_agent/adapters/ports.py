"""What the agent needs from an operating system."""

from typing import Any, Literal, Protocol

import msgspec

Items = dict[str, Any]
"""A section of the inventory: key to a JSON-like item."""


class Unsupported(Exception):
    """This operating system, or this build for it, cannot do that; the message says what."""


class Counters(msgspec.Struct, frozen=True):
    """One instant: monotonic seconds, totals since boot in bytes or ticks, and levels in bytes."""

    at: float
    cpu_busy: float
    cpu_total: float
    memory_used: int
    memory_total: int
    swap_used: int
    load_hundredths: int
    received: int
    sent: int
    disk_read: int
    disk_written: int
    uptime_s: int


class Pulse(msgspec.Struct, frozen=True):
    """The cheap part of `Counters`, for heartbeats."""

    cpu_busy: float
    cpu_total: float
    memory_used: int
    memory_total: int


class Attempt(msgspec.Struct, frozen=True):
    """One source that was asked, and what it said: "2 sensors", "not present", an error."""

    source: str
    result: str


class TemperatureReading(msgspec.Struct, frozen=True):
    """`tenths` of °C."""

    label: str
    source: str
    tenths: int


class ProcessRow(msgspec.Struct, frozen=True):
    """One row of the process list, with the keys the dashboard reads. None is a value the system did not give."""

    pid: int
    ppid: int
    name: str
    user: str | None
    cpu_percent: float
    rss: int
    read_bytes: int | None
    write_bytes: int | None
    started: int
    command: str


class Readings(Protocol):
    """Numbers that change all the time."""

    def pulse(self) -> Pulse:
        """CPU and memory."""

    def counters(self) -> Counters:
        """Everything that rates are made of."""

    def filesystems(self) -> list[tuple[str, int, int]]:
        """(mount point, used bytes, total bytes) of local file systems."""

    def temperatures(self) -> tuple[list[TemperatureReading], list[Attempt]]:
        """Readings, and every source that was tried. May block for a moment: called in a thread."""


class Inventory(Protocol):
    """What a machine is and has."""

    def hostname(self) -> str:
        """As the machine calls itself."""

    def machine_id(self) -> str:
        """Stable over reboots; empty if the system has none."""

    def operating_system(self) -> str:
        """Name and version in one line."""

    def architecture(self) -> str:
        """Such as x86_64."""

    def collect(self, section: str) -> Items:
        """One section. Blocks: called in a thread. Raises `OSError` only if the whole section cannot be had."""

    def smart(self) -> Items:
        """SMART health by device, or why not. Blocks: called in a thread."""


class Processes(Protocol):
    """The system's processes."""

    def identity(self, pid: int) -> str | None:
        """A string that no later process with this pid shares, also after a reboot; None if there is none."""

    def tree(self, pid: int | None, marker: str | None) -> list[int]:
        """Live pids descended from `pid`, in its session, or started with `marker` (NAME=value) in the environment."""

    def rows(self, limit: int) -> tuple[list[ProcessRow], bool]:
        """Up to `limit` rows, busiest first, and whether some were left out. Blocks 200 ms: called in a thread."""


class Shells(Protocol):
    """How a command's script is started."""

    def arguments(self, shell: str, script: str) -> list[str]:
        """The argument array that runs the script file `script`. Raises `Unsupported`."""

    def suffix(self, shell: str) -> str:
        """What the script file's name must end in."""


class Pty(Protocol):
    """A program on a pseudo-terminal."""

    program: str
    pid: int
    descriptor: int
    """Non-blocking; readable and writable."""

    def resize(self, columns: int, rows: int) -> None:
        """Tell the program its window's size."""

    async def wait(self) -> int:
        """Exit code; negative for a signal. Afterwards reading fails once everything was read and nobody holds it."""

    def signal_tree(self, how: Literal["hang_up", "kill"]) -> bool:
        """Signal every process of the terminal's session; whether there was any."""

    def release(self) -> None:
        """Close the descriptor."""


class Terminals(Protocol):
    """Interactive terminals."""

    def open(self, *, shell: str, directory: str, columns: int, rows: int) -> Pty:
        """Start a login shell. Raises `Unsupported` or `OSError`."""


class Adapters(msgspec.Struct, frozen=True):
    """Everything one operating system provides."""

    name: str
    readings: Readings
    inventory: Inventory
    processes: Processes
    shells: Shells
    terminals: Terminals
