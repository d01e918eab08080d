"""SQL of the activity feed."""

from collections.abc import Collection, Sequence
from uuid import UUID

from gururmm_server.core.events.feed import FeedRow
from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Sort, search_words

SORTS = {"at": Sort("at", "timestamptz")}

_COLUMNS = "event_id, at, name, agent_id, client_id, site_id, actor, hostname, text, subject_id"

# The machine says whose it is: the event may be older than its move. The event does where the machine is gone.
_INSERT = """
insert into core.activity (tenant_id, event_id, at, name, agent_id, client_id, site_id, actor, hostname, text,
  subject_id, permission)
select u.tenant_id, u.event_id, u.at, u.name, u.agent_id, coalesce(a.client_id, u.client_id),
  coalesce(a.site_id, u.site_id), u.actor, u.hostname, u.text, u.subject_id, u.permission
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[],
  $9::text[], $10::text[], $11::uuid[], $12::text[])
  u(tenant_id, event_id, at, name, agent_id, client_id, site_id, actor, hostname, text, subject_id, permission)
left join core.agents a on a.agent_id = u.agent_id and a.tenant_id = u.tenant_id
on conflict do nothing
returning tenant_id, event_id, at, name, agent_id, client_id, site_id, actor, hostname, text, subject_id,
  permission
"""


async def insert(tx: Transaction, feed: Sequence[FeedRow]) -> list[Row]:
    """Add rows; those that were not there yet."""
    return await tx.fetch(
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


async def page(
    tx: Transaction, permissions: Collection[str], agent_id: UUID | None, name: str | None, query: PageQuery
) -> tuple[list[Row], int]:
    """Returns a page of what somebody with these permissions may read."""
    where = (
        "($1::uuid is null or agent_id = $1) and ($2::text is null or name = $2)"
        " and permission = any($3::text[])"
        " and lower(text) like all($4::text[])"
    )
    values = [agent_id, name, list(permissions), search_words(query.search)]
    after, bound = query.after_sql("event_id", 5)
    rows = await tx.fetch(
        f"select {_COLUMNS}, at as sort_value, event_id as sort_id from core.activity where {where} and {after}"
        f" {query.order_by('event_id')} limit {query.fetch_count}",
        *values,
        *bound,
    )
    total: int = await tx.fetchval(f"select count(*) from core.activity where {where}", *values)
    return rows, total
