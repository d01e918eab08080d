"""Cutting a command's output into numbered chunks, live and bounded."""

import asyncio
from collections.abc import Callable
from typing import Final

from gururmm_wire.v2.agent import CommandOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, COMMAND_OUTPUT_BYTES

FLUSH_S: Final = 0.05


class OutputCutter:
    """Collects both streams; the first bytes after a silence leave at once, later ones at most every `FLUSH_S`."""

    def __init__(self, command_id: bytes, emit: Callable[[CommandOutput], None]) -> None:
        self._command_id = command_id
        self._emit = emit
        self._pending: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self._kept = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._last_flush = self._loop.time() - FLUSH_S
        self.chunks = 0
        self.dropped = 0

    def add(self, stream: int, data: bytes) -> None:
        """Take output; what is beyond the cap is counted and dropped."""
        room = COMMAND_OUTPUT_BYTES - self._kept
        if len(data) > room:
            self.dropped += len(data) - room
            data = data[:room]
        if not data:
            return
        self._kept += len(data)
        pending = self._pending[stream]
        pending += data
        if self._loop.time() - self._last_flush >= FLUSH_S:
            self.flush()
            return
        while len(pending) >= CHUNK_BYTES:
            self._cut(stream, pending, CHUNK_BYTES)
        if self._timer is None:
            self._timer = self._loop.call_at(self._last_flush + FLUSH_S, self.flush)

    def flush(self) -> None:
        """Send what is waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for stream, pending in self._pending.items():
            while pending:
                self._cut(stream, pending, CHUNK_BYTES)
        self._last_flush = self._loop.time()

    def _cut(self, stream: int, pending: bytearray, size: int) -> None:
        chunk = CommandOutput(self._command_id, self.chunks, stream, bytes(pending[:size]))
        del pending[:size]
        self.chunks += 1
        self._emit(chunk)
