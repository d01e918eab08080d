"""SQL over Partners themselves."""

from uuid import UUID

from gururmm_server.infra.database import Transaction


async def every_partner(tx: Transaction) -> dict[UUID, str]:
    """Returns all Partners' ids and names, the oldest first, in an identity scope."""
    rows = await tx.fetch("select tenant_id, name from core.tenants order by created_at")
    return {row["tenant_id"]: row["name"] for row in rows}


async def add_partner(tx: Transaction, tenant_id: UUID, name: str) -> None:
    """Adds a Partner, in a Platform scope, which is that tenant's from here on."""
    await tx.execute("select set_config('gururmm.tenant_id', $1, true)", str(tenant_id))
    await tx.execute("insert into core.tenants (tenant_id, name) values ($1, $2)", tenant_id, name)


async def exists(tx: Transaction, tenant_id: UUID) -> bool:
    """Tells whether there is such a Partner, in a Platform scope."""
    return bool(await tx.fetchval("select true from core.tenants where tenant_id = $1", tenant_id))
