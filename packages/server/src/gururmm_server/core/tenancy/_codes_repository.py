"""SQL over site codes, in a tenant scope."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gururmm_server.infra.database import Row, Transaction

_COLUMNS = "code_id, site_id, code, created_at, created_by, expires_at, max_uses, uses, revoked_at"


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code to store."""

    code_id: UUID
    site_id: UUID
    code: str
    created_by: str
    expires_at: datetime | None
    max_uses: int | None


async def site_exists(tx: Transaction, site_id: UUID) -> bool:
    return bool(await tx.fetchval("select true from core.sites where site_id = $1", site_id))


async def codes_of_site(tx: Transaction, site_id: UUID) -> list[Row]:
    """The newest 200."""
    return await tx.fetch(
        f"select {_COLUMNS} from core.site_codes where site_id = $1 order by created_at desc, code_id desc limit 200",
        site_id,
    )


async def add_code(tx: Transaction, new: CodeRow) -> Row:
    row = await tx.fetchrow(
        "insert into core.site_codes (tenant_id, code_id, site_id, code, created_by, expires_at, max_uses)"
        f" values ($1, $2, $3, $4, $5, $6, $7) returning {_COLUMNS}",
        tx.tenant_id,
        new.code_id,
        new.site_id,
        new.code,
        new.created_by,
        new.expires_at,
        new.max_uses,
    )
    assert row is not None
    return row


async def revoke_all(tx: Transaction, site_id: UUID) -> None:
    await tx.execute("update core.site_codes set revoked_at = now() where site_id = $1 and revoked_at is null", site_id)


async def revoke_one(tx: Transaction, site_id: UUID, code_id: UUID) -> Row | None:
    return await tx.fetchrow(
        "update core.site_codes set revoked_at = coalesce(revoked_at, now())"
        f" where site_id = $1 and code_id = $2 returning {_COLUMNS}",
        site_id,
        code_id,
    )


async def where_code_leads(tx: Transaction, code: str, *, lock: bool = False) -> Row | None:
    """A code's row with the ids and names of its Site, Client and Partner. `lock`: nobody uses it meanwhile."""
    return await tx.fetchrow(
        "select k.code_id, k.expires_at, k.max_uses, k.uses, k.revoked_at, t.name as partner_name, c.client_id,"
        " c.name as client_name, s.site_id, s.name as site_name"
        " from core.site_codes k join core.sites s using (site_id) join core.clients c using (client_id)"
        " join core.tenants t on t.tenant_id = k.tenant_id where k.code = $1"
        + (" for update of k for share of s, c" if lock else ""),
        code,
    )


async def count_use(tx: Transaction, code_id: UUID) -> None:
    await tx.execute("update core.site_codes set uses = uses + 1 where code_id = $1", code_id)
