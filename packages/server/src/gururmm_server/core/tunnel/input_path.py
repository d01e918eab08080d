"""Input: browser → audit → agent. Exactly once and in order, by offsets."""

import asyncio
from collections.abc import Awaitable, Callable

from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_INPUT_WINDOW_BYTES

from gururmm_server.core.tunnel.errors import StreamViolation

INPUT_BYTES_PER_SECOND = 1024 * 1024
_BUFFER_BYTES = 3 * TUNNEL_INPUT_WINDOW_BYTES
_RESEND_S = 1.0
_RESEND_AT_MOST_S = 15.0

Bytes = Callable[[int, bytes], Awaitable[None]]
"""Takes an offset and what begins there."""


class InputPath:
    """Holds what the agent has not acknowledged: base ≤ audited ≤ received.

    `audit` returns once the piece's row is committed; only then `forward` gets it. While an append runs, further
    bytes gather and become the next piece.
    """

    def __init__(self, start: int, audit: Bytes, forward: Bytes) -> None:
        self._audit = audit
        self._forward = forward
        self._buffer = bytearray()
        self.base = start
        self.audited = start
        self._confirmed = start == 0
        self._wake = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._tokens = float(INPUT_BYTES_PER_SECOND)
        self._tokens_at = self._progress_at = self._clock()
        self._patience_s = _RESEND_S

    @property
    def received(self) -> int:
        return self.base + len(self._buffer)

    @property
    def unacknowledged(self) -> int:
        """Returns how many bytes were forwarded that the agent has not taken, as far as is known."""
        return self.audited - self.base

    def take(self, offset: int, data: bytes) -> None:
        """Take input from the browser, without what is here already. Raises `StreamViolation` at a hole or too much."""
        if offset > self.received:
            raise StreamViolation(f"Input {self.received} was expected, {offset} came.")
        fresh = data[self.received - offset :]
        if len(self._buffer) + len(fresh) > _BUFFER_BYTES:
            raise StreamViolation("More input came than the window allows.")
        self._buffer += fresh
        self._wake.set()

    async def run(self) -> None:
        """Audit and forward, for ever. What `audit` raises ends it."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (size := self._next_size()) > 0:
                await self._throttle(size)
                start = self.audited
                piece = self._slice(start, start + size)
                await self._audit(start, piece)
                if self.audited == self.base:
                    self._progressed()
                self.audited = start + size
                await self._forward(start, piece)

    def acknowledged(self, offset: int) -> bool:
        """Note that the agent has taken everything before `offset`.

        Returns False where it lacks input that an earlier relay audited.
        """
        if offset < self.base and not self._confirmed:
            return False
        self._confirmed = True
        if self.base < offset <= self.audited:
            del self._buffer[: offset - self.base]
            self.base = offset
            self._progressed()
            self._wake.set()
        return True

    def recover(self, offset: int, data: bytes) -> None:
        """Put back what an earlier relay audited and the agent lacks: it begins at `offset` and ends at `base`."""
        assert offset + len(data) == self.base
        self._buffer[:0] = data
        self.base = offset
        self._confirmed = True

    async def resend(self) -> None:
        """Forward again whatever is audited and not acknowledged."""
        self._progress_at = self._clock()
        start, end = self.base, self.audited
        while start < end:
            if start < self.base:  # acknowledged while this was under way
                start = self.base
                continue
            piece = self._slice(start, min(start + CHUNK_BYTES, end))
            await self._forward(start, piece)
            start += len(piece)

    async def resend_if_stuck(self) -> bool:
        """Do so if the agent has taken nothing for a second, then less and less often. Returns whether it was done."""
        if not self.unacknowledged or self._clock() - self._progress_at <= self._patience_s:
            return False
        self._patience_s = min(2 * self._patience_s, _RESEND_AT_MOST_S)
        await self.resend()
        return True

    def _progressed(self) -> None:
        self._progress_at = self._clock()
        self._patience_s = _RESEND_S

    def _next_size(self) -> int:
        window_left = TUNNEL_INPUT_WINDOW_BYTES - self.unacknowledged
        return min(self.received - self.audited, CHUNK_BYTES, window_left)

    def _slice(self, start: int, end: int) -> bytes:
        return bytes(self._buffer[start - self.base : end - self.base])

    async def _throttle(self, size: int) -> None:
        now = self._clock()
        earned = (now - self._tokens_at) * INPUT_BYTES_PER_SECOND
        self._tokens = min(INPUT_BYTES_PER_SECOND, self._tokens + earned) - size
        self._tokens_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / INPUT_BYTES_PER_SECOND)
