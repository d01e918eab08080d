"""SQL over the settings of Partners: one's own in its scope, those of many for gateways and for the worker."""

from collections.abc import Iterable, Sequence
from typing import Literal
from uuid import UUID

import msgspec
from gururmm_wire.v2 import server as wire

from gururmm_server.infra.database import Row, Transaction

TERMINAL_GRACE_S = 600
"""As the column's default."""
_READ = """
select heartbeat_s, metrics_s, inventory_s, log_level, label_overrides, version, terminal_grace_s
from core.tenant_settings
"""
_LOCK = f"{_READ} for update"
_CHANGE = """
update core.tenant_settings set heartbeat_s = $1, metrics_s = $2, inventory_s = $3, log_level = $4,
  label_overrides = $5, version = $6, terminal_grace_s = $7, updated_at = now(), signed_order = $8, signed_by = $9,
  signed_at = now()
"""
_UNSIGNED = """
select tenant_id, version, heartbeat_s, metrics_s, inventory_s, log_level from core.tenant_settings
where signed_order is null or signed_by is distinct from $1 or signed_at < now() - interval '1 day'
order by tenant_id limit $2 for update skip locked
"""
_SIGN = """
update core.tenant_settings t set signed_order = u.signed_order, signed_by = $3, signed_at = now()
from unnest($1::uuid[], $2::bytea[]) as u(tenant_id, signed_order) where t.tenant_id = u.tenant_id
"""


class SettingsRow(msgspec.Struct, frozen=True):
    """A Partner's settings."""

    heartbeat_s: int
    metrics_s: int
    inventory_s: int
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    label_overrides: dict[str, str]
    version: int
    terminal_grace_s: int


class AgentSettings(msgspec.Struct, frozen=True):
    """What a tenant's agents are told: the settings, and the signed order of them; none before the first signing."""

    settings: wire.Settings = wire.Settings()
    order: bytes | None = None


async def read(tx: Transaction) -> SettingsRow:
    """Returns the settings of the scope's Partner, which every Partner is made with."""
    row = await tx.fetchrow(_READ)
    assert row is not None
    return SettingsRow(**row)


async def terminal_grace_s(tx: Transaction) -> int:
    """Returns that setting of the scope's Partner."""
    found: int | None = await tx.fetchval("select terminal_grace_s from core.tenant_settings")
    return TERMINAL_GRACE_S if found is None else found


async def word_for(tx: Transaction, tier: Literal["Client", "Site"]) -> str:
    """Returns what the scope's Partner calls this tier."""
    found: str | None = await tx.fetchval("select label_overrides ->> $1::text from core.tenant_settings", tier.lower())
    return found or tier


async def lock(tx: Transaction) -> SettingsRow:
    """Returns the same, which nobody else changes before the transaction ends."""
    row = await tx.fetchrow(_LOCK)
    assert row is not None
    return SettingsRow(**row)


async def change(tx: Transaction, settings: SettingsRow, order: bytes, key_id: bytes) -> None:
    """Replaces the settings of the scope's Partner, with the order that says them and the key that signed it."""
    await tx.execute(_CHANGE, *msgspec.structs.astuple(settings), order, key_id)


async def of_agents(tx: Transaction, tenant_ids: Iterable[UUID]) -> dict[UUID, AgentSettings]:
    """Returns what each tenant's agents are told, in a gateway's scope."""
    rows = await tx.fetch(
        "select tenant_id, version, heartbeat_s, metrics_s, inventory_s, log_level, signed_order"
        " from core.tenant_settings where tenant_id = any($1::uuid[])",
        list(tenant_ids),
    )
    return {row["tenant_id"]: AgentSettings(_told(row), row["signed_order"]) for row in rows}


async def unsigned(tx: Transaction, key_id: bytes, limit: int) -> dict[UUID, wire.Settings]:
    """Returns settings that this key has not signed within a day, held until the transaction ends."""
    return {row["tenant_id"]: _told(row) for row in await tx.fetch(_UNSIGNED, key_id, limit)}


async def sign(tx: Transaction, key_id: bytes, signed: Sequence[tuple[UUID, bytes]]) -> None:
    """Keeps for each (tenant, signed order) the order, and that this key signed it."""
    await tx.execute(_SIGN, [tenant_id for tenant_id, _ in signed], [order for _, order in signed], key_id)


def _told(row: Row) -> wire.Settings:
    return wire.Settings(**{name: row[name] for name in wire.Settings.__struct_fields__})
