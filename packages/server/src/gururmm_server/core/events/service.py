"""The activity feed: reading it, and adding what the event stream brought."""

from collections.abc import Iterable, Sequence
from typing import Self
from uuid import UUID

import msgspec

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.component import EventKind, House
from gururmm_server.core.events import _repository as rows
from gururmm_server.core.events._repository import EventRow
from gururmm_server.core.events.feed import FeedReader, FeedRow
from gururmm_server.core.events.live import FeedItem
from gururmm_server.core.events.schemas import Event
from gururmm_server.core.post.service import Post
from gururmm_server.infra.database import Database
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.paging import PageQuery, Slice
from gururmm_server.infra.translated import REFUSED_DATA

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

    async def page(self, caller: Scope, agent_id: UUID | None, name: str | None, query: PageQuery) -> Slice[Event]:
        """Returns a page of what the caller may read, newest first."""
        async with self._db.scope(caller) as tx:
            found = await rows.page(tx, caller.subject.permissions, agent_id, name, query)
        return found.each(event)

    async def take(self, envelopes: Sequence[bytes]) -> None:
        """Adds the events that the stream brought to the feeds of their Partners.

        What can never be added is logged and passed over: it would hold up everybody's feed. Raises `Unavailable`.
        """
        found: list[FeedRow] = []
        for envelope in envelopes:
            try:
                found.append(self._reader.read(envelope))
            except (msgspec.MsgspecError, RecursionError) as error:
                # It will never become readable: keeping it would only hold up the others.
                log.error("an event cannot be read", error=str(error))  # noqa: TRY400
        if not found:
            return
        try:
            await self.add(found)
        except REFUSED_DATA:
            for row in found:
                await self._add_alone(row)

    async def _add_alone(self, row: FeedRow) -> None:
        try:
            await self.add([row])
        except REFUSED_DATA as error:
            log.error(  # noqa: TRY400 - the database's sentence says all
                "an event cannot be in the feed",
                event_id=str(row.event_id),
                tenant_id=str(row.tenant_id),
                name=row.name[:100],
                error=str(error),
            )

    async def add(self, feed: Sequence[FeedRow]) -> int:
        """Adds rows of any tenants and shows the new ones to who is looking. Returns how many were new."""
        async with self._db.worker() as tx:
            added = await rows.insert(tx, feed)
            by_tenant: dict[UUID, list[FeedItem]] = {}
            for row in added:
                if row.permission is None:
                    continue  # a kind of event that declares no audience is shown to nobody
                client = row.client_id.bytes if row.client_id else None
                shown = FeedItem(client, row.permission, msgspec.to_builtins(event(row)))
                by_tenant.setdefault(row.tenant_id, []).append(shown)
            for tenant_id, items in by_tenant.items():
                tx.after_commit(self._post.to_dashboards, tenant_id, items)
        return len(added)


def event(row: EventRow | FeedRow) -> Event:
    """Returns a row of the feed as the API says it."""
    return Event(
        id=row.event_id,
        at=row.at,
        name=row.name,
        agent_id=row.agent_id,
        hostname=row.hostname,
        site_id=row.site_id,
        actor=row.actor,
        text=row.text,
        subject_id=row.subject_id,
    )
