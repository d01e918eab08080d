"""A Partner's settings: how often its agents speak, how much they log, what the tiers are called."""

from typing import Self

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.traffic import settings_changed
from gururmm_server.core.tenancy.schemas import Settings, SettingsChange
from gururmm_server.core.tenancy.settings_order import settings_order
from gururmm_server.infra.database import Database, Row
from gururmm_server.infra.nats import Bus

_READ = """select heartbeat_s, metrics_s, inventory_s, log_level, label_overrides, version
  from core.tenant_settings"""


class PartnerSettings:
    """Reads and changes them. A change reaches the agents that are online at once."""

    def __init__(self, db: Database, bus: Bus, signer: OrderSigner) -> None:
        self._db = db
        self._bus = bus
        self._signer = signer

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.bus, house.get(OrderSigner))

    async def get(self, caller: Scope) -> Settings:
        async with self._db.scope(caller) as tx:
            row = await tx.fetchrow(_READ)
        return _settings(row)

    async def change(self, caller: Scope, change: SettingsChange) -> Settings:
        """Change what is given; `version` grows with each change."""
        given = change.model_dump(exclude_none=True)
        async with self._db.scope(caller) as tx:
            before = _settings(await tx.fetchrow(_READ + " for update"))
            after = before.model_copy(update=given | {"version": before.version + 1})
            old = before.model_dump(include=set(given))
            if old == given:
                return before
            await append(
                tx, "audit_log", AuditRow("settings.changed", caller.subject, details={"before": old, "after": given})
            )
            order = self._signer.sign(settings_order(caller.tenant_id, after.model_dump()))
            await tx.execute(
                "update core.tenant_settings set heartbeat_s = $1, metrics_s = $2, inventory_s = $3, log_level = $4,"
                " label_overrides = $5, version = $6, updated_at = now(), signed_order = $7, signed_by = $8,"
                " signed_at = now()",
                after.heartbeat_s,
                after.metrics_s,
                after.inventory_s,
                after.log_level,
                after.label_overrides,
                after.version,
                order,
                self._signer.key.key_id,
            )
            tx.after_commit(self._bus.publish, settings_changed(caller.tenant_id), b"")
        return after


def _settings(row: Row | None) -> Settings:
    assert row is not None, "every Partner is made with its settings"
    return Settings(**dict(row))
