"""Cutting a command's output into numbered chunks: live while it begins, bounded, and with its end."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from gururmm_wire.v2.agent import CommandOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, COMMAND_HEAD_BYTES, COMMAND_OUTPUT_BYTES

FLUSH_S: Final = 0.05
_TURNS: Final = 4096
"""So many changes from one stream to the other are kept of the beginning, and a quarter of it for sure of the end."""

_Piece = tuple[int, bytearray]


class OutputCutter:
    """Collects both streams, in the order they come.

    The beginning leaves while the command runs: the first bytes after a silence at once, later ones at most every
    `FLUSH_S`. Once one stream has said more than its beginning everything is held back, so that the order stays; of
    that the other's beginning and the end of both leave with `finish`.
    """

    def __init__(self, command_id: bytes, emit: Callable[[CommandOutput], None]) -> None:
        self._command_id = command_id
        self._emit = emit
        self._pending: list[_Piece] = []
        self._begun = {1: 0, 2: 0}
        self._tail = _Tail()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._last_flush = self._loop.time() - FLUSH_S
        self.chunks = 0

    @property
    def dropped(self) -> int:
        """How many bytes are left out between beginning and end."""
        return sum(self._tail.skipped.values())

    def add(self, stream: int, data: bytes) -> None:
        """Take output."""
        head = data[: COMMAND_HEAD_BYTES - self._begun[stream]]
        self._begun[stream] += len(head)
        room = COMMAND_OUTPUT_BYTES - sum(self._begun.values())
        if head and self._tail.is_empty:
            self._append(stream, head)
            if self._loop.time() - self._last_flush >= FLUSH_S or len(head) >= CHUNK_BYTES:
                self.flush()
            elif self._timer is None:
                self._timer = self._loop.call_at(self._last_flush + FLUSH_S, self.flush)
        elif head:
            self._tail.keep(stream, head)
        self._tail.add(stream, data[len(head) :], room)

    def flush(self) -> None:
        """Send what is waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        pending, self._pending = self._pending, []
        for stream, data in pending:
            self._cut(stream, data, 0)
        self._last_flush = self._loop.time()

    def finish(self) -> None:
        """The command is over: send what is waiting, then the end of each stream."""
        self.flush()
        for stream, data, skipped in self._tail.taken():
            self._cut(stream, data, skipped)

    def _append(self, stream: int, data: bytes) -> None:
        """After what came before; a command that changes its stream all the time keeps its order roughly."""
        last = self._pending[-1:]
        if self.chunks + len(self._pending) >= _TURNS:
            last = [piece for piece in self._pending if piece[0] == stream][-1:]
        if last and last[0][0] == stream:
            last[0][1].extend(data)
        else:
            self._pending.append((stream, bytearray(data)))

    def _cut(self, stream: int, data: bytearray, skipped: int) -> None:
        for start in range(0, len(data), CHUNK_BYTES):
            piece = bytes(data[start : start + CHUNK_BYTES])
            chunk = CommandOutput(self._command_id, self.chunks, stream, piece, 0 if start else skipped)
            self.chunks += 1
            self._emit(chunk)


class _Tail:
    """What is held back. Where there is no room for all of it, the longer stream loses its oldest bytes."""

    def __init__(self) -> None:
        self.skipped = {1: 0, 2: 0}
        self._kept: list[tuple[int, int, bytearray]] = []
        self._pieces: dict[int, deque[tuple[int, bytearray]]] = {1: deque(), 2: deque()}
        self._held = {1: 0, 2: 0}
        self._number = 0
        self._last: bytearray | None = None
        self._last_stream = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was held back so far."""
        return self._number == 0

    def keep(self, stream: int, data: bytes) -> None:
        """Take output that is not to be left out."""
        self._number += 1
        self._kept.append((self._number, stream, bytearray(data)))
        self._last = None

    def add(self, stream: int, data: bytes, room: int) -> None:
        """Take output, of which there is room for so much."""
        if data and self._last is not None and self._last_stream == stream and len(self._last) < CHUNK_BYTES:
            self._last.extend(data)
        elif data:
            self._number += 1
            self._last, self._last_stream = bytearray(data), stream
            self._pieces[stream].append((self._number, self._last))
        self._held[stream] += len(data)
        self._fit(room)

    def taken(self) -> list[tuple[int, bytearray, int]]:
        """Returns (stream, data, bytes left out before it), in the order they came."""
        first = {stream: pieces[0][0] for stream, pieces in self._pieces.items() if pieces}
        numbered = [(number, stream, data) for stream, pieces in self._pieces.items() for number, data in pieces]
        return [
            (stream, data, self.skipped[stream] if number == first.get(stream) else 0)
            for number, stream, data in sorted(numbered + self._kept, key=lambda piece: piece[0])
        ]

    def _fit(self, room: int) -> None:
        while (excess := sum(self._held.values()) - room) > 0:
            longer = max(self._held, key=self._held.__getitem__)
            by = self._held[longer] - self._held[3 - longer]
            self._leave_out(longer, min(excess, by or CHUNK_BYTES))
        if sum(map(len, self._pieces.values())) > _TURNS:
            for pieces in self._pieces.values():
                _gather(pieces)

    def _leave_out(self, stream: int, count: int) -> None:
        """At most so many of the oldest bytes, and not more than the oldest piece holds."""
        oldest = self._pieces[stream][0][1]
        count = min(count, len(oldest))
        del oldest[:count]
        self._held[stream] -= count
        self.skipped[stream] += count
        if not oldest:
            self._pieces[stream].popleft()
            if oldest is self._last:
                self._last = None


def _gather(pieces: "deque[tuple[int, bytearray]]") -> None:
    """The older ones become one: of what is long ago a stream's own order is enough."""
    count = len(pieces) - _TURNS // 4
    if count > 1:
        number, data = pieces.popleft()
        for _ in range(count - 1):
            number, more = pieces.popleft()
            data.extend(more)
        pieces.appendleft((number, data))
