"""One terminal: a program on a terminal of its own, joined to the server by two byte streams with offsets.

Output: read as it comes, sent at once, kept until acknowledged, and not read beyond the window. Input: taken in order,
each byte once, written as fast as the program takes it, acknowledged when written.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from gururmm_wire.v2.agent import TunnelClosed, TunnelInputAck, TunnelOpened
from gururmm_wire.v2.channels.terminal import KIND, RIGHT_INPUT, Parameters, Size
from gururmm_wire.v2.limits import TUNNEL_INPUT_WINDOW_BYTES, TUNNEL_OUTPUT_BYTES

from gururmm_agent.adapters import ports
from gururmm_agent.tunnel.channel import HANG_UP_S, Opening, OutputStream, Refused

__all__ = ["KIND", "Terminal", "open_terminal"]

_log = logging.getLogger(__name__)

_ACK_BYTES: Final = 16 * 1024
_ACK_S: Final = 0.004
_RESUME_PATIENCE_S: Final = 3.0


def open_terminal(opening: Opening) -> "Terminal":
    """Start a shell on a terminal of its own. Raises `Refused`, `Unsupported` or `OSError`."""
    try:
        wanted = msgspec.convert(opening.parameters, Parameters)
    except msgspec.ValidationError as error:
        raise Refused(f"those are no parameters of a terminal: {error}") from error
    program = opening.adapters.terminals.open(
        shell=wanted.shell, directory=wanted.directory, columns=wanted.columns, rows=wanted.rows
    )
    return Terminal(opening, program)


class Terminal:
    """The state of one channel."""

    def __init__(self, opening: Opening, program: ports.Terminal) -> None:
        self._key = opening.key
        self._may_type = RIGHT_INPUT in opening.rights
        self._program = program
        self._send = opening.send
        self._loop = asyncio.get_running_loop()
        self._ready = opening.ready
        self._output = OutputStream(opening)
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
        self._resume_timer: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        """The program ended and the server has all of its output."""
        return self._closed is not None and self._output.is_acknowledged

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
        self._closed = TunnelClosed(*self._key, self._exit_code, self._message, self._output.produced)
        if not self._output.held:
            self._send(self._closed)

    def tell_opened(self) -> None:
        """Say that the program runs; said again when the server asks again."""
        self._send(TunnelOpened(*self._key, None, None, self._program.program))

    def output_ack(self, offset: int, credit: int) -> None:
        """The server has the output before `offset`: forget it and read on."""
        self._output.acknowledge(offset, credit)
        if self._output.room > 0:
            self._credit.set()

    def input(self, offset: int, data: bytes) -> None:
        """Take what is new of this input. A gap, or more than the window, is left out and answered by our offset."""
        new = self._received - offset
        waiting = self._received - self._written
        too_much = waiting + len(data) - new > TUNNEL_INPUT_WINDOW_BYTES
        if new < 0 or new >= len(data) or too_much or not self._may_type:
            self._tell_input()
            return
        fresh = data[new:]
        self._received += len(fresh)
        self._backlog += fresh
        if not self._drained.is_set():
            self._type()

    def change(self, parameters: Mapping[str, Any]) -> None:
        """The browser's window has another size."""
        try:
            size = msgspec.convert(parameters, Size)
        except msgspec.ValidationError as error:
            _log.warning("a terminal was told to change in an unknown way: %s", error)
            return
        self._program.resize(size.columns, size.rows)

    def resume(self, offset: int, credit: int) -> None:
        """Send again from `offset` and say where input stands; then the end, if it has come."""
        self._let_go()
        self.output_ack(offset, credit)
        self._output.resend(offset)
        self._tell_input()
        if self._closed is not None:
            self._send(self._closed)

    def disconnected(self) -> None:
        """What is read from now on waits for `resume`."""
        self._hold()

    def connected(self) -> None:
        """The server is expected to resume; if it does not, it gets everything it has not acknowledged."""
        self._hold()
        self._resume_timer = self._loop.call_later(
            _RESUME_PATIENCE_S, lambda: self.resume(self._output.acknowledged, 0)
        )

    async def close(self, message: str, hang_up_s: float = HANG_UP_S) -> None:
        """Hang up, wait, kill. `run` then ends by itself; unread output is left unread."""
        self._message = message
        await self._program.end(hang_up_s)
        self._drained.set()

    def _hold(self) -> None:
        self._let_go()
        self._output.held = True

    def _let_go(self) -> None:
        self._output.held = False
        if self._resume_timer is not None:
            self._resume_timer.cancel()
            self._resume_timer = None

    async def _read(self) -> None:
        """Send what the program shows until it is over. Without credit nothing is read, and the program waits."""
        try:
            while True:
                while (room := self._output.room) <= 0:
                    self._credit.clear()
                    await self._credit.wait()
                await self._ready()
                data = await self._program.read(min(room, TUNNEL_OUTPUT_BYTES))
                if not data:
                    break
                self._output.write(data)
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
