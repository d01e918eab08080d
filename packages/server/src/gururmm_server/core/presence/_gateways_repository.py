"""SQL of what a gateway reads about its tenants and says about itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from gururmm_wire.v2.server import Settings

from gururmm_server.infra.database import Transaction


async def agent_link_key(tx: Transaction) -> bytes:
    """The 32-byte seed of the key that agents pinned."""
    seed: bytes = await tx.fetchval("select value from core.server_secrets where name = 'agent_link_key'")
    return seed


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What a tenant's agents are told: the settings, and the signed order of them; none before the first signing."""

    settings: Settings = field(default_factory=Settings)
    order: bytes | None = None


async def settings_of(tx: Transaction, tenant_ids: Iterable[UUID]) -> dict[UUID, AgentSettings]:
    """Returns what each tenant's agents are told."""
    rows = await tx.fetch(
        "select tenant_id, version, heartbeat_s, metrics_s, inventory_s, log_level, signed_order"
        " from core.tenant_settings where tenant_id = any($1::uuid[])",
        list(tenant_ids),
    )
    return {
        row["tenant_id"]: AgentSettings(
            Settings(
                version=row["version"],
                heartbeat_s=row["heartbeat_s"],
                metrics_s=row["metrics_s"],
                inventory_s=row["inventory_s"],
                log_level=row["log_level"],
            ),
            row["signed_order"],
        )
        for row in rows
    }


async def beat(tx: Transaction, gateway_id: str, url: str, draining: bool) -> None:
    """Say that this gateway lives, at this address."""
    await tx.execute(
        "insert into core.gateways (gateway_id, url, draining) values ($1, $2, $3) "
        "on conflict (gateway_id) do update set beat_at = now(), draining = excluded.draining, url = excluded.url",
        gateway_id,
        url,
        draining,
    )


async def others_alive(tx: Transaction, gateway_id: str) -> int:
    """How many other gateways take agents."""
    count: int = await tx.fetchval(
        "select count(*) from core.gateways where gateway_id <> $1 and not draining "
        "and beat_at > now() - interval '15 seconds'",
        gateway_id,
    )
    return count


async def retire(tx: Transaction, gateway_id: str) -> None:
    """This gateway is no more."""
    await tx.execute("delete from core.gateways where gateway_id = $1", gateway_id)
