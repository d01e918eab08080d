"""Each adapter that the contract is asked of: how it runs the contract's programs.

A new system's adapter joins by a kit of its own in `KITS`; the tests do not change.
"""

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import pytest
from gururmm_agent.adapters import detect
from gururmm_agent.adapters.ports import Adapters, Program

from packages.agent.tests.contract import scripts
from packages.agent.tests.scripted import System

MARKER = "GURURMM_CONTRACT"


class Kit(Protocol):
    """One adapter under test."""

    adapters: Adapters

    def command(self, act: str, *arguments: str) -> list[str]:
        """The argument array that runs a program of the contract."""

    def shell(self, act: str, *arguments: str) -> str:
        """The name under which a terminal opens it."""


class LinuxKit:
    """Python processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.adapters = detect.load("linux")
        self._folder = folder

    def command(self, act: str, *arguments: str) -> list[str]:
        return [sys.executable, str(Path(__file__).with_name("acts.py")), act, *arguments]

    def shell(self, act: str, *arguments: str) -> str:
        path = self._folder / f"shell-{act}"
        path.write_text(f"#!/bin/sh\nexec {shlex.join(self.command(act, *arguments))}\n")
        path.chmod(0o700)
        return str(path)


class ScriptedKit:
    """Coroutines of this process."""

    def __init__(self, folder: Path) -> None:
        del folder
        self._system = System()
        self.adapters = self._system.adapters()

    def command(self, act: str, *arguments: str) -> list[str]:
        return [self.shell(act, *arguments)]

    def shell(self, act: str, *arguments: str) -> str:
        script = getattr(scripts, act)
        self._system.programs[act] = script(*arguments) if arguments else script
        return act


KITS: dict[str, Callable[[Path], Kit]] = {"scripted": ScriptedKit}
if sys.platform == "linux":
    KITS["linux"] = LinuxKit


@pytest.fixture(params=sorted(KITS))
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Kit:
    return KITS[request.param](tmp_path)


class Heard:
    """What a program said, by stream."""

    def __init__(self) -> None:
        self.streams = {1: b"", 2: b""}
        self.turns: list[tuple[int, bytes]] = []
        self._news = asyncio.Event()

    def __call__(self, stream: int, data: bytes) -> None:
        self.streams[stream] += data
        self.turns.append((stream, data))
        self._news.set()

    async def until(self, text: bytes) -> bytes:
        """The standard output, once it has this text."""
        while text not in self.streams[1]:
            self._news.clear()
            await self._news.wait()
        return self.streams[1]


class Started:
    """Starts the contract's programs, and leaves none behind."""

    def __init__(self, kit: Kit, folder: Path) -> None:
        self.kit = kit
        self.folder = folder
        self.marker = f"{MARKER}={os.urandom(8).hex()}"
        self._programs: list[Program] = []

    async def __call__(
        self, act: str, *arguments: str, marked: bool = True, **environment: str
    ) -> tuple[Program, Heard]:
        heard = Heard()
        if marked:
            environment[MARKER] = self.marker.partition("=")[2]
        program = await self.kit.adapters.processes.start(
            self.kit.command(act, *arguments),
            directory=str(self.folder),
            environment=dict(os.environ) | environment,
            on_output=heard,
        )
        self._programs.append(program)
        return program, heard

    async def leave_none(self) -> None:
        """End what still runs."""
        await self.kit.adapters.processes.end_tree(None, self.marker, 0)
        for program in self._programs:
            await program.wait()


@pytest.fixture
async def start(kit: Kit, tmp_path: Path) -> AsyncIterator[Started]:
    started = Started(kit, tmp_path)
    yield started
    await started.leave_none()
