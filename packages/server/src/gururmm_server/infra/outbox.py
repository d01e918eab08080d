"""Events leave with their transaction: a row here, written beside the change it tells of, then a relay to JetStream."""

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final, Protocol
from uuid import UUID

import msgspec

from gururmm_server.infra import subjects
from gururmm_server.infra.database import Database, Row, Transaction
from gururmm_server.infra.errors import GuruError, StartError
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import EVENTS_RELAYED, EVENTS_RESTORED
from gururmm_server.infra.nats import Bus, Unpublishable
from gururmm_server.infra.sql import Sql, sql
from gururmm_server.infra.subjects import EVENT

log = get_logger(__name__)

_RELAY_SQL = """
select event_id, tenant_id, name, version, payload, created_at from core.outbox
order by event_id limit 500 for update skip locked
"""
_MOVE = """
with moved as (delete from core.outbox where event_id = any($1::uuid[]) returning *)
insert into core.outbox_log (event_id, tenant_id, name, version, payload, created_at, stream, stream_seq)
select m.event_id, m.tenant_id, m.name, m.version, m.payload, m.created_at, $3, u.seq
from moved m join unnest($1::uuid[], $2::bigint[]) as u(event_id, seq) using (event_id) where u.seq is not null
on conflict (event_id) do update set stream = excluded.stream, stream_seq = excluded.stream_seq, relayed_at = now()
"""
# Another event had that number: the stream lost it before anybody looked.
_OVERTAKEN = """
with lost as (
  delete from core.outbox_log l using unnest($1::uuid[], $2::bigint[]) as u(event_id, seq)
  where l.stream = $3 and l.stream_seq = u.seq and l.event_id <> u.event_id
  returning l.event_id, l.tenant_id, l.name, l.version, l.payload, l.created_at
)
insert into core.outbox (event_id, tenant_id, name, version, payload, created_at)
select event_id, tenant_id, name, version, payload, created_at from lost on conflict do nothing
"""
# What was stored after the stream told how far it goes is moved once more: it knows the ids.
_PUT_BACK = """
with lost as (
  delete from core.outbox_log where stream <> $1 or stream_seq > $2 or stream_seq = any($3::bigint[])
  returning event_id, tenant_id, name, version, payload, created_at
)
insert into core.outbox (event_id, tenant_id, name, version, payload, created_at)
select event_id, tenant_id, name, version, payload, created_at from lost on conflict do nothing
"""
_FORGET = "delete from core.outbox_log where relayed_at < now() - interval '3 days'"

_GATHER_S = 0.03
"""Storing events costs several syncs of the disk. Who woke the relay is often in a hurry, and more events follow: so
it lets both pass."""
_AGAIN_S: Final = 1.0
PAYLOAD_BYTES: Final = 64 * 1024
"""The longest payload; a constraint of core.outbox says the same. The longest real one has 20 keys of an inventory."""
_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Publishable(Protocol):
    """An event: a frozen struct with its name and version on the class."""

    name: ClassVar[str]
    version: ClassVar[int]


OUTBOX_WAKE = subjects.OUTBOX_WAKE.of()
"""The subject on which relays hear that events are in the outbox."""


def connect(db: Database, bus: Bus) -> None:
    """Let every commit on this database that leaves events in the outbox wake the relays at once."""
    db.relay_bell = partial(bus.publish, OUTBOX_WAKE, b"")


async def publish(tx: Transaction, tenant_id: UUID, event: Publishable) -> UUID:
    """Write an event into the outbox of this transaction; its id. The commit wakes the relay."""
    tx.ring_relay()
    event_id = new_id()
    await tx.execute(
        "insert into core.outbox (event_id, tenant_id, name, version, payload) values ($1, $2, $3, $4, $5)",
        event_id,
        tenant_id,
        event.name,
        event.version,
        msgspec.json.encode(event),
    )
    return event_id


async def publish_many(tx: Transaction, events: Sequence[tuple[UUID, Publishable]]) -> None:
    """Write many events, (tenant, event) each, in one statement and in their order. The commit wakes the relay."""
    if events:
        tx.ring_relay()
        await tx.execute(
            "insert into core.outbox (event_id, tenant_id, name, version, payload) "
            "select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::bytea[])",
            [new_id() for _ in events],
            [tenant_id for tenant_id, _ in events],
            [event.name for _, event in events],
            [event.version for _, event in events],
            [msgspec.json.encode(event) for _, event in events],
        )


