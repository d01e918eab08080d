"""SQL over both chains, in the audit reader's scope of one tenant. Every read leaves a row in core.audit_reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from gururmm_server.core.audit.chains import Chain, Kind
from gururmm_server.core.audit.heads import Head
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.paging import PageQuery, Slice, Sort, search_words
from gururmm_server.infra.sql import Sql, all_of, joined, raw, sql

SORTS = {"at": Sort("r.at", "timestamptz")}
COUNTED = 100_000
"""Where counting stops: a chain can have millions of rows, and nobody pages that far."""

TABLES: dict[Chain, str] = {"tunnel_audit": "core.tunnel_audit", "audit_log": "core.audit_log"}
_APPEND = "select core.append_audit($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_INPUT_SINCE = """
select (details->>'offset')::bigint as start, input from core.tunnel_audit
where session_id = $1 and channel_id = $2 and operation = $3 and (details->>'offset')::bigint + length(input) > $4
order by start
"""
_COLUMNS = "r.seq, r.at, r.operation, r.actor, r.agent_id, r.session_id, r.channel_id, r.details, r.input, r.hash"
# What core.append_audit hashes (core.audit_hash), said here again: a function could be replaced by its owner.
_TEXT = """
with link as (
  select r.seq, r.previous_hash, r.hash, lag(r.seq, 1, 0::bigint) over w as before,
    lag(r.hash, 1, '\\x00'::bytea) over w as expected,
    sha256(r.previous_hash || convert_to(jsonb_build_array(r.tenant_id, r.seq,
      (extract(epoch from r.at) * 1000000)::bigint, r.operation, r.actor, r.actor_id, r.agent_id, r.session_id,
      r.channel_id, r.details, encode(r.input, 'hex'))::text, 'utf8')) as made
  from {table} r where r.tenant_id = $1 window w as (order by r.seq)
), chain as (
  select count(*) as row_count,
    min(seq) filter (where seq <> before + 1 or previous_hash <> expected or hash <> made) as first_bad from link
)
select row_count,
  -- A head that is ahead of the rows: they are missing at the end.
  coalesce(first_bad, case when row_count is distinct from coalesce((select h.seq from core.audit_chains h
    where h.tenant_id = $1 and h.chain = $2), 0) then row_count + 1 end) as first_bad,
  (select min(u.seq) from unnest($3::bigint[], $4::bytea[]) u (seq, hash)
    where not exists (select from link l where l.seq = u.seq and l.hash = u.hash)) as missing,
  (select min(r.at) from {table} r
    where r.tenant_id = $1 and r.seq > coalesce((select max(u) from unnest($3::bigint[]) u), 0)) as unsigned_since
from chain
"""
_VERIFY = {chain: _TEXT.format(table=table) for chain, table in TABLES.items()}
_KINDS: dict[Kind, Chain] = {"tunnel": "tunnel_audit", "admin": "audit_log"}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to read. None: everything."""

    kind: Kind | None = None
    operation: str | None = None
    actor: str | None = None
    agent_id: UUID | None = None
    session_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class Entry(msgspec.Struct, frozen=True):
    """A row of a chain. `id` is unique over both; its text sorts as the number does."""

    kind: Kind
    id: str
    seq: int
    at: datetime
    operation: str
    actor: str | None
    agent_id: UUID | None
    session_id: UUID | None
    channel_id: int | None
    details: dict[str, Any]
    input: bytes | None
    hash: bytes


class Checked(msgspec.Struct, frozen=True):
    """What recomputing a chain found."""

    row_count: int
    first_bad: int | None
    """The first number that does not fit."""
    missing: int | None
    """The first signed number whose row is not there."""
    unsigned_since: datetime | None
    """When the first row after the last signed one was written."""


