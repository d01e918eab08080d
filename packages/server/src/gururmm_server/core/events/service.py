"""The activity feed: reading it, and adding what the event stream brought."""

from collections.abc import Iterable, Sequence
from typing import Any, Self
from uuid import UUID

import msgspec

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.component import EventKind, House
from gururmm_server.core.events import _repository as rows
from gururmm_server.core.events.feed import FeedReader, FeedRow
from gururmm_server.core.events.live import FeedItem
from gururmm_server.core.post.service import Post
from gururmm_server.infra.database import Database, Row
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.paging import PageQuery

log = get_logger(__name__)

SORTS = rows.SORTS


class ActivityFeed:
    """Any number of processes may add: an event that is there already stays as it is."""

    def __init__(self, db: Database, post: Post, kinds: Iterable[type[EventKind]]) -> None:
        """`kinds` are those of which the feed has a sentence."""
        self._db = db
        self._post = post
        self._reader = FeedReader(kinds)

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's feed."""
        return cls(house.db, house.get(Post), house.declared.events)

    async def page(self, caller: Scope, agent_id: UUID | None, name: str | None, query: PageQuery) -> dict[str, Any]:
        """Returns a page of what the caller may read, newest first."""
        async with self._db.scope(caller) as tx:
            found, total = await rows.page(tx, caller.subject.permissions, agent_id, name, query)
        page, cursor = query.cut(found)
        return {"items": [item(row) for row in page], "next_cursor": cursor, "total": total}

    async def take(self, envelopes: Sequence[bytes]) -> None:
        """Adds what the stream of events brought."""
        found: list[FeedRow] = []
        for envelope in envelopes:
            try:
                found.append(self._reader.read(envelope))
            except msgspec.MsgspecError as error:
                # It will never become readable: keeping it would only hold up the others.
                log.error("an event cannot be read", error=str(error))  # noqa: TRY400
        if found:
            await self.add(found)

    async def add(self, feed: Sequence[FeedRow]) -> int:
        """Add rows of any tenants and show the new ones to who is looking; how many were new."""
        async with self._db.worker() as tx:
            added = await rows.insert(tx, feed)
            by_tenant: dict[UUID, list[FeedItem]] = {}
            for row in added:
                if row["permission"] is None:
                    continue  # a kind of event that declares no audience is shown to nobody
                client = row["client_id"]
                shown = FeedItem(client.bytes if client else None, row["permission"], _portable(item(row)))
                by_tenant.setdefault(row["tenant_id"], []).append(shown)
            for tenant_id, items in by_tenant.items():
                tx.after_commit(self._post.to_dashboards, tenant_id, items)
        return len(added)


def item(row: Row) -> dict[str, Any]:
    """As `schemas.Event`."""
    return {
        "id": row["event_id"],
        **{
            name: row[name] for name in ("at", "name", "agent_id", "hostname", "site_id", "actor", "text", "subject_id")
        },
    }


def _portable(shown: dict[str, Any]) -> dict[str, Any]:
    """The item with ids and times as the API writes them, for a message between processes."""
    return {
        **shown,
        "at": shown["at"].isoformat().replace("+00:00", "Z"),
        **{name: shown[name] and str(shown[name]) for name in ("id", "agent_id", "site_id", "subject_id")},
    }
