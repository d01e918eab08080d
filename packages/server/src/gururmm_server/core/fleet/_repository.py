"""The fleet as a sorted page. Reads no more than it must: the plans are measured at 100,000 machines.

A page is found on the narrowest table that can say its order, then its rows are fetched by key. `a` is a machine's
record, `s` its state: the views of agents and presence, which the planner sees through.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.core.fleet.filter import FleetFilter, patterns, text_patterns
from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.core.search.fields import Asked
from gururmm_server.core.search.kinds import contains
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, folded
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
    """A filter as SQL: what it asks of the record, what of the state, and what of both at once."""

    agents: list[Sql] = field(default_factory=list)
    state: list[Sql] = field(default_factory=list)
    both: list[Sql] = field(default_factory=list)
    looked_up: bool = False
    """It holds for some of a few machines, which are named."""

    @property
    def where(self) -> Sql:
        """Returns the condition that all of it holds."""
        return all_of([*self.agents, *self.state, *self.both])

    @property
    def on_record(self) -> bool:
        """Tells whether it asks anything of the record."""
        return bool(self.agents or self.both)

    @property
    def on_state(self) -> bool:
        """Tells whether it asks anything of the state."""
        return bool(self.state or self.both)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a page is found: by a leading CTE or nothing, a statement without its limit, and one for the total."""

    found: Sql
    page: Sql
    total: Sql


async def page(tx: Transaction, fleet: FleetFilter, asked: Asked, query: PageQuery) -> Slice[FleetRow]:
    """Returns a page of the machines that the filter and its query mean."""
    made, common = await _compiled(tx, fleet, asked)
    total: int | None = None
    if asked.conditions and not made.looked_up:
        # A query may mean a few machines or most of them, and no index tells beforehand.
        total = await _count(tx, made)
        if total == 0:
            return Slice([], None, 0)
        met = total > _FEW
    else:
        # A single common word is soon met on the way through the order; anything else is found first, then sorted.
        met = common and len(made.agents) == 1 and not made.on_state
    rows = await tx.fetch(*_page_sql(made, query, met, total).bound())
    shown, cursor = query.cut(rows)
    if total is None:
        total = rows[0]["total"] if rows else await _count(tx, made)
    return Slice([FleetRow(*row[3:]) for row in shown], cursor, total)


async def targets(tx: Transaction, fleet: FleetFilter, asked: Asked, limit: int) -> list[UUID]:
    """Returns the ids of the machines that the filter and its query mean, up to `limit`, by name."""
    made, _ = await _compiled(tx, fleet, asked)
    statement = sql(
        "select a.agent_id from {join} where {where} order by a.hostname_key, a.agent_id limit {limit}",
        join=raw(JOIN),
        where=made.where,
        limit=limit,
    )
    return [row["agent_id"] for row in await tx.fetch(*statement.bound())]


async def reach(tx: Transaction, wanted: FleetFilter | list[UUID], asked: Asked) -> list[ReachRow]:
    """Returns, for each family of systems, how many machines a filter with its query, or these ids, mean."""
    if isinstance(wanted, list):
        where = sql("a.agent_id = any({ids}::uuid[])", ids=wanted)
    else:
        where = (await _compiled(tx, wanted, asked))[0].where
    statement = sql(
        "select a.os_family, count(*) as machines, count(*) filter (where s.online) as online,"
        " count(*) filter (where s.online and a.username <> '') as signed_in,"
        " array_agg(distinct a.client_id) as clients"
        " from {join} where {where} group by a.os_family",
        join=raw(JOIN),
        where=where,
    )
    return [ReachRow(**row) for row in await tx.fetch(*statement.bound())]


def free_text(text: str) -> Sql:
    """Returns the condition that a machine is known by a text of a query."""
    return all_of(map(_known_as, text_patterns(text)))


def _known_as(pattern: str) -> Sql:
    # As a number: the planner takes a bare LIKE for rare, and a common word would then cost a lookup for each machine.
    return sql("(a.search_text like {pattern})::int > 0", pattern=pattern)


async def _count(tx: Transaction, made: Conditions) -> int:
    source = raw(_source(made, ""))
    counted = sql("select count(*) from {source} where {where}", source=source, where=made.where)
    found: int = await tx.fetchval(*counted.bound())
    return found


async def _compiled(tx: Transaction, fleet: FleetFilter, asked: Asked) -> tuple[Conditions, bool]:
    """Returns the filter, its longest word looked up where that is rare, and whether that word is common."""
    words = [*patterns(fleet.search), *(word for text in asked.free for word in text_patterns(text))]
    told = [contains(folded(condition.known_by)) for condition in asked.conditions]
    longest = max([*words, *told], key=len, default="")
    if len(longest) < _INDEXED_PATTERN:
        return _conditions(fleet, asked, words), False
    rows = await tx.fetch(_SEARCH, longest)
    common = len(rows) > _FEW
    return _conditions(fleet, asked, words, None if common else [row["agent_id"] for row in rows]), common


def _conditions(fleet: FleetFilter, asked: Asked, words: list[str], known: list[UUID] | None = None) -> Conditions:
    """Returns a filter as SQL. `known` are the machines that the longest word was found to mean."""
    made = Conditions(looked_up=known is not None)
    if known is not None:
        made.agents.append(sql("a.agent_id = any({known}::uuid[])", known=known))
    made.agents.extend(map(_known_as, words))
    for condition in asked.conditions:
        places = {frozenset("a"): made.agents, frozenset("s"): made.state}
        places.get(condition.tables, made.both).append(sql("({asked})::int > 0", asked=condition.where))
    if fleet.status is not None:
        made.state.append(raw(_STATUS[fleet.status]))
    if fleet.hostname is not None:
        made.agents.append(sql("lower(a.hostname) = lower({name})", name=fleet.hostname))
    if fleet.site_id is not None:
        made.agents.append(sql("a.site_id = {site}", site=fleet.site_id))
    if fleet.os is not None:
        made.agents.append(sql("a.os_family = {os}", os=fleet.os))
    if fleet.client_id is not None:
        on_record = made.on_record or not made.on_state
        chosen = sql("{table}.client_id = {client}", table=raw("a" if on_record else "s"), client=fleet.client_id)
        (made.agents if on_record else made.state).append(chosen)
    return made


def _page_sql(made: Conditions, query: PageQuery, met: bool, total: int | None) -> Sql:
    """Returns the page's statement. `met` says that the filter is applied on the way through the order.

    It counts by itself where the `total` is not known yet.
    """
    if made.on_record or made.on_state:
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
        total=way.total if total is None else sql("{total}::bigint", total=total),
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
    source = raw(_source(made, ""))
    total = sql("select count(*) from {source} where {where}", source=source, where=made.where)
    if not (made.on_state if table == "a" else made.on_record):
        return _Way(raw(""), _ordered(query, table, made.where), total)
    outer = replace(query, sort=replace(query.sort, expression="o.sort_value"))
    # A subquery in the condition is asked of each machine as it comes, never joined with all of them before.
    page_sql = sql(
        "select o.* from ({ordered}) o where (select {where} from {source} where {identity} = o.sort_id) {order}",
        ordered=_ordered(query, table, raw("true")),
        where=made.where,
        source=source,
        identity=raw("a.agent_id" if made.on_record else "s.agent_id"),
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
    agents, state = made.on_record or sort_table == "a", made.on_state or sort_table == "s"
    if agents and state:
        return JOIN
    return _TABLES["s" if state else "a"]
