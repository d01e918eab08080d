"""A machine in memory: processes with parents, environments and terminals, whose programs are coroutines.

It stands in for an operating system where a test is about what uses one. It owes what every adapter owes: the suite in
`contract` runs against it too.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from gururmm_agent.adapters import null
from gururmm_agent.adapters.ports import Adapters, ProcessRow, Survivor, Unsupported

from packages.agent.tests.scripted_terminal import ROOM, Screen, Terminals

KILLED: Final = -9
ASKED: Final = -15

Act = Callable[["Running"], Awaitable[int]]


class Running:
    """One process, as its program sees itself."""

    def __init__(self, system: "System", pid: int, parent: "Running | None", environment: dict[str, str]) -> None:
        self._system = system
        self.pid = pid
        self.parent = parent
        self.environment = environment
        self.directory = ""
        self.terminal: Screen | None = None
        self.on_output: Callable[[int, bytes], None] | None = None
        self.asked = asyncio.Event()
        self.stubborn = False
        self.code = 0
        self.ended = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def show(self, data: bytes, stream: int = 1) -> None:
        """Write output; on a terminal it waits while nobody reads."""
        if self.terminal is not None:
            await self.terminal.show(data)
        elif self.on_output is not None:
            self.on_output(stream, data)
            await asyncio.sleep(0)

    async def type_in(self, most: int = ROOM) -> bytes:
        """Input, nothing where there is none."""
        return await self.terminal.type_in(most) if self.terminal is not None else b""

    async def stay(self) -> int:
        """Run until somebody ends it."""
        await asyncio.Event().wait()
        return 0

    def start(self, act: Act, **environment: str) -> "Running":
        """A child, with this one's output and terminal."""
        child = self._system.spawn(act, self, self.environment | environment)
        child.terminal, child.on_output = self.terminal, self.on_output
        return child


class System:
    """What `Adapters` need. `programs` are found by the first of a command's arguments, or by the name of a shell."""

    def __init__(self) -> None:
        self.programs: dict[str, Act] = {}
        self.processes: dict[int, Running] = {}
        self.held: set[Path] = set()
        self.stops: list[Callable[[], None]] = []
        self.uninstalled: list[Path] = []
        self.screens: list[Screen] = []
        """The terminals that were opened, in their order."""
        self._pids = itertools.count(100)

    def spawn(self, act: Act, parent: Running | None, environment: dict[str, str]) -> Running:
        """A process under way."""
        running = Running(self, next(self._pids), parent, environment)
        self.processes[running.pid] = running
        running.task = asyncio.get_running_loop().create_task(self._run(act, running))
        running.task.add_done_callback(lambda _: self._bury(running))
        return running

    async def _run(self, act: Act, running: Running) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            running.code = await act(running)

    def _bury(self, running: Running) -> None:
        """Also of one that was ended before it began."""
        del self.processes[running.pid]
        for other in self.processes.values():
            if other.parent is running:
                other.parent = None
        running.ended.set()

    def ask(self, running: Running) -> None:
        """The polite signal."""
        running.asked.set()
        if not running.stubborn:
            self._end(running, ASKED)

    def kill(self, running: Running) -> None:
        """The one that cannot be refused."""
        self._end(running, KILLED)

    def _end(self, running: Running, code: int) -> None:
        running.code = code
        assert running.task is not None
        running.task.cancel()

    def descends(self, running: Running, pid: int | None) -> bool:
        """Whether it is this process, or its child's child."""
        current: Running | None = running
        while current is not None:
            if current.pid == pid:
                return True
            current = current.parent
        return False

    def adapters(self) -> Adapters:
        """Everything: what no test scripts is the null adapter's."""
        others = null.adapters()
        return Adapters(
            name="scripted",
            readings=others.readings,
            inventory=others.inventory,
            processes=Processes(self),
            shells=Shells(self),
            terminals=Terminals(self),
            host=Host(self),
        )


class Started:
    """See `ports.Program`."""

    def __init__(self, running: Running, on_output: Callable[[int, bytes], None]) -> None:
        self.pid = running.pid
        self._running = running
        self._on_output: Callable[[int, bytes], None] | None = on_output
        running.on_output = self._hear

    def _hear(self, stream: int, data: bytes) -> None:
        if self._on_output is not None:
            self._on_output(stream, data)

    async def wait(self) -> int:
        await self._running.ended.wait()
        self.let_go()
        return self._running.code

    def let_go(self) -> None:
        self._on_output = None


class Processes:
    """See `ports.Processes`."""

    def __init__(self, system: System) -> None:
        self._system = system

    async def start(
        self,
        arguments: list[str],
        *,
        directory: str,
        environment: dict[str, str],
        on_output: Callable[[int, bytes], None],
    ) -> Started:
        act = self._system.programs.get(arguments[0])
        if act is None:
            raise FileNotFoundError(2, "No such file or directory", arguments[0])
        running = self._system.spawn(act, None, environment)
        running.directory = directory
        return Started(running, on_output)

    async def end_tree(self, pid: int | None, marker: str, grace_s: float) -> list[Survivor]:
        name, _, value = marker.partition("=")

        found: set[Running] = set()

        def alive() -> list[Running]:
            everybody = set(self._system.processes.values())
            own = {one for one in everybody if self._system.descends(one, pid) or one.environment.get(name) == value}
            found.update(own)
            return list(found & everybody)

        if grace_s:
            asked = alive()
            for one in asked:
                self._system.ask(one)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    for one in asked:
                        await one.ended.wait()
        while left := alive():
            for one in left:
                self._system.kill(one)
                await one.ended.wait()
        return []

    def calls(self, pid: int, marker: str) -> list[list[str]]:
        return []

    def stuck(self, pid: int, marker: str) -> frozenset[str]:
        return frozenset()

    def identity(self, pid: int) -> str | None:
        return f"scripted {pid}" if pid in self._system.processes else None

    def rows(self, limit: int) -> tuple[list[ProcessRow], bool]:
        found = [
            ProcessRow(
                pid=one.pid,
                ppid=one.parent.pid if one.parent else 1,
                name="scripted",
                user=None,
                cpu_percent=0.0,
                rss=1,
                read_bytes=None,
                write_bytes=None,
                started=0,
                command="scripted",
            )
            for one in self._system.processes.values()
        ]
        return found[:limit], len(found) > limit


class Shells:
    """See `ports.Shells`: each program is a shell."""

    def __init__(self, system: System) -> None:
        self._system = system

    def environment(self) -> dict[str, str]:
        return {"HOME": "/"}

    def known_environment(self) -> dict[str, str] | None:
        return self.environment()

    def text(self, script: str) -> str:
        return script

    def arguments(self, shell: str, script: str, text: str, environment: dict[str, str]) -> list[str]:
        if shell not in self._system.programs:
            raise Unsupported(f"this machine runs scripted programs, not {shell!r}")
        return [shell, script]

    def suffix(self, shell: str) -> str:
        return ""


class Host:
    """See `ports.Host`."""

    def __init__(self, system: System) -> None:
        self._system = system

    def on_stop(self, stop: Callable[[], None]) -> None:
        self._system.stops.append(stop)

    def on_network_change(self, changed: Callable[[], None]) -> None:
        del changed

    def hold(self, path: Path) -> bool:
        if path in self._system.held:
            return False
        self._system.held.add(path)
        return True

    def boot(self) -> str:
        return ""

    def goes_down(self) -> bool:
        return False

    def uninstall(self, state: Path) -> None:
        self._system.uninstalled.append(state)
