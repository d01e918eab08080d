"""What the agent needs from an operating system, as acts and streams of bytes.

Nothing here is a file descriptor, a signal or a call of one kind of event loop: each port can be served as well by
Windows' completion ports or a thread. `tests/contract` says of every adapter what it owes.
"""

from collections.abc import Callable
from pathlib import Path
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


class Filesystem(msgspec.Struct, frozen=True):
    """One local file system as it is mounted, in bytes. `available` is what an ordinary user can still take of it."""

    mount: str
    device: str
    used: int
    total: int
    available: int
    access: Literal["writable", "read_only", "not_answering"] = "writable"
    meant_to_be_written: bool = False
    """The system's own table says so, whatever it is now."""


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

    def filesystems(self) -> list[Filesystem]:
        """Local file systems. One that does not answer costs a moment once, and holds up no other: for a thread."""

    def mount_points(self) -> list[str]:
        """Where file systems are mounted, those of other machines among them; none where the system does not say."""

    def reach(self, path: str) -> None:
        """Raises `OSError` where the file system that holds the path is known to be dead. Blocks a moment."""

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


class Program(Protocol):
    """A program that was started, whose output goes to the `on_output` it was started with."""

    pid: int

    async def wait(self) -> int:
        """Returns the exit code, negative where a signal was the end, once all output has been handed over.

        What the program left running may hold its output open: that is waited for only as long as it goes on talking,
        and no longer than a second. Afterwards it may go on writing for as long as it lives, and nobody hears it.
        """

    def let_go(self) -> None:
        """Hears no more of a program that cannot be ended; nobody waits for it any longer."""


class Survivor(msgspec.Struct, frozen=True):
    """A process that was killed and is there all the same; `stuck` where it waits in the kernel, out of reach."""

    pid: int
    name: str
    stuck: bool


class Processes(Protocol):
    """Starts, finds, lists and ends the system's processes."""

    async def start(
        self,
        arguments: list[str],
        *,
        directory: str,
        environment: dict[str, str],
        on_output: Callable[[int, bytes], None],
    ) -> Program:
        """Returns the program, started without input and apart from the agent's own group of processes.

        `on_output` is called with 1 for what came on its standard output and 2 for its standard error, as it comes and
        in the order it was written, where the system can tell. Raises `OSError` or `Unsupported`.
        """

    async def end_tree(self, pid: int | None, marker: str, grace_s: float) -> list[Survivor]:
        """Ends every process that descends from `pid`, or was started with `marker` (NAME=value) in its environment.

        They are asked first, those that do not go within `grace_s` are killed, and so is what they start meanwhile;
        with 0 nobody is asked. Who was found once is ended, wherever it moves to. Returns those that cannot be ended.
        """

    def stuck(self, pid: int, marker: str) -> frozenset[str]:
        """Returns which processes of such a tree wait in the kernel for a device, out of every signal's reach.

        Each is named by who it is and what it has done so far: the same name twice is one that has not moved.
        """

    def calls(self, pid: int, marker: str) -> list[list[str]]:
        """Returns the argument arrays of such a tree's processes, where the system shows them."""

    def identity(self, pid: int) -> str | None:
        """Returns a string that no later process with this pid shares, also after a reboot; None if there is none."""

    def rows(self, limit: int) -> tuple[list[ProcessRow], bool]:
        """Returns up to `limit` rows, busiest first, and whether some were left out. Blocks 200 ms: for a thread."""


class Shells(Protocol):
    """How a command's script is started."""

    def environment(self) -> dict[str, str]:
        """What a login of the agent's user finds in its environment, HOME among it. Blocks: for a thread."""

    def known_environment(self) -> dict[str, str] | None:
        """The same, where it is known, and nothing on its PATH keeps anybody waiting: then no thread is needed."""

    def text(self, script: str) -> str:
        """The script as its file is to hold it: what a foreign editor left is as this system's programs read it."""

    def arguments(self, shell: str, script: str, text: str, environment: dict[str, str]) -> list[str]:
        """The argument array that runs the script file `script`, which holds `text`, in such an environment.

        Raises `Unsupported`. Blocks: for a thread.
        """

    def suffix(self, shell: str) -> str:
        """What the script file's name must end in."""


class Terminal(Protocol):
    """A program on a terminal of its own, as two streams of bytes.

    Only what `read` asks for is taken from the program: while nobody reads, it waits as it would for a slow screen.
    """

    program: str

    async def read(self, most: int) -> bytes:
        """Returns the output that is there, at least a byte and at most `most`, and waits while there is none.

        Returns nothing once the program has ended and all it wrote was read; what it left running may still hold the
        terminal, and is heard only until it first falls silent. A read that is cancelled loses nothing.
        One caller at a time.
        """

    def write(self, data: bytes) -> bool:
        """Types `data` and returns whether the terminal took all of it at once; else the rest follows by itself."""

    async def drain(self) -> bool:
        """Returns True once the terminal has taken everything typed, False if it never will."""

    def resize(self, columns: int, rows: int) -> None:
        """Tells the program its window's size; without effect where the system or a program that ended cannot."""

    async def wait(self) -> int:
        """Returns the program's exit code, negative where a signal was the end. May be asked again."""

    async def end(self, grace_s: float) -> None:
        """Hangs up as a cut line does, and kills the shell and what has the terminal if they stay for `grace_s`.

        What was started to outlive a hang-up goes on (a job in the background under `nohup`, or disowned). Returns
        when none of the others is left, at once if the program had ended by itself.
        """

    def close(self) -> None:
        """Lets go of the terminal: its program is hung up, a read under way returns nothing, nothing more is typed."""


class Terminals(Protocol):
    """Interactive terminals."""

    def open(self, *, shell: str, directory: str, columns: int, rows: int) -> Terminal:
        """Returns a login shell on a new terminal. Raises `Unsupported` or `OSError`."""


class Host(Protocol):
    """What the agent asks of its system as one of its processes."""

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Has `stop` called in the running loop each time the system, or Ctrl-C, asks the agent to end."""

    def hold(self, path: Path) -> bool:
        """Returns whether this process alone holds the file from now on, until it ends. Raises `OSError`.

        Where nothing can be written the file's folder stands in for it.
        """

    def boot(self) -> str:
        """Returns with what every identity of a process begins in this life of the system; empty if it has no name."""

    def goes_down(self) -> bool:
        """Returns whether the system is being shut down or restarted, as far as it says. Blocks: for a thread."""

    def uninstall(self, state: Path) -> None:
        """Takes away what the installer put here: the service, the program and the state directory with the key.

        What cannot be taken away is logged. The process goes on until it ends by itself.
        """

    def on_network_change(self, changed: Callable[[], None]) -> None:
        """Has `changed` called in the running loop when addresses or routes may have changed, often several times.

        Without effect where the system does not tell.
        """


class Adapters(msgspec.Struct, frozen=True):
    """Everything one operating system provides."""

    name: str
    readings: Readings
    inventory: Inventory
    processes: Processes
    shells: Shells
    terminals: Terminals
    host: Host
