"""What one browser gets of its Partner's live traffic: what it may see, what it asked for, no more than it can take.

Machines' rows are merged and sent once a second (a change of status at once). Everything else is queued in order. A
browser that does not read fast enough loses the queue and is told to `resync`: it asks the API again.
"""

import asyncio
import codecs
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import msgspec
from gururmm_wire.codec import MalformedMessage, decode_from_agent
from gururmm_wire.v2.agent import Metrics

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.commands.live import OutputPiece
from gururmm_server.core.component import LiveKind
from gururmm_server.core.fleet.rows import metrics
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.telemetry.live import Sample
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

QUEUE_ITEMS = 2000
QUEUE_BYTES = 4 * 1024 * 1024
AGENTS_PER_MESSAGE = 500
ROWS_INTERVAL_S = 1.0
_STREAMS = {1: "stdout", 2: "stderr"}
_encoder = msgspec.json.Encoder()


class LiveSession:
    """One browser. `take` is called with every batch; `messages` is what to send next."""

    def __init__(self, scope: Scope, kinds: Iterable[type[LiveKind]]) -> None:
        """`kinds` are those that the components declare; any other is passed over."""
        self.scope = scope
        self._kinds = tuple(kinds)
        self._takes: dict[type[LiveKind], Callable[[Any], None]] = {
            AgentRow: self._take_row,
            OutputPiece: self._take_output,
            Sample: self._take_sample,
        }
        self._clients = None if scope.client_ids is None else frozenset(each.bytes for each in scope.client_ids)
        self._visible: frozenset[bytes] = frozenset()
        self._watched: bytes | None = None
        self._commands: frozenset[bytes] = frozenset()
        self._decoders: dict[tuple[bytes, int], codecs.IncrementalDecoder] = {}
        self._rows: dict[bytes, AgentRow] = {}
        self._urgent = False
        self._queue: deque[str] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._rows_at = 0.0
        self.watched_again = asyncio.Event()
        """The watched machine came back: whoever serves this session asks it for fast readings again."""

    @property
    def watched(self) -> UUID | None:
        return UUID(bytes=self._watched) if self._watched else None

    def show(self, agent_ids: list[UUID]) -> None:
        """Note which rows are on the screen: their readings are wanted."""
        self._visible = frozenset(agent_id.bytes for agent_id in agent_ids)

    def watch(self, agent_id: UUID | None) -> None:
        """Note which machine's page is open: its samples are wanted."""
        self._watched = agent_id.bytes if agent_id else None

    def follow(self, command_ids: list[UUID]) -> None:
        """Note which commands' output is on the screen."""
        self._commands = frozenset(command_id.bytes for command_id in command_ids)
        self._decoders = {key: decoder for key, decoder in self._decoders.items() if key[0] in self._commands}

    def say(self, message: dict[str, Any]) -> None:
        """Queue a message."""
        text = _encoder.encode(message).decode()
        self._queued_bytes += len(text)
        self._queue.append(text)
        if len(self._queue) > QUEUE_ITEMS or self._queued_bytes > QUEUE_BYTES:
            self._resync()
        self._wake.set()

    def take(self, batch: LiveBatch | None) -> None:
        """Keep what this browser should get of a batch; None: something may have been missed."""
        if batch is None:
            self._resync()
            self._wake.set()
            return
        for kind in self._kinds:
            take = self._takes.get(kind, self._take_other)
            for item in batch.of(kind):
                try:
                    if self._receives(item):
                        take(item)
                except Exception:  # whoever sent it may be hostile: the others are shown
                    log.exception("a live message cannot be shown", kind=kind.kind)

    async def messages(self) -> list[str]:
        """Returns what to send now, in order; waits until there is something."""
        clock = asyncio.get_running_loop().time
        while True:
            due = self._urgent or clock() >= self._rows_at + ROWS_INTERVAL_S
            if self._rows and due:
                self._say_rows()
                self._rows_at = clock()
            if self._queue:
                ready = list(self._queue)
                self._queue.clear()
                self._queued_bytes = 0
                return ready
            self._wake.clear()
            wait = max(self._rows_at + ROWS_INTERVAL_S - clock(), 0.01) if self._rows else None
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    def _receives(self, item: LiveKind) -> bool:
        """Tells whether this browser's person is in the item's audience, see `Audience`."""
        audience = item.for_whom()
        if audience is None or audience.permission not in self.scope.subject.permissions:
            return False
        return self._clients is None or item.client_id in self._clients

    def _take_other(self, item: LiveKind) -> None:
        self.say({"type": item.kind, "item": item.shown()})

    def _take_row(self, row: AgentRow) -> None:
        if not (row.changed or row.agent_id in self._visible):
            return
        waiting = self._rows.get(row.agent_id)
        if waiting is not None and waiting.changed and not row.changed:
            row = msgspec.structs.replace(row, changed=True)
        self._rows[row.agent_id] = row
        if row.changed:
            self._urgent = True
            if row.online and row.agent_id == self._watched:
                self.watched_again.set()
        self._wake.set()

    def _take_output(self, piece: OutputPiece) -> None:
        if piece.command_id not in self._commands:
            return
        # A character may be cut between two pieces.
        key = (piece.command_id, piece.stream)
        decoder = self._decoders.get(key)
        if decoder is None:
            decoder = self._decoders[key] = codecs.getincrementaldecoder("utf-8")("replace")
        self.say(
            {
                "type": "output",
                "id": UUID(bytes=piece.command_id),
                "seq": piece.seq,
                "stream": _STREAMS.get(piece.stream, "stdout"),
                "text": decoder.decode(piece.data),
                "skipped": piece.skipped,
            }
        )

    def _take_sample(self, sample: Sample) -> None:
        if sample.agent_id != self._watched:
            return
        try:
            message = decode_from_agent(sample.metrics)
        except MalformedMessage:
            return
        if isinstance(message, Metrics):
            self.say({"type": "metrics", "agent_id": UUID(bytes=sample.agent_id), "sample": metrics(message)})

    def _say_rows(self) -> None:
        rows = []
        for row in self._rows.values():
            try:
                rows.append(row.shown())
            except Exception:
                log.exception("a machine's row cannot be shown")
        self._rows.clear()
        self._urgent = False
        for start in range(0, len(rows), AGENTS_PER_MESSAGE):
            self.say({"type": "agents", "items": rows[start : start + AGENTS_PER_MESSAGE]})

    def _resync(self) -> None:
        self._queue.clear()
        self._rows.clear()
        self._decoders.clear()
        self._queue.append('{"type":"resync"}')
        self._queued_bytes = 0
