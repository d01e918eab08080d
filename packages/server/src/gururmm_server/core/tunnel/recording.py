"""Recordings of channels: what a block holds, how much of a session is kept, and what was left out.

A block is a run of pieces, compressed. Each says where in the output it begins and ends, so what no block covers was
left out: a recording says so by itself, whatever the cause.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Final

import zstandard

from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.pacer import Pacer

OUTPUT: Final = "o"
LEFT_OUT: Final = "x"
"""The kind of a piece that `play` makes up for a hole: its data is the hole's size, 8 bytes big-endian."""

PLAIN: Final = "n"
ZSTANDARD: Final = "z"

SESSION_BYTES: Final = 256 * 1024 * 1024
"""What is stored of one session's channels, all together."""
BURST_BYTES: Final = 64 * 1024 * 1024
"""What may be stored at once: more than anybody reads, and less than a disk."""
REFILL_BYTES_PER_SECOND: Final = 4 * 1024
"""What may be stored for long, compressed: some thirty kilobytes of text a second, more than anybody reads."""
SMALL_BYTES: Final = 16 * 1024
"""Output of a moment that is kept whatever was printed before: no flood hides what follows it."""

SLICE_BYTES: Final = 4 * 1024 * 1024
"""How much of a Partner's quota a process takes at a time."""
ASK_AGAIN_S: Final = 60.0
INPUT_BYTES_PER_SECOND: Final = 256 * 1024
INPUT_BURST_BYTES: Final = 32 * 1024 * 1024
"""Of one Partner's terminals in a process: input is in the audit for good."""
OUTPUT_BYTES_PER_SECOND: Final = 8 * 1024 * 1024
OUTPUT_BURST_BYTES: Final = 128 * 1024 * 1024
"""The same of output, which costs every other user of the process time."""

_COMPRESSED_FROM: Final = 256
_THREAD_FROM: Final = 64 * 1024
_LARGEST_BLOCK: Final = 64 * 1024 * 1024
_HEAD: Final = 9

