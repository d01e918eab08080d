"""What the operator sees: lines where output goes to a file, a small live table where it goes to a terminal."""

import shlex
import shutil
import socket
import sys
import time
from contextlib import suppress
from os.path import relpath
from pathlib import Path

import psutil
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gururmm_server.entrypoints.supervisor.demo import DemoAccess
from gururmm_server.entrypoints.supervisor.service import Service, State
from gururmm_server.infra.connections import redact

_COLOURS = {State.READY: "green", State.STARTING: "yellow", State.DOWN: "red", State.STOPPED: "dim"}


class Terminal:
    """Tells how the start goes, where to sign in, and what happens to the processes."""

    def __init__(self, admin_create: str = "gururmm admin create") -> None:
        """`admin_create` is the command that makes the first admin here, without whom."""
        self._admin_create = admin_create
        self._console = Console(highlight=False, soft_wrap=True)
        self._live: Live | None = None

    def step(self, text: str) -> None:
        """Say what is done next."""
        self._end_live()
        self._print(f"{text} …", "dim")

    def notice(self, text: str) -> None:
        """Say something that the operator should know."""
        self._print(f"{time.strftime('%H:%M:%S')}  {text}", "yellow")

    def ready(self, url: str, access: DemoAccess | None, seconds: float) -> None:
        """Say that everything runs, where, and how to sign in."""
        lines = [("GuruRMM is ready", f"after {seconds:.1f} s"), ("Open", url)]
        if access is not None:
            lines += [("E-mail", access.email), ("Password", access.password), ("This machine", socket.gethostname())]
        else:
            lines.append(("First sign-in", f"{self._admin_create} --email you@example.org"))
        lines.append(("Stop", "Ctrl-C"))
        self._print("")
        for name, value in lines:
            self._print(Text.assemble((f"  {name:<18}", "bold"), value))
        self._print("")
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()

    def show(self, services: list[Service]) -> None:
        """Show the present state, on a terminal."""
        if self._live is not None:
            with suppress(OSError):
                self._live.update(_table(services), refresh=True)

    def stopped(self) -> None:
        """Say that nothing runs any more."""
        self._end_live()
        self._print("Stopped. The data is kept.", "dim")

    def _print(self, text: str | Text, style: str = "") -> None:
        # Nobody may be listening: output into a file on a full disk, or into a pipe that was closed. Work goes on.
        with suppress(OSError):
            self._console.print(text, style=style, markup=False)
            sys.stdout.flush()

    def _end_live(self) -> None:
        if self._live is not None:
            with suppress(OSError):  # the terminal may be gone
                self._live.stop()
            self._live = None


def command_beside(called: str, words: str, data: Path | None, database_url: str) -> str:
    """Returns a `gururmm` command, to be pasted into the shell that this program was started from.

    `called` is how it was started; `data` is None for the usual folder. A password in the URL is left out, since
    terminals and logs are read by others: the word PASSWORD stands where it goes.
    """
    parts = [*_program(called), *words.split()]
    if data is not None:
        parts += ["--data", str(data)]
    if database_url:
        parts += ["--database-url", _without_password(database_url)]
    return shlex.join(parts)


def _program(called: str) -> list[str]:
    path = Path(called).absolute()
    if path.name == "__main__.py":
        return [_shorter(Path(sys.executable)), "-m", "gururmm_server"]
    found = shutil.which(path.name)
    if found is not None and Path(found).absolute() == path:
        return [path.name]
    return [_shorter(path)]


def _shorter(path: Path) -> str:
    relative = relpath(path)
    if "/" not in relative:
        relative = f"./{relative}"
    return min(str(path), relative, key=len)


def _without_password(url: str) -> str:
    return redact(url, "PASSWORD")


def _table(services: list[Service]) -> Group:
    table = Table(box=None, pad_edge=True, header_style="dim")
    for column in ("process", "state", "pid", "memory", "restarts"):
        table.add_column(column, justify="left" if column in {"process", "state"} else "right")
    for service in services:
        state = Text(service.state.value, style=_COLOURS[service.state])
        table.add_row(service.spec.name, state, str(service.pid or "–"), _memory(service.pid), str(service.restarts))
    return Group(table)


def _memory(pid: int | None) -> str:
    """Returns the memory of a process and its children: PostgreSQL's connections are processes of their own."""
    if pid is None:
        return "–"
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            memory = one.memory_info()
            total += memory.rss - memory.shared
    return f"{total / 1e6:.0f} MB"
