"""The way to a session's browser: one task that writes, in order, what the browser does not have yet."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

PING_EVERY_S = 5
"""How often a browser is told that this process is alive. One that hears nothing for 12 s takes the line for dead."""
_FRAME_BYTES = 64 * 1024
_encode = msgspec.json.Encoder().encode

CLOSE_NORMAL = 1000
CLOSE_TICKET_REFUSED = 4401
CLOSE_NO_SESSION = 4404
CLOSE_SESSION_CLOSED = 4409
CLOSE_TAKEN_OVER = 4410


class BrowserGone(ConnectionError):
    """The browser's socket is closed."""


class Browser(Protocol):
    """A technician's WebSocket. Every method raises `BrowserGone` once it is closed, except `close`."""

    async def send_bytes(self, data: bytes) -> None: ...
    async def send_text(self, text: str) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...


class OutputSource(Protocol):
    """Where output comes from."""

    @property
    def received(self) -> int: ...
    async def read(self, start: int, limit: int) -> bytes: ...


class BrowserEnd:
    """Writes control messages and output to one browser. A slow browser holds up only this."""

    def __init__(self, browser: Browser, source: OutputSource, start: int) -> None:
        """`start` is the offset of the first byte of output to send; it may lie ahead of what came so far."""
        self._browser = browser
        self._source = source
        self._controls: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._last: bytes | None = None
        self._input_ack: int | None = None
        self._task: asyncio.Task[None] | None = None
        self.sent = start

    @property
    def browser(self) -> Browser:
        return self._browser

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    def control(self, **message: Any) -> None:
        """Send a JSON message, before any further output."""
        self._controls.append(_encode(message))
        self._wake.set()

    def acknowledge_input(self, offset: int) -> None:
        """Say that the agent has taken all input before `offset`; only the newest such word is kept."""
        self._input_ack = offset
        self._wake.set()

    def wake(self) -> None:
        """There is more output."""
        self._wake.set()

    async def finish(self, within_s: float, **last: Any) -> None:
        """Send the output that is left, then this message, then close normally; give up after `within_s`."""
        self._last = _encode(last)
        self._wake.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_s)
        await self.stop(CLOSE_NORMAL, "the terminal is closed")

    async def stop(self, code: int, reason: str) -> None:
        """Stop writing and close the socket with this code."""
        await self.abandon()
        await self._browser.close(code, reason)

    async def abandon(self) -> None:
        """Stop writing; the socket is gone or somebody else's to close."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        ping_at = clock() + PING_EVERY_S
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(ping_at):
                        await self._wake.wait()
                self._wake.clear()
                if clock() >= ping_at:
                    ping_at = clock() + PING_EVERY_S
                    self.control(type="ping")
                await self._write_all()
                if self._last is not None:
                    await self._browser.send_text(self._last.decode())
                    return
        except BrowserGone:
            return
        except Exception:
            # The edge of a socket: whatever it was, this browser attaches again and everybody else goes on.
            log.exception("writing to a browser failed")
            await self._browser.close(1011, "internal error")

    async def _write_all(self) -> None:
        while True:
            while self._controls:
                await self._browser.send_text(self._controls.popleft().decode())
            if self._input_ack is not None:
                offset, self._input_ack = self._input_ack, None
                await self._browser.send_text(f'{{"type":"input_ack","offset":{offset}}}')
            if self.sent >= self._source.received:
                return
            data = await self._source.read(self.sent, _FRAME_BYTES)
            if not data:
                return
            # Counted before it is sent: the browser's acknowledgement may overtake the end of a slow write.
            frame = self.sent.to_bytes(8, "big") + data
            self.sent += len(data)
            await self._browser.send_bytes(frame)
