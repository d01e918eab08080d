"""A started program by asyncio's own subprocesses, which every system's event loop has."""

import asyncio
import subprocess
from collections.abc import Callable
from typing import Any, Final

_LINGER_S: Final = 1.0
_QUIET_S: Final = 0.1


class Subprocess(asyncio.SubprocessProtocol):
    """See `ports.Program`."""

    def __init__(self, on_output: Callable[[int, bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.pid = 0
        self._on_output: Callable[[int, bytes], None] | None = on_output
        self._exited: asyncio.Future[None] = loop.create_future()
        self._output_ended: asyncio.Future[None] = loop.create_future()
        self._open_pipes = 2
        self._heard = 0
        self._transport: asyncio.SubprocessTransport | None = None

    async def start(self, arguments: list[str], **options: Any) -> None:
        """Starts it, with the options of the system's `Popen`. Raises `OSError`."""
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self, *arguments, stdin=subprocess.DEVNULL, **options
        )
        self._transport = transport
        self.pid = int(transport.get_pid())

    async def wait(self) -> int:
        """See `ports.Program`."""
        assert self._transport is not None
        await asyncio.shield(self._exited)
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _LINGER_S
        heard = -1
        while not self._output_ended.done() and heard != self._heard and loop.time() < give_up:
            heard = self._heard
            await asyncio.wait((self._output_ended,), timeout=_QUIET_S)
        code = self._transport.get_returncode()
        self.let_go()
        return 0 if code is None else code

    def let_go(self) -> None:
        """See `ports.Program`. What it left running goes on writing: that is read, and dropped."""
        self._on_output = None
        self._close_when_over()

    def _close_when_over(self) -> None:
        if self._on_output is None and self._exited.done() and self._output_ended.done():
            assert self._transport is not None
            self._transport.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._heard += 1
        if self._on_output is not None:
            self._on_output(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open_pipes -= 1
        if self._open_pipes == 0 and not self._output_ended.done():
            self._output_ended.set_result(None)
            self._close_when_over()

    def process_exited(self) -> None:
        if not self._exited.done():
            self._exited.set_result(None)
            self._close_when_over()
