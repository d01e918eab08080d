"""The fleet as a sorted page. Reads no more than it must: the plans are measured at 100,000 machines.

A page is found on the narrowest table that can say its order, then its rows are fetched by key.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from gururmm_server.core.agents.fleet import Conditions, FleetFilter, conditions, patterns
from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import Key, PageQuery, Sort

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

_TABLES = {"a": "core.agents a", "s": "core.agent_state s"}
JOIN = "core.agents a join core.agent_state s on s.agent_id = a.agent_id"


async def page(tx: Transaction, fleet: FleetFilter, query: PageQuery) -> tuple[list[Row], int]:
    """The rows of a page (and one more, where there is more), and how many the filter means in all."""
    made, common = await _compiled(tx, fleet)
    # A single common word is soon met on the way through the order; anything else is found first, then sorted.
    met = common and len(made.agents) == 1 and not made.state
    sql, values = _page_sql(made, query, met)
    rows = await tx.fetch(sql, *values)
    if rows:
        return rows, rows[0]["total"]
    return [], await _count(tx, made)


async def count(tx: Transaction, fleet: FleetFilter) -> int:
    """How many machines the filter means."""
    made, _ = await _compiled(tx, fleet)
    return await _count(tx, made)


async def targets(tx: Transaction, fleet: FleetFilter, limit: int) -> list[UUID]:
    """The ids of the machines that the filter means, up to `limit`, by name."""
    made, _ = await _compiled(tx, fleet)
    rows = await tx.fetch(
        f"select a.agent_id from {JOIN}{_where(made)} order by lower(a.hostname), a.agent_id limit {int(limit)}",
        *made.values,
    )
    return [row["agent_id"] for row in rows]


async def _count(tx: Transaction, made: Conditions) -> int:
    found: int = await tx.fetchval(f"select count(*) from {_source(made, '')}{_where(made)}", *made.values)
    return found


async def _compiled(tx: Transaction, fleet: FleetFilter) -> tuple[Conditions, bool]:
    """The filter, with a rare word looked up through the trigram index; whether its longest is common."""
    longest = patterns(fleet.search)[:1]
    if not longest or len(longest[0]) < _INDEXED_PATTERN:
        return conditions(fleet), False
    rows = await tx.fetch(f"select core.search_agents($1) as agent_id limit {_FEW + 1}", longest[0])
    common = len(rows) > _FEW
    return conditions(fleet, None if common else [row["agent_id"] for row in rows]), common


def _page_sql(made: Conditions, query: PageQuery, met: bool) -> tuple[str, list[Any]]:
    """The statement and its values. `met`: the filter is applied on the way through the order."""
    if made.agents or made.state:
        chosen = _met_in_order(made, query) if met else _found_then_sorted(made, query)
    else:
        chosen = _in_order(query)
    found, page_sql, total, bound = chosen
    direction = "desc" if query.descending else "asc"
    sql = (
        f"with {found}page as ({page_sql} limit {query.fetch_count})"
        f" select ({total}) as total, page.*, {ROW_COLUMNS} from page"
        " join core.agents a on a.agent_id = page.sort_id join core.agent_state s on s.agent_id = page.sort_id"
        f" order by page.sort_value {direction} nulls last, page.sort_id {direction}"
    )
    return sql, [*made.values, *bound]


_Parts = tuple[str, str, str, list[Key]]
"""A leading CTE or nothing, the page without its limit, the total, and the values beyond the filter's."""


def _in_order(query: PageQuery) -> _Parts:
    """The whole fleet: by an index of agents, or by sorting the state rows."""
    table = _table_of(query.sort)
    identity = f"{table}.agent_id"
    after, bound = query.after_sql(identity, 1)
    page_sql = (
        f"select {identity} as sort_id, {query.sort.expression} as sort_value from {_TABLES[table]} where {after}"
    )
    return "", f"{page_sql} {query.order_by(identity)}", "select count(*) from core.agents", bound


def _met_in_order(made: Conditions, query: PageQuery) -> _Parts:
    """A filter on agents that many fulfil: go through the order and stop when the page is full."""
    table, where = _table_of(query.sort), _where(made)
    identity = f"{table}.agent_id"
    after, bound = query.after_sql(identity, len(made.values) + 1)
    total = f"select count(*) from core.agents a{where}"
    key = query.sort.expression
    if table == "a":
        page_sql = f"select a.agent_id as sort_id, {key} as sort_value from core.agents a{where} and {after}"
        return "", f"{page_sql} {query.order_by(identity)}", total, bound
    ordered = f"select s.agent_id as sort_id, {key} as sort_value from core.agent_state s where {after}"
    ordered = f"{ordered} {query.order_by(identity)}"
    page_sql = f"select o.* from ({ordered}) o join core.agents a on a.agent_id = o.sort_id{where}"
    outer = replace(query, sort=replace(query.sort, expression="o.sort_value"))
    return "", f"{page_sql} {outer.order_by('o.sort_id')}", total, bound


def _found_then_sorted(made: Conditions, query: PageQuery) -> _Parts:
    """Find all that the filter means once; the page and the total both come out of that."""
    tables = _source(made, _table_of(query.sort))
    identity = "s.agent_id" if tables == _TABLES["s"] else "a.agent_id"
    found = f"select {identity} as sort_id, {query.sort.expression} as sort_value from {tables}{_where(made)}"
    inner = replace(query, sort=replace(query.sort, expression="sort_value"))
    after, bound = inner.after_sql("sort_id", len(made.values) + 1)
    page_sql = f"select * from found where {after} {inner.order_by('sort_id')}"
    return f"found as materialized ({found}), ", page_sql, "select count(*) from found", bound


def _table_of(sort: Sort) -> str:
    return "a" if "a." in sort.expression else "s"


def _source(made: Conditions, sort_table: str) -> str:
    """The tables that the conditions and the sort need."""
    agents, state = bool(made.agents) or sort_table == "a", bool(made.state) or sort_table == "s"
    if agents and state:
        return JOIN
    return _TABLES["s" if state else "a"]


def _where(made: Conditions) -> str:
    parts = [*made.agents, *made.state]
    return f" where {' and '.join(parts)}" if parts else ""
