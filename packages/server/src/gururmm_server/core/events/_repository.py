"""SQL of the activity feed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.events.feed import FeedRow
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, read_page, search_words
from gururmm_server.infra.sql import all_of, sql

SORTS = {"at": Sort("at", "timestamptz")}

_COLUMNS = "event_id, at, name, agent_id, hostname, site_id, actor, text, subject_id"

# The machine says whose it is: the event may be older than its move. The event does where the machine is gone.
_INSERT = """
insert into core.activity (tenant_id, event_id, at, name, agent_id, client_id, site_id, actor, hostname, text,
  subject_id, permission)
select u.tenant_id, u.event_id, u.at, u.name, u.agent_id, coalesce(a.client_id, u.client_id),
  coalesce(a.site_id, u.site_id), u.actor, u.hostname, u.text, u.subject_id, u.permission
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[],
  $9::text[], $10::text[], $11::uuid[], $12::text[])
  u(tenant_id, event_id, at, name, agent_id, client_id, site_id, actor, hostname, text, subject_id, permission)
left join core.machines a on a.agent_id = u.agent_id and a.tenant_id = u.tenant_id
on conflict do nothing
returning tenant_id, event_id, at, name, agent_id, client_id, site_id, actor, hostname, text, subject_id,
  permission
"""


async def insert(tx: Transaction, feed: Sequence[FeedRow]) -> list[FeedRow]:
    """Adds rows to the feed. Returns those that were not there yet, as they stand now."""
    rows = await tx.fetch(
        _INSERT,
        *(
            [getattr(row, name) for row in feed]
            for name in (
                "tenant_id",
                "event_id",
                "at",
                "name",
                "agent_id",
                "client_id",
                "site_id",
                "actor",
                "hostname",
                "text",
                "subject_id",
                "permission",
            )
        ),
    )
    return [FeedRow(**row) for row in rows]


class EventRow(msgspec.Struct, frozen=True):
    """An event in the feed."""

    event_id: UUID
    at: datetime
    name: str
    agent_id: UUID | None
    hostname: str | None
    site_id: UUID | None
    actor: str | None
    text: str
    subject_id: UUID | None


async def page(
    tx: Transaction, permissions: Collection[str], agent_id: UUID | None, name: str | None, query: PageQuery
) -> Slice[EventRow]:
    """Returns a page of what somebody with these permissions may read."""
    asked = [
        sql("permission = any({permissions}::text[])", permissions=list(permissions)),
        sql("core.folded(text) like all({words}::text[])", words=search_words(query.search)),
    ]
    if agent_id is not None:
        asked.append(sql("agent_id = {agent}", agent=agent_id))
    if name is not None:
        asked.append(sql("name = {name}", name=name))
    return await read_page(
        tx, EventRow, query, columns=_COLUMNS, source="core.activity", where=all_of(asked), tie_break="event_id"
    )
