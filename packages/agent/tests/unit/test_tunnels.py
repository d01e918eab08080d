"""The channels, against a terminal of our own making."""

import asyncio
import os

from gururmm_agent.tunnel import sessions
from gururmm_agent.tunnel.sessions import Tunnels
from gururmm_wire.v2.agent import TunnelClosed
from gururmm_wire.v2.server import TunnelOpen


class PipePty:
    """A program that is a pipe: it ends when it is hung up."""

    program = "pipe"
    pid = 0

    def __init__(self) -> None:
        self.descriptor, self.other = os.pipe()
        os.set_blocking(self.descriptor, False)
        self.ended = asyncio.Event()

    def resize(self, columns: int, rows: int) -> None: ...

    async def wait(self) -> int:
        await self.ended.wait()
        os.close(self.other)
        return -1

    def signal_tree(self, how: str) -> bool:
        was_alive = not self.ended.is_set()
        self.ended.set()
        return was_alive

    def release(self) -> None:
        os.close(self.descriptor)


class Line:
    """An uplink that records."""

    def __init__(self) -> None:
        self.connected = True
        self.sent: list = []

    def send(self, message) -> None:
        if self.connected:
            self.sent.append(message)


class Terminals:
    def open(self, **_: object) -> PipePty:
        return PipePty()


async def test_alone_for_too_long_closes_everything(monkeypatch):
    monkeypatch.setattr(sessions, "ALONE_S", 0.2)
    line = Line()
    async with asyncio.TaskGroup() as group:
        tunnels = Tunnels(Terminals(), line, group)
        running = group.create_task(tunnels.run())
        tunnels.open(TunnelOpen(b"s" * 16, 1, "terminal", 80, 24))
        await asyncio.sleep(0.05)
        line.connected = False
        tunnels.disconnected()
        await asyncio.sleep(0.1)
        assert tunnels._channels
        await asyncio.sleep(0.4)
        assert not tunnels._channels
        running.cancel()


async def test_a_channel_that_nobody_resumes_is_forgotten(monkeypatch):
    monkeypatch.setattr(sessions, "ALONE_S", 0.1)
    line = Line()
    async with asyncio.TaskGroup() as group:
        tunnels = Tunnels(Terminals(), line, group)
        tunnels.open(TunnelOpen(b"s" * 16, 1, "terminal", 80, 24))
        await asyncio.sleep(0.01)
        await tunnels.stop()
        await asyncio.sleep(0.3)
        assert not tunnels._channels
    assert isinstance(line.sent[-1], TunnelClosed)
