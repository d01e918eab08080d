"""SQL of inventory: sections as they are, and their changes. JSON goes in as text that is already encoded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from gururmm_server.core.setting import ForPartners
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, read_page, search_words
from gururmm_server.infra.sql import all_of, raw, sql

SOFTWARE_SORTS = {"name": Sort("core.natural_key(name)"), "version": Sort("core.natural_key(version)")}
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

_FORGET = """
delete from core.inventory_changes where change_id in (
  select c.change_id from core.inventory_changes c
    left join unnest($2::uuid[], $3::int[]) as own(tenant_id, days) on own.tenant_id = c.tenant_id
  where c.at < now() - make_interval(days => $4) and c.at < now() - make_interval(days => coalesce(own.days, $1))
  limit $5)
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

# What machines say that they have. New titles are written by one statement in one order: gateways that meet the same
# ones wait for each other, and never round in a circle.
_LISTED = """
listed as (
  select i.tenant_id, i.agent_id, left(e.key, 300) as name, left(coalesce(e.value ->> 'version', ''), 100) as version
  from core.agent_inventory i cross join jsonb_each(i.items) e
  where i.agent_id = any($1::uuid[]) and i.section = 'software' and jsonb_typeof(e.value) = 'object'
    and e.value ? 'version' and e.key <> ''
)
"""
_NEW_TITLES = f"""
with {_LISTED}, new as (
  select distinct tenant_id, name, version from listed
  where not exists (select from core.software_titles t
    where t.tenant_id = listed.tenant_id and t.name = listed.name and t.version = listed.version)
), room as (
  select tenant_id, $2 - (select count(*) from core.software_titles t where t.tenant_id = new.tenant_id) as titles
  from new group by tenant_id
)
insert into core.software_titles (tenant_id, name, version)
select tenant_id, name, version
from (select *, row_number() over (partition by tenant_id order by name, version) as place from new) counted
join room using (tenant_id) where place <= room.titles order by tenant_id, name, version
on conflict do nothing
"""
_TITLES = f"""
with {_LISTED}, held as (
  select listed.agent_id, array_agg(distinct t.title_id) as titles
  from listed join core.software_titles t using (tenant_id, name, version) group by listed.agent_id
)
insert into core.agent_software (tenant_id, agent_id, titles)
select m.tenant_id, m.agent_id, coalesce(held.titles, '{{}}')
from unnest($2::uuid[], $1::uuid[]) as m(tenant_id, agent_id) left join held using (agent_id) order by m.agent_id
on conflict (agent_id) do update set titles = excluded.titles
"""
_FORGET_TITLES = """
delete from core.software_titles t
using (select tenant_id from core.software_titles group by tenant_id having count(*) > $1) crowded
where t.tenant_id = crowded.tenant_id and not exists (
  select from core.agent_software s where s.tenant_id = t.tenant_id and s.titles && array[t.title_id])
"""


class Held(msgspec.Struct, frozen=True):
    """A section as it is held."""

    hash: bytes
    items: dict[str, Any]


class SoftwareRow(msgspec.Struct, frozen=True):
    """Something that is installed."""

    name: str
    version: str
    source: str


class ChangeRow(msgspec.Struct, frozen=True):
    """A difference between what a section held and what it held then."""

    change_id: UUID
    at: datetime
    section: str
    key: str
    change: Literal["added", "changed", "removed"]
    before: Any
    after: Any


async def hashes(tx: Transaction, machines: Sequence[tuple[UUID, UUID]]) -> dict[tuple[bytes, str], bytes]:
    """Returns the hash that is held of each (agent, section) of these (tenant, agent)."""
    rows = await tx.fetch(
        "select i.agent_id, i.section, i.hash from core.agent_inventory i"
        " join unnest($1::uuid[], $2::uuid[]) as u(tenant_id, agent_id) using (tenant_id, agent_id)",
        [tenant_id for tenant_id, _ in machines],
        [agent_id for _, agent_id in machines],
    )
    return {(row[0].bytes, row[1]): row[2] for row in rows}


async def section(tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str) -> Held | None:
    """Returns a section, locked until the transaction ends."""
    row = await tx.fetchrow(
        "select hash, items from core.agent_inventory"
        " where tenant_id = $1 and agent_id = $2 and section = $3 for update",
        tenant_id,
        agent_id,
        name,
    )
    return Held(**row) if row is not None else None


