"""One machine's rows."""

from uuid import UUID

from gururmm_server.core.agents._fleet_repository import JOIN, ROW_COLUMNS
from gururmm_server.infra.database import Row, Transaction


async def find(tx: Transaction, agent_id: UUID) -> Row | None:
    """Returns a machine with its state, or None where the scope does not see it."""
    return await tx.fetchrow(
        f"select {ROW_COLUMNS}, a.enrolled_at, a.protocol, s.latest, s.gateway_id from {JOIN} where a.agent_id = $1",
        agent_id,
    )


async def inventory(tx: Transaction, agent_id: UUID) -> list[Row]:
    """Every section but software, which has a list of its own."""
    return await tx.fetch(
        "select section, items from core.agent_inventory where agent_id = $1 and section <> 'software'", agent_id
    )


async def site(tx: Transaction, site_id: UUID) -> Row | None:
    """A Site of this Partner, with its Client's name."""
    return await tx.fetchrow(
        "select s.site_id, s.client_id, s.name as site_name, c.name as client_name"
        " from core.sites s join core.clients c using (client_id) where s.site_id = $1",
        site_id,
    )


async def move(tx: Transaction, agent_id: UUID, site_row: Row) -> str | None:
    """Put a machine under a Site; its state follows it. Returns the gateway that holds the machine, if one does."""
    await tx.execute(
        "update core.agents set site_id = $2, client_id = $3, site_name = $4, client_name = $5 where agent_id = $1",
        agent_id,
        site_row["site_id"],
        site_row["client_id"],
        site_row["site_name"],
        site_row["client_name"],
    )
    gateway_id: str | None = await tx.fetchval(
        "select gateway_id from core.agent_state where agent_id = $1 and online", agent_id
    )
    return gateway_id


async def revoke(tx: Transaction, agent_id: UUID) -> bool:
    """Nothing begins at this machine from now on; whoever opens a terminal there waits. False where it is gone."""
    return bool(await tx.execute("update core.agents set revoked_at = now() where agent_id = $1", agent_id))


async def delete(tx: Transaction, agent_id: UUID) -> str | None:
    """Remove a machine and all that hangs on it, but for its key; the gateway that holds it, if one does."""
    gateway_id: str | None = await tx.fetchval(
        "select gateway_id from core.agent_state where agent_id = $1 and online", agent_id
    )
    await tx.execute(
        "insert into core.removed_agents (tenant_id, agent_id, public_key)"
        " select tenant_id, agent_id, public_key from core.agents where agent_id = $1 on conflict do nothing",
        agent_id,
    )
    await tx.execute("delete from core.agents where agent_id = $1", agent_id)
    return gateway_id
