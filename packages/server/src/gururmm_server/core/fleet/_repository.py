"""The fleet as a sorted page. Reads no more than it must: the plans are measured at 100,000 machines.

A page is found on the narrowest table that can say its order, then its rows are fetched by key. `a` is a machine's
record, `s` its state: the views of agents and presence, which the planner sees through.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.core.fleet.filter import FleetFilter, patterns
from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort
from gururmm_server.infra.sql import Sql, all_of, raw, sql

SORTS: dict[str, Sort] = {
    "hostname": Sort("a.hostname_key"),
    "os": Sort("a.os_key"),
    "client": Sort("a.client_key"),
    "site": Sort("a.site_key"),
    "version": Sort("left(a.agent_version, 200)"),
    "status": Sort("case when s.online then 0 else 1 end", "bigint"),
    "cpu": Sort("s.cpu", "bigint", nullable=True),
    "memory": Sort("s.memory", "bigint", nullable=True),
    "disk": Sort("s.disk", "bigint", nullable=True),
    "last_seen": Sort("s.last_seen", "timestamptz", nullable=True),
}


class FleetRow(msgspec.Struct, frozen=True):
    """A machine in the list. Readings in permille; `changed_at`: since when it is online, or not."""

    agent_id: UUID
    hostname: str
    os_name: str
    os_family: OsFamily
    agent_version: str
    client_id: UUID
    client_name: str
    site_id: UUID
    site_name: str
    addresses: list[str]
    username: str
    online: bool
    cpu: int | None
    memory: int | None
    disk: int | None
    last_seen: datetime | None
    changed_at: datetime
    uptime_s: int | None
    problems: list[ProblemKind]


class ReachRow(msgspec.Struct, frozen=True):
    """The machines of one family of systems, counted: all, those online, those of them that somebody uses now."""

    os_family: OsFamily
    machines: int
    online: int
    signed_in: int
    clients: list[UUID]


ROW_COLUMNS = """a.agent_id, a.hostname, a.os_name, a.os_family, a.agent_version, a.client_id, a.client_name, a.site_id,
  a.site_name, a.addresses, a.username, s.online, s.cpu, s.memory, s.disk, s.last_seen, s.changed_at, s.uptime_s,
  s.problems"""
"""In the order of `FleetRow`."""
JOIN = "core.machines a join core.machine_states s on s.agent_id = a.agent_id"
_TABLES = {"a": "core.machines a", "s": "core.machine_states s"}
_STATUS = {"online": "s.online", "offline": "not s.online", "problem": "s.problems <> '{}'"}
_INDEXED_PATTERN = 5
"""Three letters between two wildcards: a trigram, less than which the index cannot look for."""
_FEW = 1000
_SEARCH = f"select core.search_agents($1) as agent_id limit {_FEW + 1}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """A filter as SQL: what it asks of the record, and what of the state."""

    agents: list[Sql] = field(default_factory=list)
    state: list[Sql] = field(default_factory=list)

    @property
    def where(self) -> Sql:
        """Returns the condition that all of it holds."""
        return all_of([*self.agents, *self.state])


@dataclass(frozen=True, slots=True)
class _Way:
    """How a page is found: by a leading CTE or nothing, a statement without its limit, and one for the total."""

    found: Sql
    page: Sql
    total: Sql


async def page(tx: Transaction, fleet: FleetFilter, query: PageQuery) -> Slice[FleetRow]:
    """Returns a page of the machines that the filter means."""
    made, common = await _compiled(tx, fleet)
    # A single common word is soon met on the way through the order; anything else is found first, then sorted.
    met = common and len(made.agents) == 1 and not made.state
    rows = await tx.fetch(*_page_sql(made, query, met).bound())
    shown, cursor = query.cut(rows)
    total = rows[0]["total"] if rows else await _count(tx, made)
    return Slice([FleetRow(*row[3:]) for row in shown], cursor, total)


async def count(tx: Transaction, fleet: FleetFilter) -> int:
    """Returns how many machines the filter means."""
    made, _ = await _compiled(tx, fleet)
    return await _count(tx, made)


async def targets(tx: Transaction, fleet: FleetFilter, limit: int) -> list[UUID]:
    """Returns the ids of the machines that the filter means, up to `limit`, by name."""
    made, _ = await _compiled(tx, fleet)
    statement = sql(
        "select a.agent_id from {join} where {where} order by a.hostname_key, a.agent_id limit {limit}",
        join=raw(JOIN),
        where=made.where,
        limit=limit,
    )
    return [row["agent_id"] for row in await tx.fetch(*statement.bound())]


async def reach(tx: Transaction, wanted: FleetFilter | list[UUID]) -> list[ReachRow]:
    """Returns, for each family of systems, how many machines a filter or these ids mean."""
    if isinstance(wanted, list):
        where = sql("a.agent_id = any({ids}::uuid[])", ids=wanted)
    else:
        where = (await _compiled(tx, wanted))[0].where
    statement = sql(
        "select a.os_family, count(*) as machines, count(*) filter (where s.online) as online,"
        " count(*) filter (where s.online and a.username <> '') as signed_in,"
        " array_agg(distinct a.client_id) as clients"
        " from {join} where {where} group by a.os_family",
        join=raw(JOIN),
        where=where,
    )
    return [ReachRow(**row) for row in await tx.fetch(*statement.bound())]


async def _count(tx: Transaction, made: Conditions) -> int:
    source = raw(_source(made, ""))
    counted = sql("select count(*) from {source} where {where}", source=source, where=made.where)
    found: int = await tx.fetchval(*counted.bound())
    return found


async def _compiled(tx: Transaction, fleet: FleetFilter) -> tuple[Conditions, bool]:
    """Returns the filter, its longest word looked up where that is rare, and whether that word is common."""
    longest = patterns(fleet.search)[:1]
    if not longest or len(longest[0]) < _INDEXED_PATTERN:
        return _conditions(fleet), False
    rows = await tx.fetch(_SEARCH, longest[0])
    common = len(rows) > _FEW
    return _conditions(fleet, None if common else [row["agent_id"] for row in rows]), common


def _conditions(fleet: FleetFilter, known: list[UUID] | None = None) -> Conditions:
    """Returns a filter as SQL. `known` are the machines that the longest word was found to mean."""
    made = Conditions()
    if known is not None:
        made.agents.append(sql("a.agent_id = any({known}::uuid[])", known=known))
    # As a number: the planner takes a bare LIKE for rare, and a common word would then cost a lookup for each machine.
    made.agents.extend(sql("(a.search_text like {word})::int > 0", word=word) for word in patterns(fleet.search))
    if fleet.status is not None:
        made.state.append(raw(_STATUS[fleet.status]))
    if fleet.hostname is not None:
        made.agents.append(sql("lower(a.hostname) = lower({name})", name=fleet.hostname))
    if fleet.site_id is not None:
        made.agents.append(sql("a.site_id = {site}", site=fleet.site_id))
    if fleet.os is not None:
        made.agents.append(sql("a.os_family = {os}", os=fleet.os))
    if fleet.client_id is not None:
        on_record = bool(made.agents) or not made.state
        chosen = sql("{table}.client_id = {client}", table=raw("a" if on_record else "s"), client=fleet.client_id)
        (made.agents if on_record else made.state).append(chosen)
    return made


def _page_sql(made: Conditions, query: PageQuery, met: bool) -> Sql:
    """Returns the page's statement. `met` says that the filter is applied on the way through the order."""
    if made.agents or made.state:
        way = _met_in_order(made, query) if met else _found_then_sorted(made, query)
    else:
        way = _in_order(query)
    return sql(
        "with {found}page as ({page} limit {limit})"
        " select ({total}) as total, page.sort_value, page.sort_id, {columns} from page"
        " join core.machines a on a.agent_id = page.sort_id join core.machine_states s on s.agent_id = page.sort_id"
        " order by page.sort_value {direction} nulls last, page.sort_id {direction}",
        found=way.found,
        page=way.page,
        limit=query.window,
        total=way.total,
        columns=raw(ROW_COLUMNS),
        direction=raw("desc" if query.descending else "asc"),
    )


