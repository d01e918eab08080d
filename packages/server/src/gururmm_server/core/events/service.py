"""The activity feed: reading it, and adding what the event stream brought."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.events import _repository as rows
from gururmm_server.core.events import traffic
from gururmm_server.core.events.feed import FeedRow
from gururmm_server.infra.database import Database, Row
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import PageQuery

SORTS = rows.SORTS
_LIVE_ITEMS = 200


class ActivityFeed:
    """Any number of processes may add: an event that is there already stays as it is."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus

    async def page(self, caller: Scope, agent_id: UUID | None, name: str | None, query: PageQuery) -> dict[str, Any]:
        """Returns a page of what the caller may read, newest first."""
        async with self._db.scope(caller) as tx:
            found, total = await rows.page(tx, caller.subject.permissions, agent_id, name, query)
        page, cursor = query.cut(found)
        return {"items": [item(row) for row in page], "next_cursor": cursor, "total": total}

    async def add(self, feed: Sequence[FeedRow]) -> int:
        """Add rows of any tenants and show the new ones to who is looking; how many were new."""
        async with self._db.worker() as tx:
            added = await rows.insert(tx, feed)
        by_tenant: dict[UUID, list[traffic.FeedItem]] = {}
        for row in added:
            if row["permission"] is None:
                continue  # a kind of event that declares no audience is shown to nobody
            client = row["client_id"]
            shown = traffic.FeedItem(client.bytes if client else None, row["permission"], _portable(item(row)))
            by_tenant.setdefault(row["tenant_id"], []).append(shown)
        for tenant_id, items in by_tenant.items():
            for start in range(0, len(items), _LIVE_ITEMS):
                batch = traffic.LiveBatch(feed=items[start : start + _LIVE_ITEMS])
                await self._bus.publish(traffic.live(tenant_id), traffic.encode(batch))
        return len(added)


def item(row: Row) -> dict[str, Any]:
    """As `schemas.Event`."""
    return {
        "id": row["event_id"],
        **{name: row[name] for name in ("at", "name", "agent_id", "hostname", "site_id", "actor", "text")},
    }


def _portable(shown: dict[str, Any]) -> dict[str, Any]:
    """The item with ids and times as the API writes them, for a message between processes."""
    return {
        **shown,
        "id": str(shown["id"]),
        "at": shown["at"].isoformat().replace("+00:00", "Z"),
        "agent_id": shown["agent_id"] and str(shown["agent_id"]),
        "site_id": shown["site_id"] and str(shown["site_id"]),
    }
