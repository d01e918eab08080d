"""Inventory: what a machine holds, and what changed. Hashes first; only sections that differ are sent."""

from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import msgspec
from gururmm_wire.codec import inventory_hash
from gururmm_wire.v2.agent import InventoryDelta, InventorySection

from gururmm_server.core.agents import record
from gururmm_server.core.component import House
from gururmm_server.core.inventory import _repository as repository
from gururmm_server.core.inventory import facts
from gururmm_server.core.inventory.events import AgentInventoryChanged
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.outbox import publish_many
from gururmm_server.infra.peer_log import PeerLog

log = get_logger(__name__)
about_peers = PeerLog(log)

KEYS = 5000
"""What a section may hold, as agents keep it themselves."""
TEXT = 1024 * 1024
"""Characters of JSON that a section may take, however many differences it grew from."""
CHANGES = 200
"""Rows of history from one upload; one more says how many others there were."""
CHANGES_A_DAY = 2000
"""Rows of history of one agent and day (UTC); one more says how many were left out."""
VALUE_BYTES = 2048
"""JSON of one value in the history; a longer one is replaced by its length."""
TITLES = 200_000
"""Names and versions of software that a Partner's machines can be searched by."""
_DEEPEST = 16

Change = tuple[UUID, str, str, str | None, str | None]
"""(id, key, added|changed|removed, JSON before, JSON after)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A section or a difference that an agent sent."""

    session: AgentSession
    message: InventorySection | InventoryDelta


@dataclass(slots=True)
class Stored:
    """What a batch of uploads came to, once it is committed."""

    wanted: list[tuple[AgentSession, str]] = field(default_factory=list)
    """Differences to something that is not held: the whole section is wanted."""
    software: dict[UUID, UUID] = field(default_factory=dict)
    """The machines, each with its tenant, whose software is new."""


class InventoryIngest:
    """Compares and writes inventory. Everything raises `Unavailable` or `StorageFull` with nothing written."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's service."""
        return cls(house.db)

    async def wanted(self, offers: list[tuple[AgentSession, dict[str, bytes]]]) -> list[tuple[AgentSession, list[str]]]:
        """Returns for each agent that offered hashes the sections of which another state is held."""
        async with self._db.ingest() as tx:
            held = await repository.hashes(tx, [(session.tenant_id, session.agent_uuid) for session, _ in offers])
        return [
            (
                session,
                [name for name, digest in hashes.items() if held.get((session.agent_id, name)) != digest],
            )
            for session, hashes in offers
        ]

    async def store(self, uploads: list[Upload]) -> Stored:
        """Write uploads in order, each with its changes, the agent's columns and the event."""
        stored = Stored()
        events: list[tuple[UUID, AgentInventoryChanged]] = []
        async with self._db.ingest() as tx:
            for upload in uploads:
                event = await self._store_one(tx, upload, stored)
                if event is not None:
                    events.append((upload.session.tenant_id, event))
            await publish_many(tx, events)
            if stored.software:
                machines = [(tenant_id, agent_id) for agent_id, tenant_id in sorted(stored.software.items())]
                await repository.keep_titles(tx, machines, TITLES)
        return stored

    async def _store_one(self, tx: Transaction, upload: Upload, stored: Stored) -> AgentInventoryChanged | None:
        session, message = upload.session, upload.message
        row = await repository.section(tx, session.tenant_id, session.agent_uuid, message.section)
        before: dict[str, Any] | None = row.items if row else None
        if isinstance(message, InventorySection):
            items = message.items
        elif row is not None and row.hash == message.base_hash and before is not None:
            removed = set(message.removed)
            items = {key: item for key, item in before.items() if key not in removed} | message.changed
        else:
            stored.wanted.append((session, message.section))
            return None
        if len(items) > KEYS:
            about_peers.info(
                session.agent_id,
                "inventory of too many keys is refused",
                **_ids(session),
                section=message.section,
                keys=len(items),
            )
            return None
        if not _matches(items, message.hash):
            if isinstance(message, InventoryDelta):
                stored.wanted.append((session, message.section))
            else:
                about_peers.info(
                    session.agent_id, "inventory without its hash is refused", **_ids(session), section=message.section
                )
            return None
        text = json_text(items)
        if len(text) > TEXT:
            about_peers.info(
                session.agent_id,
                "inventory that is too long is refused",
                **_ids(session),
                section=message.section,
                size=len(text),
            )
            return None
        after: dict[str, Any] = msgspec.json.decode(text)
        await self._keep(tx, upload, text, after, stored)
        if before is None:
            return None
        kept = await self._keep_changes(tx, session, message.section, _changes(before, after))
        if not kept:
            return None
        return AgentInventoryChanged(
            agent_id=session.agent_uuid,
            client_id=session.client_id,
            hostname=session.hostname,
            section=message.section,
            keys=[key for _, key, _, _, _ in kept[:20]],
        )

    async def _keep(self, tx: Transaction, upload: Upload, text: str, items: dict[str, Any], stored: Stored) -> None:
        """Replace a section, and what its machine is found by."""
        session, message = upload.session, upload.message
        await repository.keep(
            tx, session.tenant_id, session.agent_uuid, message.section, digest=message.hash, items=text
        )
        if message.section == "software":
            stored.software[session.agent_uuid] = session.tenant_id
        found = facts.facts(message.section, items)
        if found != record.Facts():
            await record.describe(tx, session.tenant_id, session.agent_uuid, found)
            session.hostname = found.hostname or session.hostname

    async def _keep_changes(
        self, tx: Transaction, session: AgentSession, section: str, changes: list[Change]
    ) -> list[Change]:
        """Append to the history what the agent's day has room for, and return that."""
        if not changes:
            return []
        room = max(0, CHANGES_A_DAY - await repository.changes_today(tx, session.tenant_id, session.agent_uuid))
        kept, left_out = changes[:room], len(changes) - room
        if kept:
            await repository.keep_changes(tx, session.tenant_id, session.agent_uuid, section, kept)
        if left_out > 0 and await repository.count_left_out(
            tx, session.tenant_id, session.agent_uuid, section, left_out
        ):
            about_peers.warning(
                session.agent_id, "inventory changes too often for its history", **_ids(session), section=section
            )
        return kept


