"""One terminal: a program on a terminal of its own, joined to the server by two byte streams with offsets.

Output: read as it comes, sent at once, kept until acknowledged, and not read beyond the window. Input: taken in order,
each byte once, written as fast as the program takes it, acknowledged when written.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_INPUT_WINDOW_BYTES, TUNNEL_WINDOW_BYTES

from gururmm_agent.adapters import ports

HANG_UP_S: Final = 1.0
_ACK_BYTES: Final = 16 * 1024
_ACK_S: Final = 0.004
_RESUME_PATIENCE_S: Final = 3.0

Key = tuple[bytes, int]


class Terminal:
    """The state of one channel. `send` may drop messages: everything is repeated after `TunnelResume`."""

    def __init__(self, key: Key, program: ports.Terminal, send: Callable[[Message], None]) -> None:
        self._key = key
        self._program = program
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._unacknowledged: deque[tuple[int, bytes]] = deque()
        self._produced = 0
        self._acknowledged = 0
        self._credit = asyncio.Event()
        self._exit_code: int | None = None
        self._message = ""
        self._closed: TunnelClosed | None = None
        self._drained = asyncio.Event()
        self._backlog = bytearray()
        self._waits = asyncio.Event()
        self._under_way = 0
        self._received = 0
        self._written = 0
        self._input_told = 0
        self._ack_timer: asyncio.TimerHandle | None = None
        self._held = False
        self._resume_timer: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        """The program ended and the server has all of its output."""
        return self._closed is not None and self._acknowledged >= self._produced

    async def run(self) -> None:
        """Serve the channel until its program has ended and its output is read."""
        self.tell_opened()
        try:
            async with asyncio.TaskGroup() as group:
                streams = (group.create_task(self._read()), group.create_task(self._write()))
                self._exit_code = await self._program.wait()
                await self._drained.wait()
                for stream in streams:
                    stream.cancel()
        finally:
            self._release()
        self._closed = TunnelClosed(*self._key, self._exit_code, self._message, self._produced)
        if not self._held:
            self._send(self._closed)

    def tell_opened(self) -> None:
        """Say that the program runs; said again when the server asks again."""
        self._send(TunnelOpened(*self._key, self._program.program))

    def output_ack(self, offset: int) -> None:
        """The server has the output before `offset`: forget it and read on."""
        offset = min(offset, self._produced)
        if offset <= self._acknowledged:
            return
        self._acknowledged = offset
        while self._unacknowledged and _end_of(self._unacknowledged[0]) <= offset:
            self._unacknowledged.popleft()
        if self._has_credit():
            self._credit.set()

    def input(self, offset: int, data: bytes) -> None:
        """Take what is new of this input. A gap, or more than the window, is left out and answered by our offset."""
        new = self._received - offset
        waiting = self._received - self._written
        if new < 0 or new >= len(data) or waiting + len(data) - new > TUNNEL_INPUT_WINDOW_BYTES:
            self._tell_input()
            return
        fresh = data[new:]
        self._received += len(fresh)
        self._backlog += fresh
        if not self._drained.is_set():
            self._type()

    def resize(self, columns: int, rows: int) -> None:
        """The browser's window has another size."""
        self._program.resize(columns, rows)

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
        """Hang up, wait, kill. `run` then ends by itself; unread output is left unread."""
        self._message = message
        await self._program.end(hang_up_s)
        self._drained.set()

    def _hold(self) -> None:
        self._let_go()
        self._held = True

    def _let_go(self) -> None:
        self._held = False
        if self._resume_timer is not None:
            self._resume_timer.cancel()
            self._resume_timer = None

    def _has_credit(self) -> bool:
        return self._produced - self._acknowledged < TUNNEL_WINDOW_BYTES

    async def _read(self) -> None:
        """Send what the program shows until it is over. Beyond the window nothing is read, and the program waits."""
        try:
            while True:
                while not self._has_credit():
                    self._credit.clear()
                    await self._credit.wait()
                data = await self._program.read(CHUNK_BYTES)
                if not data:
                    break
                start = self._produced
                self._produced += len(data)
                self._unacknowledged.append((start, data))
                if not self._held:
                    self._send(TunnelOutput(*self._key, start, data))
        finally:
            self._drained.set()

    def _type(self) -> None:
        """Give the program piece after piece while it takes them; the first that it does not is waited for."""
        while self._backlog and not self._under_way:
            piece = bytes(self._backlog[:_ACK_BYTES])
            del self._backlog[: len(piece)]
            self._under_way = len(piece)
            if self._program.write(piece):
                self._note_written()
            else:
                self._waits.set()

    async def _write(self) -> None:
        """Wait for the piece that is under way and go on with the next, until the program takes no more."""
        while True:
            await self._waits.wait()
            self._waits.clear()
            if not await self._program.drain():
                return
            self._note_written()
            self._type()

    def _note_written(self) -> None:
        self._written += self._under_way
        self._under_way = 0
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
        self._drained.set()
        if self._ack_timer is not None:
            self._ack_timer.cancel()
        self._backlog.clear()
        self._program.close()


def _end_of(piece: tuple[int, bytes]) -> int:
    """The offset after a piece of output."""
    return piece[0] + len(piece[1])
