"""The fleet as a sorted page. Reads no more than it must: the plans are measured at 100,000 machines.

A page is found on the narrowest table that can say its order, then its rows are fetched by key.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from gururmm_server.core.agents.fleet import Conditions, FleetFilter, conditions, patterns
from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Sort

SORTS: dict[str, Sort] = {
    "hostname": Sort("lower(a.hostname)"),
    "os": Sort("lower(left(a.os_name, 200))"),
    "client": Sort("lower(a.client_name)"),
    "site": Sort("lower(a.site_name)"),
    "version": Sort("left(a.agent_version, 200)"),
    "status": Sort("case when s.online then 0 else 1 end", "bigint"),
    "cpu": Sort("s.cpu", "bigint", nullable=True),
    "memory": Sort("s.memory", "bigint", nullable=True),
    "disk": Sort("s.disk", "bigint", nullable=True),
    "last_seen": Sort("s.last_seen", "timestamptz", nullable=True),
}

ROW_COLUMNS = """
  a.agent_id, a.hostname, a.os_name, a.os_family, a.agent_version, a.client_id, a.client_name, a.site_id, a.site_name,
  a.addresses, a.username, s.online, s.cpu, s.memory, s.disk, s.last_seen, s.changed_at, s.uptime_s, s.problems"""

_INDEXED_PATTERN = 5
"""Three letters between two wildcards: a trigram, less than which the index cannot look for."""
_FEW = 1000

JOIN = "core.agents a join core.agent_state s on s.agent_id = a.agent_id"


async def page(tx: Transaction, fleet: FleetFilter, query: PageQuery) -> tuple[list[Row], int]:
    """The rows of a page (and one more, where there is more), and how many the filter means in all."""
    made = await _compiled(tx, fleet)
    sql, values = _page_sql(made, query)
    rows = await tx.fetch(sql, *values)
    if rows:
        return rows, rows[0]["total"]
    return [], await _count(tx, made)


async def count(tx: Transaction, fleet: FleetFilter) -> int:
    """How many machines the filter means."""
    return await _count(tx, await _compiled(tx, fleet))


async def targets(tx: Transaction, fleet: FleetFilter, limit: int) -> list[UUID]:
    """The ids of the machines that the filter means, up to `limit`, by name."""
    made = await _compiled(tx, fleet)
    rows = await tx.fetch(
        f"select a.agent_id from {JOIN}{_where(made)} order by lower(a.hostname), a.agent_id limit {int(limit)}",
        *made.values,
    )
    return [row["agent_id"] for row in rows]


async def _count(tx: Transaction, made: Conditions) -> int:
    found: int = await tx.fetchval(f"select count(*) from {_source(made, '')}{_where(made)}", *made.values)
    return found


async def _compiled(tx: Transaction, fleet: FleetFilter) -> Conditions:
    """The filter, with a rare word looked up through the trigram index; a common one is sought row by row."""
    longest = patterns(fleet.search)[:1]
    if not longest or len(longest[0]) < _INDEXED_PATTERN:
        return conditions(fleet)
    rows = await tx.fetch(f"select core.search_agents($1) as agent_id limit {_FEW + 1}", longest[0])
    return conditions(fleet, [row["agent_id"] for row in rows] if len(rows) <= _FEW else None)


def _page_sql(made: Conditions, query: PageQuery) -> tuple[str, list[Any]]:
    """The statement and its values. With a filter, page and total both come out of what was found once."""
    tables = _source(made, _table_of(query.sort))
    identity = "s.agent_id" if tables == "core.agent_state s" else "a.agent_id"
    where, found = _where(made), ""
    if where:
        select = f"select {identity}, {query.sort.expression} as key from {tables}{where}"
        found = f"found as materialized ({select}), "
        tables, identity, total = "found", "agent_id", "select count(*) from found"
        query = replace(query, sort=replace(query.sort, expression="key"))
    else:
        total = "select count(*) from core.agents"
    after, bound = query.after_sql(identity, len(made.values) + 1)
    direction = "desc" if query.descending else "asc"
    sql = (
        f"with {found}page as (select {identity} as sort_id, {query.sort.expression} as sort_value from {tables}"
        f" where {after} {query.order_by(identity)} limit {query.fetch_count})"
        f" select ({total}) as total, page.*, {ROW_COLUMNS} from page"
        " join core.agents a on a.agent_id = page.sort_id join core.agent_state s on s.agent_id = page.sort_id"
        f" order by page.sort_value {direction} nulls last, page.sort_id {direction}"
    )
    return sql, [*made.values, *bound]


def _table_of(sort: Sort) -> str:
    return "a" if "a." in sort.expression else "s"


def _source(made: Conditions, sort_table: str) -> str:
    """The tables that the conditions and the sort need."""
    agents, state = bool(made.agents) or sort_table == "a", bool(made.state) or sort_table == "s"
    if agents and state:
        return JOIN
    return "core.agent_state s" if state else "core.agents a"


def _where(made: Conditions) -> str:
    parts = [*made.agents, *made.state]
    return f" where {' and '.join(parts)}" if parts else ""