def _matches(items: dict[str, Any], digest: bytes) -> bool:
    try:
        return inventory_hash(items) == digest
    except TypeError:
        return False  # MessagePack knows keys that are no text; a section has none


def json_text(items: dict[str, Any]) -> str:
    """Returns JSON that jsonb takes, whatever MessagePack had in it: no NUL, no exotic type, not too deep."""
    try:
        text = msgspec.json.encode(items).decode()
    except (TypeError, ValueError, RecursionError):
        text = ""
    if not text or "\\u0000" in text or text.count("[") + text.count("{") > 10_000 or _deep(items):
        text = msgspec.json.encode(_harmless(items, _DEEPEST)).decode()
    return text


def _deep(value: Any, left: int = _DEEPEST) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_deep(item, left - 1) for item in value.values())
    if isinstance(value, list):
        return left == 0 or any(_deep(item, left - 1) for item in value)
    return False


def _harmless(value: Any, left: int) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if value is None or isinstance(value, bool | int | float):
        return value
    if left == 0:
        return None
    if isinstance(value, dict):
        return {str(key).replace("\0", ""): _harmless(item, left - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(item, left - 1) for item in value]
    return str(value).replace("\0", "")[:1024]


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    differing = [key for key in before | after if key not in before or key not in after or before[key] != after[key]]
    changes: list[Change] = []
    for key in differing[:CHANGES]:
        if key not in before:
            changes.append((new_id(), key, "added", None, _json(after[key])))
        elif key not in after:
            changes.append((new_id(), key, "removed", _json(before[key]), None))
        else:
            changes.append((new_id(), key, "changed", _json(before[key]), _json(after[key])))
    if len(differing) > CHANGES:
        changes.append((new_id(), f"and {len(differing) - CHANGES} more", "changed", None, None))
    return changes


def _json(value: Any) -> str:
    text = msgspec.json.encode(value)
    if len(text) > VALUE_BYTES:
        text = msgspec.json.encode({"truncated": True, "bytes": len(text)})
    return text.decode()


def _ids(session: AgentSession) -> dict[str, str]:
    return {"agent_id": str(session.agent_uuid), "tenant_id": str(session.tenant_id)}
