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
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import EVENTS_RELAYED
from gururmm_server.infra.nats import Bus, Unpublishable
from gururmm_server.infra.sql import Sql, sql
from gururmm_server.infra.subjects import EVENT

log = get_logger(__name__)

_RELAY_SQL = """
select event_id, tenant_id, name, version, payload, created_at from core.outbox
order by event_id limit 500 for update skip locked
"""


_GATHER_S = 0.03
"""Storing events costs several syncs of the disk. Who woke the relay is often in a hurry, and more events follow: so
it lets both pass."""
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
    """Moves outbox rows to JetStream. Any number may run; a row is deleted only after the stream has it."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._wake = asyncio.Event()

    def wake(self, _subject: str = "", _payload: bytes = b"") -> None:
        """There is something to relay."""
        self._wake.set()

    async def run(self) -> None:
        """Relay for ever: soon after it was woken, each second otherwise."""
        while True:
            try:
                while await self.relay_once() == 500:
                    pass
            except GuruError as error:
                log.warning("events wait in the outbox", error=str(error))
                await asyncio.sleep(0.5)
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), 1)
                await asyncio.sleep(_GATHER_S)
            except TimeoutError:
                continue

    async def relay_once(self) -> int:
        """One batch, in the order of the ids; how many left the outbox. Raises `Unavailable`: then all stay.

        A row that can never be published is logged and deleted: every other Partner's events would wait behind it.
        Where a crash brings rows back that were deleted, they are moved again: the stream knows their ids.
        """
        async with self._db.worker(repeatable=True) as tx:
            rows = await tx.fetch(_RELAY_SQL)
            if not rows:
                return 0
            published = await asyncio.gather(*map(self._publish, rows))
            await tx.execute("delete from core.outbox where event_id = any($1)", [row["event_id"] for row in rows])
        EVENTS_RELAYED.inc(sum(published))
        return len(rows)

    async def _publish(self, row: Row) -> bool:
        """Returns False for a row that is no event. Raises `Unavailable`."""
        try:
            _check(row)
            subject = EVENT.of(row["tenant_id"].hex, row["name"])
            await self._bus.publish_event(subject, _envelope(row), str(row["event_id"]))
        except Unpublishable as error:
            log.error(  # noqa: TRY400 - its sentence says all
                "an event cannot be published",
                event_id=str(row["event_id"]),
                tenant_id=str(row["tenant_id"]),
                name=row["name"][:100],
                size=len(row["payload"]),
                error=str(error),
            )
            return False
        return True


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
