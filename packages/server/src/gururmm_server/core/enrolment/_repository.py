"""SQL of the bootstrap path."""

from dataclasses import astuple, dataclass
from uuid import UUID

from gururmm_server.infra.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class NewAgent:
    """A machine that asks to be registered."""

    tenant_id: UUID
    agent_id: UUID
    client_id: UUID
    client_name: str
    site_id: UUID
    site_name: str
    public_key: bytes
    hostname: str
    machine_id: str
    os_name: str
    os_family: str
    arch: str
    agent_version: str
    protocol: int


async def living_gateways(tx: Transaction) -> list[str]:
    """URLs of the gateways that are alive and take new agents."""
    rows = await tx.fetch(
        "select url from core.gateways where not draining and beat_at > now() - interval '15 seconds' order by url"
    )
    return [row["url"] for row in rows]


async def link_public_key(tx: Transaction) -> bytes | None:
    key: bytes | None = await tx.fetchval("select value from core.server_secrets where name = 'agent_link_public_key'")
    return key


async def known_agent(tx: Transaction, agent_id: UUID) -> Row | None:
    return await tx.fetchrow("select site_id, revoked_at from core.agents where agent_id = $1", agent_id)


async def add_agent(tx: Transaction, new: NewAgent) -> None:
    """Register a machine; one that was revoked or removed is let in again, at this Site."""
    await tx.execute(
        "insert into core.agents (tenant_id, agent_id, client_id, client_name, site_id, site_name, public_key,"
        " hostname, machine_id, os_name, os_family, arch, agent_version, protocol)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        " on conflict (agent_id) do update set client_id = excluded.client_id, client_name = excluded.client_name,"
        " site_id = excluded.site_id, site_name = excluded.site_name, hostname = excluded.hostname,"
        " enrolled_at = now(), revoked_at = null",
        *astuple(new),
    )
    await tx.execute(
        "insert into core.agent_state (tenant_id, agent_id, client_id) values ($1, $2, $3)"
        " on conflict (agent_id) do nothing",  # one that was there follows its machine to the new Client by itself
        new.tenant_id,
        new.agent_id,
        new.client_id,
    )
    await tx.execute("delete from core.removed_agents where agent_id = $1", new.agent_id)
