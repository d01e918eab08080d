"""A Partner's settings: how its agents report, how long terminals wait, what the tiers are called."""

from typing import Self

import msgspec
from gururmm_wire.v2 import server as wire

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.traffic import settings_changed
from gururmm_server.core.tenancy import _settings_repository as repository
from gururmm_server.core.tenancy.schemas import Settings, SettingsChange
from gururmm_server.core.tenancy.settings_order import settings_order
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.nats import Bus


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
            return _shown(await repository.read(tx))

    async def change(self, caller: Scope, change: SettingsChange) -> Settings:
        """Change what is given; `version` grows with each change."""
        given = change.model_dump(exclude_none=True)
        async with self._db.scope(caller) as tx:
            before = _shown(await repository.lock(tx))
            after = before.model_copy(update=given | {"version": before.version + 1})
            old = before.model_dump(include=set(given))
            if old == given:
                return before
            await append(
                tx, "audit_log", AuditRow("settings.changed", caller.subject, details={"before": old, "after": given})
            )
            stored = repository.SettingsRow(**after.model_dump())
            order = self._signer.sign(settings_order(caller.tenant_id, _told(stored)))
            await repository.change(tx, stored, order, self._signer.key.key_id)
            tx.after_commit(self._bus.publish, settings_changed(caller.tenant_id), b"")
        return after


async def terminal_grace_s(tx: Transaction) -> int:
    """Returns how long a terminal of the scope's Partner goes on while nobody looks at it."""
    return await repository.terminal_grace_s(tx)


def _shown(row: repository.SettingsRow) -> Settings:
    return Settings(**msgspec.structs.asdict(row))


def _told(row: repository.SettingsRow) -> wire.Settings:
    """Returns what agents hear of settings."""
    return wire.Settings(**{name: getattr(row, name) for name in wire.Settings.__struct_fields__})
