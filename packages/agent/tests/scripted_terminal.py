"""The terminals of a machine in memory (`scripted`)."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from gururmm_agent.adapters.ports import Unsupported

if TYPE_CHECKING:
    from packages.agent.tests.scripted import Act, Running, System

ROOM: Final = 64 * 1024
"""What a terminal holds of output that nobody has read, and of input that its program has not taken."""


class Screen:
    """See `ports.Terminal`, and what a program does with it."""

    def __init__(self, system: "System", columns: int, rows: int) -> None:
        self.program = ""
        self.size = (columns, rows)
        self.sizes: list[tuple[int, int]] = []
        self.resized = asyncio.Event()
        self._system = system
        self._leader: Running | None = None
        self._closed = False
        self._output = bytearray()
        self._input = bytearray()
        self._typed = bytearray()
        self._news = asyncio.Condition()

    def begin(self, program: str, act: "Act") -> None:
        """Start the program."""
        self.program = program
        self._leader = self._system.spawn(act, None, {"TERM": "xterm-256color"})
        self._leader.terminal = self
        self._watch = asyncio.get_running_loop().create_task(self._tell_of_the_end())

    async def _tell_of_the_end(self) -> None:
        await self.leader.ended.wait()
        await self._tell()

    @property
    def leader(self) -> "Running":
        """The program."""
        assert self._leader is not None
        return self._leader

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def show(self, data: bytes) -> None:
        for start in range(0, len(data), ROOM):
            async with self._news:
                await self._news.wait_for(lambda: self._closed or len(self._output) < ROOM)
                self._output += data[start : start + ROOM]
                self._news.notify_all()

    async def type_in(self, most: int) -> bytes:
        async with self._news:
            await self._news.wait_for(lambda: bool(self._input) or self._closed)
            data = bytes(self._input[:most])
            del self._input[:most]
            self._move()
            self._news.notify_all()
        return data

    async def read(self, most: int) -> bytes:
        async with self._news:
            await self._news.wait_for(lambda: bool(self._output) or self._closed or self.leader.ended.is_set())
            data = bytes(self._output[:most])
            del self._output[:most]
            self._news.notify_all()
        return data

    def write(self, data: bytes) -> bool:
        if self._closed:
            return False
        self._typed += data
        self._move()
        self._telling = asyncio.get_running_loop().create_task(self._tell())
        return not self._typed

    async def drain(self) -> bool:
        async with self._news:
            await self._news.wait_for(lambda: not self._typed or self._closed)
        return not self._closed

    def _move(self) -> None:
        piece = self._typed[: ROOM - len(self._input)]
        self._input += piece
        del self._typed[: len(piece)]

    def resize(self, columns: int, rows: int) -> None:
        self.size = (columns, rows)
        self.sizes.append(self.size)
        self.resized.set()

    async def wait(self) -> int:
        await self.leader.ended.wait()
        return self.leader.code

    async def end(self, grace_s: float) -> None:
        if self.leader.ended.is_set():
            return

        def alive() -> "list[Running]":
            return [one for one in self._system.processes.values() if one.terminal is self]

        for one in alive():
            self._system.ask(one)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.leader.ended.wait()
        while left := alive():
            for one in left:
                self._system.kill(one)
                await one.ended.wait()

    def close(self) -> None:
        self._closed = True
        for one in list(self._system.processes.values()):
            if one.terminal is self:
                self._system.ask(one)
        self._telling = asyncio.get_running_loop().create_task(self._tell())


class Terminals:
    """See `ports.Terminals`."""

    def __init__(self, system: "System") -> None:
        self._system = system

    def open(self, *, shell: str, directory: str, columns: int, rows: int) -> Screen:
        act = self._system.programs.get(shell)
        if act is None:
            raise Unsupported(f"{shell} is not installed on this machine")
        screen = Screen(self._system, columns, rows)
        screen.begin(shell, act)
        screen.leader.directory = directory
        self._system.screens.append(screen)
        return screen