_compressor: Final = zstandard.ZstdCompressor(level=1)
_thread: Final = ThreadPoolExecutor(1, thread_name_prefix="recording")
_in_thread: Final = zstandard.ZstdCompressor(level=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """Output (kind o), or what a kind of channel notes beside it, at a moment (Unix seconds)."""

    at: float
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A row of a recording: pieces that begin at output `offset` and hold `size` bytes of it."""

    at: float
    offset: int
    size: int
    codec: str
    data: bytes


async def block_of(pieces: list[Piece], offset: int) -> Block:
    """Returns the pieces as one block; large ones are compressed in a thread."""
    at = pieces[0].at
    plain = b"".join(_packed(pieces, at))
    size = sum(len(piece.data) for piece in pieces if piece.kind == OUTPUT)
    if len(plain) < _COMPRESSED_FROM:
        return Block(at, offset, size, PLAIN, plain)
    if len(plain) < _THREAD_FROM:
        return Block(at, offset, size, ZSTANDARD, _compressor.compress(plain))
    loop = asyncio.get_running_loop()
    return Block(at, offset, size, ZSTANDARD, await loop.run_in_executor(_thread, _in_thread.compress, plain))


def pieces_of(block: Block) -> Iterator[Piece]:
    """Yields a block's pieces in their order."""
    data = block.data
    if block.codec == ZSTANDARD:
        data = zstandard.ZstdDecompressor().decompress(data, max_output_size=_LARGEST_BLOCK)
    start = 0
    while start < len(data):
        kind, rest = chr(data[start]), data[start + 1 : start + _HEAD]
        milliseconds, size = int.from_bytes(rest[:4], "big"), int.from_bytes(rest[4:], "big")
        start += _HEAD
        yield Piece(block.at + milliseconds / 1000, kind, data[start : start + size])
        start += size


def output_of(block: Block) -> bytes:
    """Returns a block's output."""
    return b"".join(piece.data for piece in pieces_of(block) if piece.kind == OUTPUT)


Pages = Callable[[int], Awaitable[list[tuple[int, Block]]]]
"""Returns blocks after a record id, each with its own; an empty page ends the recording."""


async def play(pages: Pages, end: int) -> AsyncIterator[Piece]:
    """Yields a recording's pieces up to output offset `end`, and a piece of kind x for each hole."""
    after, offset, at = 0, 0, 0.0
    while rows := await pages(after):
        for record_id, block in rows:
            after, at = record_id, block.at
            if block.offset > offset:
                yield _hole(at, block.offset - offset)
            offset = block.offset + block.size
            for piece in pieces_of(block):
                yield piece
    if end > offset:
        yield _hole(at, end - offset)


class RecordingAllowance:
    """What a Partner's sessions in this process may still store, and how fast. `take` asks the quota for more.

    It is asked for much at a time, and not again for a while once it said no. `input` and `output` are what all
    terminals of the Partner type and print together.
    """

    def __init__(self, take: Callable[[int], Awaitable[bool]], clock: Callable[[], float] = monotonic) -> None:
        self._take = take
        self._clock = clock
        self._left = 0
        self._refused_until = 0.0
        self._asking = asyncio.Lock()
        self.input = Pacer(INPUT_BYTES_PER_SECOND, INPUT_BURST_BYTES)
        self.output = Pacer(OUTPUT_BYTES_PER_SECOND, OUTPUT_BURST_BYTES)

    async def grants(self, size: int) -> bool:
        """Tells whether so much may be stored, and counts it."""
        async with self._asking:
            if self._left < size and self._clock() >= self._refused_until:
                await self._ask(size - self._left + SLICE_BYTES)
            if self._left < size:
                return False
            self._left -= size
            return True

    async def _ask(self, size: int) -> None:
        try:
            granted = await self._take(size)
        except GuruError:
            granted = True  # the database is away: the block itself waits for it, too
        if granted:
            self._left += size
        else:
            self._refused_until = self._clock() + ASK_AGAIN_S


class Budget:
    """How much more of a session may be stored. `stored` is what earlier owners stored."""

    def __init__(self, stored: int, clock: Callable[[], float], allowance: RecordingAllowance | None = None) -> None:
        self._left = SESSION_BYTES - stored
        self._allowance = allowance
        self._clock = clock
        self._tokens, self._at = float(BURST_BYTES), clock()

    def allows(self, output: int) -> bool:
        """Tells whether this much output of a moment may be recorded."""
        now = self._clock()
        self._tokens = min(BURST_BYTES, self._tokens + (now - self._at) * REFILL_BYTES_PER_SECOND)
        self._at = now
        return self._left > 0 and (self._tokens > 0 or output <= SMALL_BYTES)

    async def grants(self, size: int) -> bool:
        """Tells whether the Partner may store so much more, and counts it there."""
        return self._allowance is None or await self._allowance.grants(size)

    async def pace_input(self, size: int) -> None:
        """Wait until the Partner may type so much more."""
        if self._allowance is not None:
            await self._allowance.input.wait(size)

    async def pace_output(self, size: int) -> None:
        """Wait until the Partner's terminals may print so much more."""
        if self._allowance is not None:
            await self._allowance.output.wait(size)

    def spend(self, stored: int) -> None:
        """Count what was stored."""
        self._left -= stored
        self._tokens -= stored


def _packed(pieces: Iterable[Piece], at: float) -> Iterator[bytes]:
    for piece in pieces:
        milliseconds = min(max(round((piece.at - at) * 1000), 0), 0xFFFF_FFFF)
        yield piece.kind.encode() + milliseconds.to_bytes(4, "big") + len(piece.data).to_bytes(4, "big")
        yield piece.data


def _hole(at: float, size: int) -> Piece:
    return Piece(at, LEFT_OUT, size.to_bytes(8, "big"))
