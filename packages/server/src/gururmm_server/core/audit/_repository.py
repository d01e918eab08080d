"""SQL over both chains, in the audit reader's scope of one tenant. Every read leaves a row in core.audit_reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gururmm_server.core.audit.chains import Chain
from gururmm_server.core.audit.heads import Head
from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.paging import PageQuery, Sort, search_words

SORTS = {"at": Sort("r.at", "timestamptz")}
COUNTED = 100_000
"""Where counting stops: a chain can have millions of rows, and nobody pages that far."""

# The number is padded so that the text sorts as the number does: it breaks ties of rows written at the same moment.
_CHAIN = """select '{kind}' as kind, r.*, '{kind}-' || lpad(r.seq::text, 19, '0') as id from core.{table} r
  where ($1::uuid is null or r.agent_id = $1) and ($2::uuid is null or r.session_id = $2)
  and ($3::text is null or r.operation = $3) and ($4::text is null or r.actor = $4)
  and ($5::timestamptz is null or r.at >= $5) and ($6::timestamptz is null or r.at < $6)
  and ($7::text[] = '{{}}' or lower(concat_ws(' ', r.operation, r.actor, r.details::text, encode(r.input, 'escape')))
    like all ($7)) and {after}"""
# What core.append_audit hashes (core.audit_hash), said here again: a function could be replaced by its owner.
_VERIFY = """
with link as (
  select r.seq, r.previous_hash, r.hash, lag(r.seq, 1, 0::bigint) over w as before,
    lag(r.hash, 1, '\\x00'::bytea) over w as expected,
    sha256(r.previous_hash || convert_to(jsonb_build_array(r.tenant_id, r.seq,
      (extract(epoch from r.at) * 1000000)::bigint, r.operation, r.actor, r.actor_id, r.agent_id, r.session_id,
      r.channel_id, r.details, encode(r.input, 'hex'))::text, 'utf8')) as made
  from core.{table} r where r.tenant_id = $1 window w as (order by r.seq)
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
  (select min(r.at) from core.{table} r
    where r.tenant_id = $1 and r.seq > coalesce((select max(u) from unnest($3::bigint[]) u), 0)) as unsigned_since
from chain
"""
_TABLES = {"tunnel": "tunnel_audit", "admin": "audit_log"}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to read. None: everything."""

    kind: str | None = None
    operation: str | None = None
    actor: str | None = None
    agent_id: UUID | None = None
    session_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(tx: Transaction, chosen: Filter, query: PageQuery) -> tuple[list[Row], int]:
    """`fetch_count` rows of the chosen chains, and how many there are (up to `COUNTED`)."""
    bound: list[Any] = [
        chosen.agent_id,
        chosen.session_id,
        chosen.operation,
        chosen.actor,
        chosen.since,
        chosen.until,
        search_words(query.search),
    ]
    order = "desc" if query.descending else "asc"
    branches: list[str] = []
    values: list[Any] = []
    for kind, table in _TABLES.items():
        if chosen.kind in (None, kind):
            # Each chain is cut on its own first, so that its index gives the newest rows without a sort of all.
            tie = f"('{kind}-' || lpad(r.seq::text, 19, '0'))"
            after, values = query.after_sql(tie, len(bound) + 1, "text")
            select = _CHAIN.format(kind=kind, table=table, after=after)
            branches.append(f"({select} order by r.at {order}, r.seq {order} limit {query.fetch_count})")
    rows = await tx.fetch(
        f"select r.*, r.at as sort_value, r.id as sort_id from ({' union all '.join(branches)}) r"
        f" order by r.at {order}, r.id {order} limit {query.fetch_count}",
        *bound,
        *values,
    )
    return rows, await _count(tx, chosen, bound)


async def _count(tx: Transaction, chosen: Filter, bound: list[Any]) -> int:
    branches = [
        f"({_CHAIN.format(kind=kind, table=table, after='true')} limit {COUNTED})"
        for kind, table in _TABLES.items()
        if chosen.kind in (None, kind)
    ]
    count: int = await tx.fetchval(f"select count(*) from ({' union all '.join(branches)}) r", *bound)
    return min(count, COUNTED)


async def record_read(tx: Transaction, actor: str, query: dict[str, Any]) -> None:
    """The meta-audit's row."""
    await tx.execute(
        "insert into core.audit_reads (tenant_id, read_id, actor, query) values ($1, $2, $3, $4)",
        tx.tenant_id,
        new_id(),
        actor,
        query,
    )


async def verify(tx: Transaction, chain: Chain, signed: Sequence[Head]) -> Row:
    """Recompute a chain and look for the rows whose hash was signed.

    Returns row_count, first_bad (the first number that does not fit), missing (the first signed number whose row is not
    there) and unsigned_since (when the first row after the last signed one was written).
    """
    # Whoever owns the database may have told this login to look for operators and functions elsewhere first.
    await tx.execute("set local search_path = pg_catalog")
    row = await tx.fetchrow(
        _VERIFY.format(table=chain),
        tx.tenant_id,
        chain,
        [head.seq for head in signed],
        [bytes.fromhex(head.hash) for head in signed],
    )
    assert row is not None
    return row


async def hostnames(tx: Transaction, agent_ids: list[UUID]) -> dict[UUID, str]:
    """Names of the machines that are still there, in a tenant scope."""
    rows = await tx.fetch("select agent_id, hostname from core.agents where agent_id = any($1)", agent_ids)
    return {row["agent_id"]: row["hostname"] for row in rows}


async def every_tenant(tx: Transaction) -> dict[UUID, str]:
    """All Partners' ids and names, the oldest first, in an identity scope."""
    rows = await tx.fetch("select tenant_id, name from core.tenants order by created_at")
    return {row["tenant_id"]: row["name"] for row in rows}
