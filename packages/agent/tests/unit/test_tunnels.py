"""The channels, over a machine in memory and a clock that the test moves."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gururmm_agent.tunnel.sessions import ALONE_S, Tunnels
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelOpened
from gururmm_wire.v2.server import TunnelOpen, TunnelResume

from packages.agent.tests.contract import scripts
from packages.agent.tests.loops import ClockLoop, run_on
from packages.agent.tests.scripted import System

KEY = (b"s" * 16, 1)


class Line:
    """An uplink that records."""

    def __init__(self) -> None:
        self.connected = True
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        if self.connected:
            self.sent.append(message)


def with_a_terminal(main: Callable[[ClockLoop, Tunnels, Line, System], Coroutine[Any, Any, None]]) -> None:
    """Run a test with one terminal open."""

    async def prepared(loop: ClockLoop) -> None:
        line, system = Line(), System()
        system.programs["sleeps"] = scripts.sleeps
        async with asyncio.TaskGroup() as group:
            tunnels = Tunnels(system.adapters(), line, group)
            running = group.create_task(tunnels.run())
            tunnels.open(TunnelOpen(*KEY, "terminal", {"shell": "sleeps"}, ["input"], 1024))
            await loop.settle()
            assert isinstance(line.sent[0], TunnelOpened)
            await main(loop, tunnels, line, system)
            running.cancel()
            await tunnels.stop()
            await loop.advance(ALONE_S)

    run_on(ClockLoop, prepared)


def resumes(tunnels: Tunnels, line: Line) -> bool:
    """Whether the agent still knows the channel."""
    line.sent.clear()
    tunnels.resume(TunnelResume(*KEY, 0, 1024))
    return TunnelClosed(*KEY, None, "this channel is gone") not in line.sent


def test_alone_for_too_long_closes_everything() -> None:
    async def main(loop: ClockLoop, tunnels: Tunnels, line: Line, system: System) -> None:
        line.connected = False
        tunnels.disconnected()
        await loop.advance(ALONE_S - 1)
        assert system.processes
        await loop.advance(2)
        assert not system.processes
        line.connected = True
        assert not resumes(tunnels, line)

    with_a_terminal(main)


def test_back_in_time_keeps_it() -> None:
    async def main(loop: ClockLoop, tunnels: Tunnels, line: Line, system: System) -> None:
        line.connected = False
        tunnels.disconnected()
        await loop.advance(ALONE_S - 1)
        line.connected = True
        tunnels.connected()
        await loop.advance(10 * ALONE_S)
        assert system.processes
        assert resumes(tunnels, line)

    with_a_terminal(main)


def test_a_channel_that_nobody_resumes_is_forgotten() -> None:
    async def main(loop: ClockLoop, tunnels: Tunnels, line: Line, system: System) -> None:
        await tunnels.stop()
        await loop.settle()
        assert not system.processes
        assert isinstance(line.sent[-1], TunnelClosed)
        await loop.advance(ALONE_S - 1)
        assert resumes(tunnels, line)
        await loop.advance(2)
        assert not resumes(tunnels, line)

    with_a_terminal(main)
