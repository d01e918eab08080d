"""SQL over the chains' heads, in the worker's scope: numbers and hashes of every tenant, no content."""

from collections.abc import Sequence

from gururmm_server.core.audit._repository import TABLES
from gururmm_server.core.audit.heads import Head, by_chain
from gururmm_server.infra.database import Transaction

_TEXT = """
select u.n from unnest($1::uuid[], $2::bigint[], $3::bytea[]) with ordinality u (tenant_id, seq, hash, n)
where not exists (select from {table} r where r.tenant_id = u.tenant_id and r.seq = u.seq and r.hash = u.hash)
"""
_MISSING = {chain: _TEXT.format(table=table) for chain, table in TABLES.items()}


async def heads(tx: Transaction) -> list[Head]:
    """Returns the head of every chain that has a row."""
    rows = await tx.fetch(
        "select tenant_id, chain, seq, encode(hash, 'hex') as hash from core.audit_chains where seq > 0"
        " order by tenant_id, chain"
    )
    return [Head(**row) for row in rows]


async def missing(tx: Transaction, signed: Sequence[Head]) -> list[Head]:
    """Returns those heads whose row is not there, or has another hash."""
    found: list[Head] = []
    for chain in TABLES:
        chosen = by_chain(signed, chain)
        rows = await tx.fetch(
            _MISSING[chain],
            [head.tenant_id for head in chosen],
            [head.seq for head in chosen],
            [bytes.fromhex(head.hash) for head in chosen],
        )
        found += [chosen[row["n"] - 1] for row in rows]
    return found