def _in_order(query: PageQuery) -> _Way:
    """Returns the way to the whole fleet: by an index of agents, or by sorting the state rows."""
    page_sql = _ordered(query, _table_of(query.sort), raw("true"))
    return _Way(raw(""), page_sql, raw("select count(*) from core.machines"))


def _met_in_order(made: Conditions, query: PageQuery) -> _Way:
    """Returns the way for a filter that many agents fulfil: through the order, until the page is full."""
    table = _table_of(query.sort)
    total = sql("select count(*) from core.machines a where {where}", where=made.where)
    if table == "a":
        return _Way(raw(""), _ordered(query, "a", made.where), total)
    outer = replace(query, sort=replace(query.sort, expression="o.sort_value"))
    page_sql = sql(
        "select o.* from ({ordered}) o join core.machines a on a.agent_id = o.sort_id where {where} {order}",
        ordered=_ordered(query, "s", raw("true")),
        where=made.where,
        order=outer.order("o.sort_id"),
    )
    return _Way(raw(""), page_sql, total)


def _ordered(query: PageQuery, table: str, where: Sql) -> Sql:
    """Returns the statement for one table's rows after the cursor, in the page's order."""
    identity = f"{table}.agent_id"
    return sql(
        "select {identity} as sort_id, {key} as sort_value from {table} where {where} and {after} {order}",
        identity=raw(identity),
        key=raw(query.sort.expression),
        table=raw(_TABLES[table]),
        where=where,
        after=query.after_cursor(identity),
        order=query.order(identity),
    )


def _found_then_sorted(made: Conditions, query: PageQuery) -> _Way:
    """Returns the way that finds all that the filter means once; page and total both come out of that."""
    source = _source(made, _table_of(query.sort))
    found = sql(
        "found as materialized (select {identity} as sort_id, {key} as sort_value from {source} where {where}), ",
        identity=raw("s.agent_id" if source == _TABLES["s"] else "a.agent_id"),
        key=raw(query.sort.expression),
        source=raw(source),
        where=made.where,
    )
    inner = replace(query, sort=replace(query.sort, expression="sort_value"))
    page_sql = sql(
        "select * from found where {after} {order}", after=inner.after_cursor("sort_id"), order=inner.order("sort_id")
    )
    return _Way(found, page_sql, raw("select count(*) from found"))


def _table_of(sort: Sort) -> str:
    return "a" if "a." in sort.expression else "s"


def _source(made: Conditions, sort_table: str) -> str:
    """Returns the tables that the conditions and the sort need."""
    agents, state = bool(made.agents) or sort_table == "a", bool(made.state) or sort_table == "s"
    if agents and state:
        return JOIN
    return _TABLES["s" if state else "a"]
