"""One terminal: a program on a pseudo-terminal, joined to the server by two byte streams with offsets.

Output: read as it comes, sent at once, kept until acknowledged, and not read beyond the window. Input: taken in order,
each byte once, written as fast as the program takes it, acknowledged when written.
"""

import asyncio
import contextlib
import errno
import logging
import os
from collections import deque
from collections.abc import Callable
from typing import Final

from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_INPUT_WINDOW_BYTES, TUNNEL_WINDOW_BYTES

from gururmm_agent.adapters.ports import Pty

_log = logging.getLogger(__name__)

HANG_UP_S: Final = 1.0
_ACK_BYTES: Final = 16 * 1024
_ACK_S: Final = 0.004
_QUIET_S: Final = 0.05
_PAGE: Final = 2048
_KILL_TRIES: Final = 50
_RESUME_PATIENCE_S: Final = 3.0

Key = tuple[bytes, int]


class Terminal:
    """The state of one channel. `send` may drop messages: everything is repeated after `TunnelResume`."""

    def __init__(self, key: Key, pty: Pty, send: Callable[[Message], None]) -> None:
        self._key = key
        self._pty = pty
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._unacknowledged: deque[tuple[int, bytes]] = deque()
        self._produced = 0
        self._acknowledged = 0
        self._reading = False
        self._ended = False
        self._exit_code: int | None = None
        self._message = ""
        self._closed: TunnelClosed | None = None
        self._gone = asyncio.Event()
        self._drained = asyncio.Event()
        self._backlog = bytearray()
        self._received = 0
        self._written = 0
        self._input_told = 0
        self._ack_timer: asyncio.TimerHandle | None = None
        self._held = False
        self._resume_timer: asyncio.TimerHandle | None = None
        self._quiet_timer: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        """The program ended and the server has all of its output."""
        return self._closed is not None and self._acknowledged >= self._produced

    async def run(self) -> None:
        """Serve the channel until its program has ended and its output is read."""
        self.tell_opened()
        self._read_more()
        try:
            self._exit_code = await self._pty.wait()
            self._ended = True
            self._gone.set()
            self._read_more()
            self._on_readable()
            await self._drained.wait()
        finally:
            self._release()
        self._closed = TunnelClosed(*self._key, self._exit_code, self._message, self._produced)
        if not self._held:
            self._send(self._closed)

    def tell_opened(self) -> None:
        """Say that the program runs; said again when the server asks again."""
        self._send(TunnelOpened(*self._key, self._pty.program))

    def output_ack(self, offset: int) -> None:
        """The server has the output before `offset`: forget it and read on."""
        offset = min(offset, self._produced)
        if offset <= self._acknowledged:
            return
        self._acknowledged = offset
        while self._unacknowledged and _end_of(self._unacknowledged[0]) <= offset:
            self._unacknowledged.popleft()
        self._read_more()

    def input(self, offset: int, data: bytes) -> None:
        """Take what is new of this input. A gap, or more than the window, is left out and answered by our offset."""
        new = self._received - offset
        if new < 0 or new >= len(data) or len(self._backlog) + len(data) - new > TUNNEL_INPUT_WINDOW_BYTES:
            self._tell_input()
            return
        fresh = data[new:]
        self._received += len(fresh)
        was_idle = not self._backlog
        self._backlog += fresh
        if was_idle and not self._drained.is_set():
            self._write()

    def resize(self, columns: int, rows: int) -> None:
        """The browser's window has another size."""
        if not self._drained.is_set():
            self._pty.resize(columns, rows)

    def resume(self, offset: int) -> None:
        """Send again from `offset` and say where input stands; then the end, if it has come."""
        self._let_go()
        self.output_ack(offset)
        for start, data in list(self._unacknowledged):
            if start + len(data) > offset:
                skip = max(0, offset - start)
                self._send(TunnelOutput(*self._key, start + skip, data[skip:]))
        self._tell_input()
        if self._closed is not None:
            self._send(self._closed)

    def disconnected(self) -> None:
        """What is read from now on waits for `resume`."""
        self._hold()

    def connected(self) -> None:
        """The server is expected to resume; if it does not, it gets everything it has not acknowledged."""
        self._hold()
        self._resume_timer = self._loop.call_later(_RESUME_PATIENCE_S, lambda: self.resume(self._acknowledged))

    async def close(self, message: str, hang_up_s: float = HANG_UP_S) -> None:
        """Hang up, wait, kill. `run` then ends by itself; unread output is left unread.

        After the shell's own end its pid may be another's: then nothing is signalled.
        """
        self._message = message
        if not self._ended and self._pty.signal_tree("hang_up"):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(hang_up_s):
                    await self._gone.wait()
            for _ in range(_KILL_TRIES):
                if not self._pty.signal_tree("kill"):
                    break
                await asyncio.sleep(0.02)
        self._drained.set()

    def _hold(self) -> None:
        self._let_go()
        self._held = True

    def _let_go(self) -> None:
        self._held = False
        if self._resume_timer is not None:
            self._resume_timer.cancel()
            self._resume_timer = None

    def _read_more(self) -> None:
        room = self._produced - self._acknowledged < TUNNEL_WINDOW_BYTES
        if room and not self._reading and not self._drained.is_set():
            self._loop.add_reader(self._pty.descriptor, self._on_readable)
            self._reading = True
            if self._ended:
                self._loop.call_soon(self._on_readable)
        elif self._reading and (not room or self._drained.is_set()):
            self._loop.remove_reader(self._pty.descriptor)
            self._reading = False

    def _on_readable(self) -> None:
        if not self._reading:
            return
        try:
            data = self._read()
        except BlockingIOError:
            if self._ended:
                self._end_unless_heard()
            return
        except OSError as error:
            if error.errno != errno.EIO:
                _log.warning("a terminal cannot be read: %s", error)
            data = b""
        if not data:
            self._at_end()
            return
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
            self._quiet_timer = None
        start = self._produced
        self._produced += len(data)
        self._unacknowledged.append((start, data))
        if not self._held:
            self._send(TunnelOutput(*self._key, start, data))
        if self._ended:
            self._loop.call_soon(self._on_readable)
        self._read_more()

    def _read(self) -> bytes:
        """What is there, up to a chunk. The kernel gives a page at a time; more follows only a full one."""
        data = os.read(self._pty.descriptor, CHUNK_BYTES)
        with contextlib.suppress(OSError):  # shown by the next call
            while _PAGE <= len(data) <= CHUNK_BYTES - _PAGE and (more := os.read(self._pty.descriptor, _PAGE)):
                data += more
                if len(more) < _PAGE // 2:
                    break
        return data

    def _end_unless_heard(self) -> None:
        """The shell has ended but a program it left behind holds the terminal: silence is the end."""
        if self._quiet_timer is None:
            self._quiet_timer = self._loop.call_later(_QUIET_S, self._at_end)

    def _at_end(self) -> None:
        self._loop.remove_reader(self._pty.descriptor)
        self._reading = False
        self._drained.set()

    def _write(self) -> None:
        try:
            while self._backlog:
                count = os.write(self._pty.descriptor, memoryview(self._backlog)[:_ACK_BYTES].tobytes())
                del self._backlog[:count]
                self._written += count
                self._note_written()
        except BlockingIOError:
            self._loop.add_writer(self._pty.descriptor, self._write)
            return
        except OSError as error:
            _log.debug("the terminal takes no more input: %s", error)
            self._backlog.clear()
        self._loop.remove_writer(self._pty.descriptor)

    def _note_written(self) -> None:
        if self._written - self._input_told >= _ACK_BYTES:
            self._tell_input()
        elif self._ack_timer is None:
            self._ack_timer = self._loop.call_later(_ACK_S, self._tell_input)

    def _tell_input(self) -> None:
        if self._ack_timer is not None:
            self._ack_timer.cancel()
            self._ack_timer = None
        self._input_told = self._written
        self._send(TunnelInputAck(*self._key, self._written))

    def _release(self) -> None:
        self._loop.remove_reader(self._pty.descriptor)
        self._loop.remove_writer(self._pty.descriptor)
        self._reading = False
        self._drained.set()
        for timer in (self._ack_timer, self._quiet_timer):
            if timer is not None:
                timer.cancel()
        self._backlog.clear()
        self._pty.release()


def _end_of(piece: tuple[int, bytes]) -> int:
    """The offset after a piece of output."""
    return piece[0] + len(piece[1])