async def keep(tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str, *, digest: bytes, items: str) -> None:
    """Replaces a section of a machine's inventory; `items` is JSON."""
    await tx.execute(_UPSERT, tenant_id, agent_id, name, digest, items)


async def keep_changes(
    tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str, changes: Sequence[tuple[UUID, str, str, Any, Any]]
) -> None:
    """Appends changes, each (id, key, added|changed|removed, JSON before, JSON after)."""
    columns = [list(column) for column in zip(*changes, strict=True)]
    await tx.execute(_CHANGES, tenant_id, agent_id, name, *columns)


async def changes_today(tx: Transaction, tenant_id: UUID, agent_id: UUID) -> int:
    """Returns how many rows the agent's history got since midnight (UTC)."""
    count: int = await tx.fetchval(_TODAY, agent_id, tenant_id)
    return count


async def count_left_out(tx: Transaction, tenant_id: UUID, agent_id: UUID, name: str, left_out: int) -> bool:
    """Adds to the day's row that says how many changes were left out. Returns True the first time that day."""
    return bool(await tx.fetchval(_LEFT_OUT, agent_id, tenant_id, name, left_out))


async def forget_changes(tx: Transaction, kept: ForPartners[int], limit: int) -> int:
    """Deletes up to `limit` rows of the inventory's history that are older than their Partner keeps them.

    Returns how many those were.
    """
    return await tx.execute(_FORGET, kept.most, list(kept.own), list(kept.own.values()), kept.least, limit)


async def keep_titles(tx: Transaction, machines: Sequence[tuple[UUID, UUID]], most: int) -> None:
    """Notes what these (tenant, agent) have by their software sections, to be searched by.

    A Partner has `most` titles; of those beyond, machines are not found.
    """
    agent_ids = [agent_id for _, agent_id in machines]
    await tx.execute(_NEW_TITLES, agent_ids, most)
    # Another statement: it sees also those that another gateway has written meanwhile.
    await tx.execute(_TITLES, agent_ids, [tenant_id for tenant_id, _ in machines])


async def forget_titles(tx: Transaction, crowded: int) -> int:
    """Deletes the titles that no machine has any more, of Partners with more than so many. Returns how many."""
    return await tx.execute(_FORGET_TITLES, crowded)


async def software(tx: Transaction, agent_id: UUID, query: PageQuery) -> Slice[SoftwareRow]:
    """Returns a page of the software section. Keys that are notes of the collector, not packages, are left out."""
    statement = sql(
        """with item as materialized (
          select e.key, e.key as name, coalesce(e.value ->> 'version', '') as version,
            coalesce(e.value ->> 'source', '') as source
          from core.agent_inventory i cross join jsonb_each(i.items) e
          where i.agent_id = {agent} and i.section = 'software' and jsonb_typeof(e.value) = 'object'
            and e.value ? 'version'
            and core.folded(e.key || ' ' || coalesce(e.value ->> 'version', '')) like all({words}::text[])
        ), page as (
          select item.name, item.version, item.source, {sort} as sort_value, key as sort_id from item
          where {after} {order} limit {limit}
        )
        select t.total, page.* from (select count(*) as total from item) t left join page on true
        order by page.sort_value {direction}, page.sort_id {direction}
        """,
        agent=agent_id,
        words=search_words(query.search),
        sort=raw(query.sort.expression),
        after=query.after_cursor("key", "text"),
        order=query.order("key"),
        limit=query.window,
        direction=raw("desc" if query.descending else "asc"),
    )
    rows = await tx.fetch(*statement.bound())
    shown, cursor = query.cut([row for row in rows if row["sort_id"] is not None])
    items = [SoftwareRow(row["name"], row["version"], row["source"]) for row in shown]
    return Slice(items, cursor, rows[0]["total"])


async def changes(tx: Transaction, agent_id: UUID, section: str | None, query: PageQuery) -> Slice[ChangeRow]:
    """Returns a page of the inventory's history."""
    text = raw("core.folded(concat_ws(' ', section, key, before::text, after::text))")
    asked = [
        sql("agent_id = {agent}", agent=agent_id),
        sql("{text} like all({words}::text[])", text=text, words=search_words(query.search)),
    ]
    if section is not None:
        asked.append(sql("section = {section}", section=section))
    return await read_page(
        tx,
        ChangeRow,
        query,
        columns="change_id, at, section, key, change, before, after",
        source="core.inventory_changes",
        where=all_of(asked),
        tie_break="change_id",
    )