def publishing(events: Sequence[tuple[UUID, UUID, Publishable]], about: Sql) -> Sql:
    """Returns the statement that writes events, (about what, tenant, event) each, for another to have among its own.

    `about` is a query's text: only what it finds was there to tell of. Who runs the whole rings the relay.
    """
    return sql(
        "insert into core.outbox (event_id, tenant_id, name, version, payload)"
        " select event_id, tenant_id, name, version, payload from unnest({ids}::uuid[], {subjects}::uuid[],"
        " {tenants}::uuid[], {names}::text[], {versions}::int[], {payloads}::bytea[])"
        " as e(event_id, subject, tenant_id, name, version, payload) where subject in ({about})",
        ids=[new_id() for _ in events],
        subjects=[subject for subject, _, _ in events],
        tenants=[tenant_id for _, tenant_id, _ in events],
        names=[event.name for _, _, event in events],
        versions=[event.version for _, _, event in events],
        payloads=[msgspec.json.encode(event) for _, _, event in events],
        about=about,
    )


class OutboxRelay:
    """Moves outbox rows to JetStream. Any number may run; a row leaves the outbox only after the stream has it.

    It stays in a log for three days, longer than any reader is behind: what the stream lost is moved again. So the bus
    holds nothing that the database does not.
    """

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._wake = asyncio.Event()
        self._in_doubt = True
        """Whether the stream may have lost something since it was last looked at."""

    def wake(self, _subject: str = "", _payload: bytes = b"") -> None:
        """There is something to relay."""
        self._wake.set()

    async def doubt(self) -> None:
        """The stream may have lost what it had: its server was away."""
        self._in_doubt = True
        self._wake.set()

    async def run(self) -> None:
        """Relay for ever: soon after it was woken, each second otherwise."""
        while True:
            try:
                if self._in_doubt:
                    self._in_doubt = False
                    await self.restore()
                while await self.relay_once() == 500:
                    pass
            except (GuruError, StartError) as error:
                log.warning("events wait in the outbox", error=str(error))
                self._in_doubt = True
                await asyncio.sleep(_AGAIN_S)
                continue
            except Exception:
                log.exception("the relay failed and goes on")
                self._in_doubt = True
                await asyncio.sleep(_AGAIN_S)
                continue
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), 1)
                await asyncio.sleep(_GATHER_S)
            except TimeoutError:
                continue

    async def restore(self) -> int:
        """Put what the stream lost back into the outbox. Returns how many events those were. Raises `StartError`."""
        stream = await self._bus.ensure_events_stream()
        async with self._db.worker() as tx:
            lost = await tx.execute(_PUT_BACK, stream.made, stream.last_seq, stream.missing)
        if lost:
            EVENTS_RESTORED.inc(lost)
            log.warning("the stream lost events, which are moved again", events=lost)
        return lost

    async def relay_once(self) -> int:
        """One batch, in the order of the ids; how many left the outbox. Raises `Unavailable`: then all stay.

        A row that can never be published is logged and deleted: every other Partner's events would wait behind it.
        Where a crash brings rows back that were deleted, they are moved again: the stream knows their ids.
        """
        async with self._db.worker(repeatable=True) as tx:
            rows = await tx.fetch(_RELAY_SQL)
            if not rows:
                return 0
            stored = await asyncio.gather(*map(self._publish, rows))
            moved = [row["event_id"] for row in rows], stored, self._bus.events_made
            await tx.execute(_MOVE, *moved)
            await tx.execute(_OVERTAKEN, *moved)
        EVENTS_RELAYED.inc(sum(seq is not None for seq in stored))
        return len(rows)

    async def _publish(self, row: Row) -> int | None:
        """Returns the event's number in the stream; None for a row that is no event. Raises `Unavailable`."""
        try:
            _check(row)
            subject = EVENT.of(row["tenant_id"].hex, row["name"])
            return await self._bus.publish_event(subject, _envelope(row), str(row["event_id"]))
        except Unpublishable as error:
            log.error(  # noqa: TRY400 - its sentence says all
                "an event cannot be published",
                event_id=str(row["event_id"]),
                tenant_id=str(row["tenant_id"]),
                name=row["name"][:100],
                size=len(row["payload"]),
                error=str(error),
            )
            return None


async def forget_old(db: Database) -> int:
    """Deletes from the log what is old. Returns how many rows."""
    async with db.worker() as tx:
        return await tx.execute(_FORGET)


def _check(row: Row) -> None:
    """Raises `Unpublishable` for a row that is no event: whoever may write to the outbox may write anything."""
    if len(row["payload"]) > PAYLOAD_BYTES:
        raise Unpublishable("its payload is too long")
    if not _NAME.fullmatch(row["name"]):
        raise Unpublishable("its name is none")
    try:
        _object.decode(row["payload"])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Unpublishable(f"its payload is no object of JSON: {error}") from error


class Envelope(msgspec.Struct, frozen=True):
    """An event on the bus (JSON): who it belongs to, what it is, when it was written, and its own fields."""

    event_id: UUID
    tenant_id: UUID
    name: str
    version: int
    at: str
    payload: msgspec.Raw


def _envelope(row: Row) -> bytes:
    return msgspec.json.encode(
        {
            "event_id": row["event_id"],
            "tenant_id": row["tenant_id"],
            "name": row["name"],
            "version": row["version"],
            "at": row["created_at"],
            "payload": msgspec.Raw(row["payload"]),
        }
    )