async def append(tx: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
    """Appends rows, each (chain, operation, actor, actor_id, agent_id, session_id, channel_id, details, input)."""
    if len(rows) == 1:
        await tx.fetchval(_APPEND, *rows[0])
    else:
        await tx.executemany(_APPEND, rows)


async def page(tx: Transaction, chosen: Filter, query: PageQuery) -> Slice[Entry]:
    """Returns a page of the chosen rows, newest first; they are counted up to `COUNTED`."""
    order = "desc" if query.descending else "asc"
    # Each chain is cut on its own first, so that its index gives the newest rows without a sort of all.
    branches = [
        sql(
            "({rows} and {after} order by r.at {order}, r.seq {order} limit {limit})",
            rows=_rows(kind, chosen, query),
            after=query.after_cursor(f"({_identity(kind)})", "text"),
            order=raw(order),
            limit=raw(str(query.offset + query.fetch_count)),
        )
        for kind in _kinds(chosen)
    ]
    statement = sql(
        "select r.*, r.at as sort_value, r.id as sort_id from ({branches}) r"
        " order by r.at {order}, r.id {order} limit {limit}",
        branches=joined(" union all ", branches),
        order=raw(order),
        limit=query.window,
    )
    rows = await tx.fetch(*statement.bound())
    return query.slice(rows, await _count(tx, chosen, query), Entry)


async def _count(tx: Transaction, chosen: Filter, query: PageQuery) -> int:
    branches = [
        sql("({rows} limit {limit})", rows=_rows(kind, chosen, query), limit=raw(str(COUNTED)))
        for kind in _kinds(chosen)
    ]
    statement = sql("select count(*) from ({branches}) r", branches=joined(" union all ", branches))
    count: int = await tx.fetchval(*statement.bound())
    return min(count, COUNTED)


def _kinds(chosen: Filter) -> list[Kind]:
    return [kind for kind in _KINDS if chosen.kind in (None, kind)]


def _identity(kind: Kind) -> str:
    """Returns a row's id as SQL; its number is padded, so that the text sorts as the number does within a moment."""
    return f"'{kind}-' || lpad(r.seq::text, 19, '0')"


def _rows(kind: Kind, chosen: Filter, query: PageQuery) -> Sql:
    """Returns the statement for the rows of one chain that were asked for."""
    asked = [
        sql(f"r.{column} = {{value}}", value=value)
        for column in ("agent_id", "session_id", "operation", "actor")
        if (value := getattr(chosen, column)) is not None
    ]
    if chosen.since is not None:
        asked.append(sql("r.at >= {since}", since=chosen.since))
    if chosen.until is not None:
        asked.append(sql("r.at < {until}", until=chosen.until))
    if words := search_words(query.search):
        text = raw("core.folded(concat_ws(' ', r.operation, r.actor, r.details::text, encode(r.input, 'escape')))")
        asked.append(sql("{text} like all ({words}::text[])", text=text, words=words))
    return sql(
        "select {kind} as kind, {identity} as id, {columns} from {table} r where {asked}",
        kind=raw(f"'{kind}'"),
        identity=raw(_identity(kind)),
        columns=raw(_COLUMNS),
        table=raw(TABLES[_KINDS[kind]]),
        asked=all_of(asked),
    )


async def record_read(tx: Transaction, actor: str, query: dict[str, Any]) -> None:
    """Adds the meta-audit's row: who read the audit, and what they asked."""
    await tx.execute(
        "insert into core.audit_reads (tenant_id, read_id, actor, query) values ($1, $2, $3, $4)",
        tx.tenant_id,
        new_id(),
        actor,
        query,
    )


async def verify(tx: Transaction, chain: Chain, signed: Sequence[Head]) -> Checked:
    """Recomputes a chain, and looks for the rows whose hash was signed."""
    # Whoever owns the database may have told this login to look for operators and functions elsewhere first.
    await tx.execute("set local search_path = pg_catalog")
    row = await tx.fetchrow(
        _VERIFY[chain],
        tx.tenant_id,
        chain,
        [head.seq for head in signed],
        [bytes.fromhex(head.hash) for head in signed],
    )
    assert row is not None
    return Checked(**row)


async def hostnames(tx: Transaction, agent_ids: list[UUID]) -> dict[UUID, str]:
    """Returns the names of the machines that are still there, in a tenant scope."""
    rows = await tx.fetch("select agent_id, hostname from core.machines where agent_id = any($1)", agent_ids)
    return {row["agent_id"]: row["hostname"] for row in rows}


async def input_since(
    tx: Transaction, session_id: UUID, channel: int, operation: str, start: int
) -> list[tuple[int, bytes]]:
    """Returns (offset, input) of a channel's audited input that reaches beyond `start`, in its order."""
    return [(row[0], row[1]) for row in await tx.fetch(_INPUT_SINCE, session_id, channel, operation, start)]
