"""From the gateway to the bus: one sender in order, and batches for the dashboards."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.commands.delivery import Live
from gururmm_server.core.post.letters import Letter, of_machines
from gururmm_server.core.telemetry.live import Sample
from gururmm_server.infra.nats import Bus

WAITING_BYTES: Final = 64 * 1024 * 1024
_TOGETHER_BYTES: Final = 256 * 1024
"""Pieces of one tunnel that go in one payload: what a flood costs here and at the relay is counted in payloads."""


class _Waiting:
    """A payload on its way; `together`: more pieces may join it."""

    __slots__ = ("parts", "size", "subject", "together")

    def __init__(self, subject: str, parts: list[bytes], *, together: bool) -> None:
        self.subject = subject
        self.parts = parts
        self.size = sum(map(len, parts))
        self.together = together


class Uplink:
    """Publishes in order. Nothing here is durable: while the broker is away the oldest is dropped first."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def post(self, subject: str, payload: bytes) -> None:
        """Publish soon."""
        self._add(_Waiting(subject, [payload], together=False))

    def post_piece(self, subject: str, head: bytes, piece: bytes) -> None:
        """Publish soon: `head`, then this piece and those that follow it at once, each behind 4 bytes of its size.

        One subject has one head.
        """
        parts = [len(piece).to_bytes(4, "big"), piece]
        last = self._queue[-1] if self._queue else None
        if last is None or not last.together or last.subject != subject or last.size + len(piece) > _TOGETHER_BYTES:
            self._add(_Waiting(subject, [head, *parts], together=True))
            return
        last.parts += parts
        last.size += 4 + len(piece)
        self._bytes += 4 + len(piece)

    def _add(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        self._bytes += waiting.size
        while self._bytes > WAITING_BYTES:
            self._bytes -= self._queue.popleft().size
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                waiting = self._queue.popleft()
                self._bytes -= waiting.size
                await self._bus.publish(waiting.subject, b"".join(waiting.parts))
            self._idle.set()

    async def drained(self, limit_s: float) -> None:
        """Wait until all is handed to the broker's client, or the time is over."""
        try:
            await asyncio.wait_for(self._idle.wait(), limit_s)
        except TimeoutError:
            return

    def send(self, letters: Iterable[Letter]) -> None:
        """Publish letters soon, in their order."""
        for subject, payload in letters:
            self.post(subject, payload)

    def rows(self, rows: Mapping[UUID, list[AgentRow]]) -> None:
        """Tell each tenant's dashboards how its machines are."""
        for tenant_id, of_tenant in rows.items():
            self.send(of_machines(tenant_id, of_tenant))

    def commands(self, live: Mapping[UUID, Live]) -> None:
        """Tell each tenant's dashboards what its commands do."""
        for tenant_id, news in live.items():
            self.send(of_machines(tenant_id, [*news.updates, *news.output]))

    def sample(self, tenant_id: UUID, sample: Sample) -> None:
        """Show a sample to whoever looks at that machine."""
        self.send(of_machines(tenant_id, [sample]))
