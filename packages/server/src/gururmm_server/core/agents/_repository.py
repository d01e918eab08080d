"""One machine's rows."""

from typing import Any
from uuid import UUID

from gururmm_server.core.agents._fleet_repository import JOIN, ROW_COLUMNS
from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Sort, search_words

SOFTWARE_SORTS = {"name": Sort("lower(name)"), "version": Sort("version")}
CHANGE_SORTS = {"at": Sort("at", "timestamptz")}

_READINGS = ("cpu", "memory", "load", "receive_rate", "send_rate", "read_rate", "write_rate", "disk")


async def find(tx: Transaction, agent_id: UUID, client_id: UUID | None) -> Row | None:
    """A machine with its state, or None where it is not this Partner's (or not this Client's)."""
    return await tx.fetchrow(
        f"select {ROW_COLUMNS}, a.enrolled_at, a.protocol, s.latest, s.gateway_id from {JOIN}"
        " where a.agent_id = $1 and ($2::uuid is null or a.client_id = $2)",
        agent_id,
        client_id,
    )


async def inventory(tx: Transaction, agent_id: UUID) -> list[Row]:
    """Every section but software, which has a list of its own."""
    return await tx.fetch(
        "select section, items from core.agent_inventory where agent_id = $1 and section <> 'software'", agent_id
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


async def raw_history(tx: Transaction, agent_id: UUID, start: float, end: float, step_s: int) -> list[Row]:
    """Samples between two moments (Unix seconds), averaged over steps. `bucket` is the step's start."""
    return await tx.fetch(
        f"""select (floor(extract(epoch from at) / $4) * $4)::bigint as bucket, {_averages("avg")},
          max(temperature) as temperature
        from core.agent_metrics where agent_id = $1 and at >= to_timestamp($2) and at < to_timestamp($3)
        group by 1 order by 1""",
        agent_id,
        start,
        end,
        step_s,
    )


async def hourly_history(tx: Transaction, agent_id: UUID, start: float, end: float, step_s: int) -> list[Row]:
    """The same from the hourly roll-up."""
    return await tx.fetch(
        f"""select (floor(extract(epoch from at) / $4) * $4)::bigint as bucket, {_averages("avg")},
          max(temperature) as temperature
        from core.agent_metrics_hourly where agent_id = $1 and at >= to_timestamp($2) and at < to_timestamp($3)
        group by 1 order by 1""",
        agent_id,
        start,
        end,
        step_s,
    )


def _averages(function: str) -> str:
    return ", ".join(f"{function}({name})::float8 as {name}" for name in _READINGS)


async def site(tx: Transaction, site_id: UUID) -> Row | None:
    """A Site of this Partner, with its Client's name."""
    return await tx.fetchrow(
        "select s.site_id, s.client_id, s.name as site_name, c.name as client_name"
        " from core.sites s join core.clients c using (client_id) where s.site_id = $1",
        site_id,
    )


async def move(tx: Transaction, agent_id: UUID, site_row: Row) -> str | None:
    """Put a machine under a Site; the copies of names and Client follow. The gateway that holds it, if one does."""
    await tx.execute(
        "update core.agents set site_id = $2, client_id = $3, site_name = $4, client_name = $5 where agent_id = $1",
        agent_id,
        site_row["site_id"],
        site_row["client_id"],
        site_row["site_name"],
        site_row["client_name"],
    )
    gateway_id: str | None = await tx.fetchval(
        "update core.agent_state set client_id = $2 where agent_id = $1 returning case when online then gateway_id end",
        agent_id,
        site_row["client_id"],
    )
    return gateway_id


async def revoke(tx: Transaction, agent_id: UUID) -> bool:
    """Nothing begins at this machine from now on; whoever opens a terminal there waits. False where it is gone."""
    return bool(await tx.execute("update core.agents set revoked_at = now() where agent_id = $1", agent_id))


async def delete(tx: Transaction, agent_id: UUID) -> str | None:
    """Remove a machine and all that hangs on it, but for its key; the gateway that holds it, if one does."""
    gateway_id: str | None = await tx.fetchval(
        "select gateway_id from core.agent_state where agent_id = $1 and online", agent_id
    )
    await tx.execute(
        "insert into core.removed_agents (tenant_id, agent_id, public_key)"
        " select tenant_id, agent_id, public_key from core.agents where agent_id = $1 on conflict do nothing",
        agent_id,
    )
    await tx.execute("delete from core.agents where agent_id = $1", agent_id)
    return gateway_id
