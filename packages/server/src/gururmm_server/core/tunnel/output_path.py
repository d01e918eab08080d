"""Output: agent → browser at once, → recording a moment later, → acknowledgement once both have it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_WINDOW_BYTES

from gururmm_server.core.tunnel._repository import Recorded
from gururmm_server.infra.clock import now

_RECORD_S = 0.2
_RECORD_BYTES = 64 * 1024
_SAME_MOMENT_S = 0.03

OUTPUT_BYTES_PER_SECOND = 2 * 1024 * 1024
"""What a shell may print for long: beyond, the agent reads it more slowly, and the disk is not filled at once."""
OUTPUT_BURST_BYTES = 16 * 1024 * 1024

Store = Callable[[int, int, list[Recorded]], Awaitable[None]]
"""Records pieces and moves the recording's end from the first to the second offset."""


class OutputPath:
    """Holds what is not both recorded and shown: base = min(recorded, shown) ≤ received ≤ acknowledged + window."""

    def __init__(self, start: int, store: Store, acknowledge: Callable[[int], Awaitable[None]]) -> None:
        self._store = store
        self._acknowledge = acknowledge
        self._buffer = bytearray()
        self._pieces: list[tuple[datetime, int]] = []
        self._sizes: list[Recorded] = []
        self.base = self.received = self.recorded = self.shown = self.acknowledged = start
        self._cut = start
        """Where the last record ended, or will end: a piece never spans it."""
        self._dirty = asyncio.Event()
        self._much = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._clock = asyncio.get_running_loop().time
        self._credit, self._credit_at = float(OUTPUT_BURST_BYTES), self._clock()

    def take(self, offset: int, data: bytes) -> bool:
        """Output from the agent; what is here already is dropped. False: something before it is missing."""
        if offset > self.received:
            return False
        fresh = data[self.received - offset :]
        if not fresh or self.received + len(fresh) > self.acknowledged + TUNNEL_WINDOW_BYTES + CHUNK_BYTES:
            return True  # a repetition, or an agent that ignores the window and will be asked again
        moment = now()
        new_piece = not self._pieces or self.received == self._cut
        if new_piece or (moment - self._pieces[-1][0]).total_seconds() > _SAME_MOMENT_S:
            self._pieces.append((moment, self.received))
        self._buffer += fresh
        self.received += len(fresh)
        self._dirty.set()
        if self.received - self.recorded >= _RECORD_BYTES:
            self._much.set()
        return True

    def resized(self, columns: int, rows: int) -> None:
        """Note a window size in the recording."""
        if self._sizes and self._sizes[-1].offset == self.received and not self._flushing.locked():
            self._sizes.pop()  # nothing was printed at that size
        self._sizes.append(Recorded(now(), "r", self.received, f"{columns}x{rows}".encode()))
        self._dirty.set()

    def touch(self) -> None:
        """Record soon, even if there is nothing: the first record marks the session open."""
        self._dirty.set()

    def slice(self, start: int, limit: int) -> bytes:
        """Output from `start` on, at most `limit` bytes; `start` is not before `base`."""
        return bytes(self._buffer[start - self.base : start - self.base + limit])

    async def run(self) -> None:
        """Record for ever. What `store` raises ends it."""
        while True:
            await self._dirty.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._much.wait(), _RECORD_S)
            await self.flush()

    async def flush(self) -> None:
        """Record what is here now."""
        async with self._flushing:
            self._dirty.clear()
            self._much.clear()
            end, pieces, sizes = self.received, list(self._pieces), list(self._sizes)
            self._cut = end
            stops = [offset for _, offset in pieces[1:]] + [end]
            rows = [
                Recorded(at, "o", start, self._between(start, stop))
                for (at, start), stop in zip(pieces, stops, strict=False)
            ]
            await self._store(self.recorded, end, sorted([*rows, *sizes], key=lambda row: row.at))
            # Only now: a flush that was given up begins again with the same pieces.
            del self._pieces[: len(pieces)], self._sizes[: len(sizes)]
            self.recorded = end
            await self.settle()

    async def shown_until(self, offset: int) -> None:
        """The browser has drawn everything before `offset`."""
        self.shown = max(self.shown, offset)
        await self.settle()

    async def settle(self) -> None:
        """Let go of what is recorded and shown, and acknowledge as much of it as the rate allows."""
        settled = min(self.recorded, self.shown, self.received)
        if settled > self.base:
            del self._buffer[: settled - self.base]
            self.base = settled
        moment = self._clock()
        earned = (moment - self._credit_at) * OUTPUT_BYTES_PER_SECOND
        self._credit, self._credit_at = min(OUTPUT_BURST_BYTES, self._credit + earned), moment
        granted = min(settled - self.acknowledged, int(self._credit))
        if granted > 0:
            self._credit -= granted
            self.acknowledged += granted
            await self._acknowledge(self.acknowledged)

    def _between(self, start: int, stop: int) -> bytes:
        return bytes(self._buffer[start - self.base : stop - self.base])
