"""The way to a session's browser: one task that writes, channel by channel, what the browser does not have yet."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

PING_EVERY_S = 5
"""How often a browser is told that this process is alive. One that hears nothing for 12 s takes the line for dead."""
_FRAME_BYTES = 128 * 1024
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
    """Where a channel's output comes from."""

    @property
    def received(self) -> int: ...
    async def read(self, start: int, limit: int) -> bytes: ...


class _Stream:
    """A channel as far as the browser has it."""

    __slots__ = ("channel", "input_ack", "last", "sent", "source")

    def __init__(self, channel: int, source: OutputSource, sent: int) -> None:
        self.channel = channel
        self.source = source
        self.sent = sent
        self.input_ack: int | None = None
        self.last: bytes | None = None


class BrowserEnd:
    """Writes control messages and output to one browser. A slow browser holds up only this."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._streams: dict[int, _Stream] = {}
        self._controls: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._finishing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    def attach(self, channel: int, source: OutputSource, start: int) -> None:
        """Write this channel's output from `start` on, which may lie ahead of what came so far."""
        self._streams[channel] = _Stream(channel, source, start)
        self._wake.set()

    def sent(self, channel: int) -> int | None:
        """Returns how far a channel's output was sent; None for one that is not attached."""
        stream = self._streams.get(channel)
        return stream.sent if stream is not None else None

    def control(self, **message: Any) -> None:
        """Send a JSON message, before any further output."""
        self._controls.append(_encode(message))
        self._wake.set()

    def acknowledge_input(self, channel: int, offset: int) -> None:
        """Say that the agent has taken all input before `offset`; only the newest such word is kept."""
        stream = self._streams.get(channel)
        if stream is not None:
            stream.input_ack = offset
            self._wake.set()

    def wake(self) -> None:
        """Note that there is more output."""
        self._wake.set()

    def end(self, channel: int, exit_code: int | None, reason: str) -> None:
        """Send the output of a channel that is left, then that it is closed."""
        stream = self._streams.get(channel)
        if stream is not None:
            stream.last = _encode({"type": "closed", "channel": channel, "exit_code": exit_code, "reason": reason})
            self._wake.set()

    async def finish(self, within_s: float) -> None:
        """Send what is left of the channels that ended, then close normally; give up after `within_s`."""
        self._finishing = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_s)
        await self.stop(CLOSE_NORMAL, "the session is closed")

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
                if self._finishing:
                    return
        except BrowserGone:
            return
        except Exception:
            # The edge of a socket: whatever it was, this browser attaches again and everybody else goes on.
            log.exception("writing to a browser failed")
            await self._browser.close(1011, "internal error")

    async def _write_all(self) -> None:
        """Write until nothing is left: a frame of each channel in turn, so that none waits for another's flood."""
        more = True
        while more:
            more = False
            for stream in list(self._streams.values()):
                await self._write_controls()
                more |= await self._write(stream)
        await self._write_controls()

    async def _write_controls(self) -> None:
        while self._controls:
            await self._browser.send_text(self._controls.popleft().decode())

    async def _write(self, stream: _Stream) -> bool:
        """Write a channel's next frame, or its end. Returns whether there may be more."""
        if stream.input_ack is not None:
            offset, stream.input_ack = stream.input_ack, None
            await self._browser.send_text(f'{{"type":"input_ack","channel":{stream.channel},"offset":{offset}}}')
        data = b""
        if stream.sent < stream.source.received:
            data = await stream.source.read(stream.sent, _FRAME_BYTES)
        if data:
            # Counted before it is sent: the browser's acknowledgement may overtake the end of a slow write.
            frame = bytes((stream.channel,)) + stream.sent.to_bytes(8, "big") + data
            stream.sent += len(data)
            await self._browser.send_bytes(frame)
            return True
        if stream.last is not None:
            if self._streams.get(stream.channel) is stream:
                del self._streams[stream.channel]
            await self._browser.send_text(stream.last.decode())
        return False
