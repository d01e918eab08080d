"""SQL of inventory: sections as they are, and their changes. JSON goes in as text that is already encoded."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Sort, search_words

SOFTWARE_SORTS = {"name": Sort("lower(name)"), "version": Sort("version")}
CHANGE_SORTS = {"at": Sort("at", "timestamptz")}

_UPSERT = """
insert into core.agent_inventory (tenant_id, agent_id, section, hash, items) values ($1, $2, $3, $4, $5::text::jsonb)
on conflict (agent_id, section) do update set hash = excluded.hash, items = excluded.items, updated_at = now()
"""

_CHANGES = """
insert into core.inventory_changes (tenant_id, change_id, agent_id, at, section, key, change, before, after)
select $1, change_id, $2, now(), $3, key, change, before::jsonb, after::jsonb
from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[]) as u(change_id, key, change, before, after)
"""

# One row of an agent and day, found again by an id of its own making.
_LEFT_OUT_ID = "md5($1::uuid::text || ' left out ' || current_date)::uuid"
_TODAY = f"""
select count(*) from core.inventory_changes
where tenant_id = $2 and agent_id = $1 and at >= date_trunc('day', now()) and change_id <> {_LEFT_OUT_ID}
"""
_LEFT_OUT = f"""
insert into core.inventory_changes as c (change_id, agent_id, tenant_id, at, section, key, change, after)
values ({_LEFT_OUT_ID}, $1, $2, now(), $3, 'more changes of this day', 'changed',
  jsonb_build_object('left_out', $4::int))
on conflict (change_id) do update
  set after = jsonb_build_object('left_out', coalesce((c.after ->> 'left_out')::bigint, 0) + $4::int)
returning (after ->> 'left_out')::bigint = $4
"""

# Only what the section said anything about is set.
_DESCRIBE = """
update core.agents set hostname = coalesce($2, hostname), os_name = coalesce($3, os_name),
  os_family = coalesce($4, os_family), arch = coalesce($5, arch), addresses = coalesce($6, addresses),
  macs = coalesce($7, macs), username = coalesce($8, username), serial = coalesce($9, serial)
where tenant_id = $10 and agent_id = $1
"""


async def hashes(tx: Transaction, machines: Sequence[tuple[UUID, UUID]]) -> dict[tuple[bytes, str], bytes]:
    """Returns the hash that is held of each (agent, section) of these (tenant, agent)."""
    rows = await tx.fetch(
        "select i.agent_id, i.section, i.hash from core.agent_inventory i"
        " join unnest($1::uuid[], $2::uuid[]) as u(tenant_id, agent_id) using (tenant_id, agent_id)",
        [tenant_id for tenant_id, _ in machines],
        [agent_id for _, agent_id in machines],
    )
    return {(row[0].bytes, row[1]): row[2] for row in rows}


async def section(tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str) -> Row | None:
    """(hash, items) of a section, locked until the transaction ends."""
    return await tx.fetchrow(
        "select hash, items from core.agent_inventory"
        " where tenant_id = $1 and agent_id = $2 and section = $3 for update",
        tenant_id,
        agent_id,
        name,
    )


async def keep(tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str, *, digest: bytes, items: str) -> None:
    """Replace a section."""
    await tx.execute(_UPSERT, tenant_id, agent_id, name, digest, items)


async def keep_changes(
    tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str, changes: Sequence[tuple[UUID, str, str, Any, Any]]
) -> None:
    """Append (id, key, added|changed|removed, JSON before, JSON after)."""
    columns = [list(column) for column in zip(*changes, strict=True)]
    await tx.execute(_CHANGES, tenant_id, agent_id, name, *columns)


async def changes_today(tx: Transaction, tenant_id: UUID, agent_id: UUID) -> int:
    """How many rows the agent's history got since midnight (UTC)."""
    count: int = await tx.fetchval(_TODAY, agent_id, tenant_id)
    return count


async def count_left_out(tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str, left_out: int) -> bool:
    """Add to the day's row that says how many were left out; True where it is the first time that day."""
    return bool(await tx.fetchval(_LEFT_OUT, agent_id, tenant_id, name, left_out))


async def describe(tx: Transaction, tenant_id: UUID, agent_id: UUID, values: dict[str, Any]) -> None:
    """Set the columns of `core.agents` that `values` has."""
    names = ("hostname", "os_name", "os_family", "arch", "addresses", "macs", "username", "serial")
    await tx.execute(_DESCRIBE, agent_id, *[values.get(name) for name in names], tenant_id)


async def forget_changes(tx: Transaction, limit: int) -> int:
    """Delete up to `limit` rows of the inventory's history that are a year old; how many those were."""
    return await tx.execute(
        "delete from core.inventory_changes where change_id in"
        " (select change_id from core.inventory_changes where at < now() - interval '1 year' limit $1)",
        limit,
    )


async def software(tx: Transaction, agent_id: UUID, query: PageQuery) -> tuple[list[Row], int]:
    """A page of the software section. Keys that are notes of the collector, not packages, are left out."""
    after, bound = query.after_sql("key", 3, "text")
    rows = await tx.fetch(
        f"""with item as materialized (
          select e.key, e.key as name, coalesce(e.value ->> 'version', '') as version,
            coalesce(e.value ->> 'source', '') as source
          from core.agent_inventory i cross join jsonb_each(i.items) e
          where i.agent_id = $1 and i.section = 'software' and jsonb_typeof(e.value) = 'object'
            and e.value ? 'version' and lower(e.key || ' ' || coalesce(e.value ->> 'version', '')) like all($2::text[])
        ), page as (
          select item.*, {query.sort.expression} as sort_value, key as sort_id from item
          where {after} {query.order_by("key")} limit {query.fetch_count}
        )
        select t.total, page.* from (select count(*) as total from item) t left join page on true
        {query.order_by("key")}
        """,
        agent_id,
        search_words(query.search),
        *bound,
    )
    return [row for row in rows if row["sort_id"] is not None], rows[0]["total"]


async def changes(tx: Transaction, agent_id: UUID, section: str | None, query: PageQuery) -> tuple[list[Row], int]:
    """A page of the inventory's history."""
    after, bound = query.after_sql("change_id", 4)
    where = (
        "agent_id = $1 and ($2::text is null or section = $2)"
        " and lower(concat_ws(' ', section, key, before::text, after::text)) like all($3::text[])"
    )
    values: list[Any] = [agent_id, section, search_words(query.search)]
    rows = await tx.fetch(
        "select change_id, at, section, key, change, before, after, at as sort_value, change_id as sort_id"
        f" from core.inventory_changes where {where} and {after}"
        f" {query.order_by('change_id')} limit {query.fetch_count}",
        *values,
        *bound,
    )
    total: int = await tx.fetchval(f"select count(*) from core.inventory_changes where {where}", *values)
    return rows, total
