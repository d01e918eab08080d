"""SQL of what tenancy does by the clock for all Partners. Runs in the worker's scope."""

from collections.abc import Sequence
from uuid import UUID

from gururmm_server.infra.database import Row, Transaction

_UNSIGNED = """
select tenant_id, version, heartbeat_s, metrics_s, inventory_s, log_level from core.tenant_settings
where signed_order is null or signed_by is distinct from $1 or signed_at < now() - interval '1 day'
order by tenant_id limit $2 for update skip locked
"""

_SIGN = """
update core.tenant_settings t set signed_order = u.signed_order, signed_by = $3, signed_at = now()
from unnest($1::uuid[], $2::bytea[]) as u(tenant_id, signed_order) where t.tenant_id = u.tenant_id
"""


async def unsigned_settings(tx: Transaction, key_id: bytes, limit: int) -> list[Row]:
    """Returns settings that this key has not signed within a day, held until the transaction ends."""
    return await tx.fetch(_UNSIGNED, key_id, limit)


async def sign_settings(tx: Transaction, key_id: bytes, signed: Sequence[tuple[UUID, bytes]]) -> None:
    """Keeps (tenant, signed order)."""
    await tx.execute(_SIGN, [tenant_id for tenant_id, _ in signed], [order for _, order in signed], key_id)
