"""Output: agent → browser at once, → recording a moment later, → acknowledgement once both have it."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import time

from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_CREDIT_BYTES

from gururmm_server.core.tunnel.recording import OUTPUT, Block, Budget, Piece, block_of

SHOWN_AHEAD_BYTES = 1024 * 1024
"""How much output may be under way to a browser. It bounds what this process holds for one that does not draw."""
_RECORD_S = 0.2
_RECORD_BYTES = 512 * 1024

_SAME_MOMENT_S = 0.03
_TELL_BYTES = 256 * 1024
_JOINED_BYTES = 16 * 1024

Store = Callable[[int, int, Block | None], Awaitable[None]]
"""Moves the recording's end from the first to the second offset, with the block between; None leaves it out."""
Acknowledge = Callable[[int, int], Awaitable[None]]
"""Says which output is recorded and shown, and before which offset more may be sent."""


class Held:
    """Output in memory: `base` ≤ what is held < `end`. Nothing is copied twice, whatever the sizes."""

    def __init__(self, start: int) -> None:
        self._starts: list[int] = []
        self._blocks: list[bytes | bytearray] = []
        self.base = self.end = start

    def add(self, data: bytes) -> None:
        """Append output."""
        last = self._blocks[-1] if self._blocks else None
        if isinstance(last, bytearray) and len(last) + len(data) <= _JOINED_BYTES:
            last += data
        else:
            self._starts.append(self.end)
            self._blocks.append(data if len(data) > _JOINED_BYTES // 2 else bytearray(data))
        self.end += len(data)

    def drop(self, until: int) -> None:
        """Let go of what lies before `until`."""
        if until <= self.base:
            return
        self.base = until
        keep = bisect_right(self._starts, until) - 1
        if until >= self.end:
            keep = len(self._starts)
        if keep > 0:
            del self._starts[:keep], self._blocks[:keep]

    def read(self, start: int, limit: int) -> bytes:
        """Returns at most `limit` bytes from `start` on, which is not before `base`."""
        stop = min(self.end, start + limit)
        if start >= stop:
            return b""
        index = bisect_right(self._starts, start) - 1
        parts = []
        while start < stop:
            skip = start - self._starts[index]
            part = memoryview(self._blocks[index])[skip : skip + stop - start]
            parts.append(part)
            start += len(part)
            index += 1
        return b"".join(parts)


class OutputPath:
    """Holds what is not both recorded and shown: base = min(recorded, shown) ≤ received ≤ credit + a chunk."""

    def __init__(
        self,
        start: int,
        store: Store,
        acknowledge: Acknowledge,
        budget: Budget,
    ) -> None:
        self._store = store
        self._acknowledge = acknowledge
        self._budget = budget
        self._held = Held(start)
        self._moments: list[tuple[float, int]] = []
        self._notes: list[tuple[float, int, str, bytes]] = []
        self.recorded = self.shown = self.acknowledged = start
        self.credit = start + SHOWN_AHEAD_BYTES
        self._kept = True
        self._cut = start
        """Where the last block ended, or will end: a piece never spans it."""
        self._dirty = asyncio.Event()
        self._much = asyncio.Event()
        self._flushing = asyncio.Lock()

    @property
    def base(self) -> int:
        """Returns the offset where memory begins."""
        return self._held.base

    @property
    def received(self) -> int:
        """Returns how much output there is."""
        return self._held.end

    def take(self, offset: int, data: bytes) -> bool:
        """Take output from the agent, without what is here already. Returns False where some before it is missing."""
        if offset > self.received:
            return False
        fresh = data[self.received - offset :] if offset < self.received else data
        if not fresh or self.received + len(fresh) > self.credit + CHUNK_BYTES:
            return True  # a repetition, or an agent that ignores its credit and will be asked again
        moment = time()
        if not self._moments or self.received == self._cut or moment - self._moments[-1][0] > _SAME_MOMENT_S:
            self._moments.append((moment, self.received))
        self._held.add(fresh)
        self._dirty.set()
        if self.received - self.recorded >= _RECORD_BYTES:
            self._much.set()
        return True

    def note(self, kind: str, data: bytes) -> None:
        """Note something beside the output, such as a window's size; of several in a row the last counts."""
        last = self._notes[-1] if self._notes else None
        if last is not None and last[1:3] == (self.received, kind) and not self._flushing.locked():
            self._notes.pop()
        self._notes.append((time(), self.received, kind, data))
        self._dirty.set()

    def read(self, start: int, limit: int) -> bytes:
        """Returns output from `start` on, at most `limit` bytes; `start` is not before `base`."""
        return self._held.read(start, limit)

    async def run(self) -> None:
        """Record for ever. What `store` raises ends it."""
        while True:
            await self._dirty.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._much.wait(), _RECORD_S)
            await self._budget.pace_output(self.received - self.recorded)  # what is not recorded earns no credit
            await self.flush()

    async def flush(self) -> None:
        """Record what is here now, or leave it out where the budget is used up."""
        async with self._flushing:
            self._dirty.clear()
            self._much.clear()
            start, end, moments, notes = self.recorded, self.received, list(self._moments), list(self._notes)
            if end == start and not notes:
                return
            self._cut = end
            kept = self._budget.allows(end - start)
            pieces = self._pieces(moments if kept else [], notes, end)
            block = await block_of(pieces, start if kept else end) if pieces else None
            if block is not None and not await self._budget.grants(len(block.data)):
                block = None
            await self._store(start, end, block)
            self._kept = kept and block is not None
            if block is not None:
                self._budget.spend(len(block.data))
            # Only now: a flush that was given up begins again with the same pieces.
            del self._moments[: len(moments)], self._notes[: len(notes)]
            self.recorded = end
        await self.settle()

    async def shown_until(self, offset: int) -> None:
        """Note that the browser has drawn everything before `offset`."""
        self.shown = max(self.shown, offset)
        await self.settle()

    async def unattended(self) -> None:
        """Let the program go on while nobody looks, as long as all that it shows is recorded."""
        if self._kept:
            await self.shown_until(self.recorded)

    async def settle(self, *, all_of_it: bool = False) -> None:
        """Let go of what is recorded and shown, and say so once it is worth a message (or `all_of_it`)."""
        self._held.drop(min(self.recorded, self.shown, self.received))
        credit = min(self.shown + SHOWN_AHEAD_BYTES, self.recorded + TUNNEL_CREDIT_BYTES)
        news = max(credit - self.credit, self.base - self.acknowledged)
        if news >= _TELL_BYTES or (all_of_it and news > 0):
            self.credit, self.acknowledged = max(credit, self.credit), self.base
            await self._acknowledge(self.acknowledged, self.credit)

    def _pieces(
        self, moments: list[tuple[float, int]], notes: list[tuple[float, int, str, bytes]], end: int
    ) -> list[Piece]:
        stops = [offset for _, offset in moments[1:]] + [end]
        ordered = [
            (offset, 1, Piece(at, OUTPUT, self._held.read(offset, stop - offset)))
            for (at, offset), stop in zip(moments, stops, strict=False)
        ]
        ordered += [(offset, 0, Piece(at, kind, data)) for at, offset, kind, data in notes]
        return [piece for _, _, piece in sorted(ordered, key=lambda each: each[:2])]
