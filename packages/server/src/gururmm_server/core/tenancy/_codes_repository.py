"""SQL over site codes, in a tenant scope."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

_COLUMNS = "code_id, site_id, code, created_at, created_by, expires_at, max_uses, uses, revoked_at"
_OF_SITE = f"""
select {_COLUMNS} from core.site_codes where site_id = $1 order by created_at desc, code_id desc limit 200
"""
_ADD = f"""
insert into core.site_codes (tenant_id, code_id, site_id, code, created_by, expires_at, max_uses)
values ($1, $2, $3, $4, $5, $6, $7) returning {_COLUMNS}
"""
_REVOKE = f"""
update core.site_codes set revoked_at = coalesce(revoked_at, now()) where site_id = $1 and code_id = $2
returning {_COLUMNS}
"""
_LEADS = """
select k.code_id, k.expires_at, k.max_uses, k.uses, k.revoked_at, t.name as partner_name, c.client_id,
  c.name as client_name, s.site_id, s.name as site_name
from core.site_codes k join core.sites s using (site_id) join core.clients c using (client_id)
join core.tenants t on t.tenant_id = k.tenant_id where k.code = $1
"""
_LEADS_LOCKED = f"{_LEADS} for update of k for share of s, c"


class NewCodeRow(msgspec.Struct, frozen=True):
    """A code to store."""

    code_id: UUID
    site_id: UUID
    code: str
    created_by: str
    expires_at: datetime | None
    max_uses: int | None


class CodeRow(msgspec.Struct, frozen=True):
    """A code."""

    code_id: UUID
    site_id: UUID
    code: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    revoked_at: datetime | None


class LeadRow(msgspec.Struct, frozen=True):
    """Where a code leads, and what decides whether it still does."""

    code_id: UUID
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    revoked_at: datetime | None
    partner_name: str
    client_id: UUID
    client_name: str
    site_id: UUID
    site_name: str


async def tenant_of(tx: Transaction, code: str) -> UUID | None:
    """Returns the Partner of a code, in an identity scope; None where there is no such code."""
    found: UUID | None = await tx.fetchval("select tenant_id from core.site_codes where code = $1", code)
    return found


async def site_exists(tx: Transaction, site_id: UUID) -> bool:
    return bool(await tx.fetchval("select true from core.sites where site_id = $1", site_id))


async def codes_of_site(tx: Transaction, site_id: UUID) -> list[CodeRow]:
    """Returns the newest 200 codes of a Site."""
    return [CodeRow(**row) for row in await tx.fetch(_OF_SITE, site_id)]


async def add_code(tx: Transaction, new: NewCodeRow) -> CodeRow:
    """Adds a code and returns it as it is stored."""
    row = await tx.fetchrow(_ADD, tx.tenant_id, *msgspec.structs.astuple(new))
    assert row is not None
    return CodeRow(**row)


async def revoke_all(tx: Transaction, site_id: UUID) -> None:
    await tx.execute("update core.site_codes set revoked_at = now() where site_id = $1 and revoked_at is null", site_id)


async def revoke_one(tx: Transaction, site_id: UUID, code_id: UUID) -> CodeRow | None:
    """Revokes a code and returns it; None where the Site has no such code."""
    row = await tx.fetchrow(_REVOKE, site_id, code_id)
    return CodeRow(**row) if row is not None else None


async def where_code_leads(tx: Transaction, code: str, *, lock: bool = False) -> LeadRow | None:
    """Returns where a code leads. `lock`: nobody uses it meanwhile, and nothing on the way is renamed."""
    row = await tx.fetchrow(_LEADS_LOCKED if lock else _LEADS, code)
    return LeadRow(**row) if row is not None else None


async def count_use(tx: Transaction, code_id: UUID) -> None:
    await tx.execute("update core.site_codes set uses = uses + 1 where code_id = $1", code_id)
