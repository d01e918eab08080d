"""What the agents of each tenant are told, kept in memory and read again when told so or every half minute."""

from uuid import UUID

from gururmm_wire.v2.server import Settings

from gururmm_server.core.presence.gateways import GatewayRecord


class TenantSettings:
    """The settings of the tenants whose agents are here."""

    def __init__(self, record: GatewayRecord) -> None:
        self._record = record
        self._known: dict[UUID, Settings] = {}

    def get(self, tenant_id: UUID) -> Settings:
        """The settings of a tenant with an agent here."""
        return self._known.get(tenant_id) or Settings()

    async def of(self, tenant_ids: set[UUID]) -> dict[object, Settings]:
        """The settings of each; read from the database where they aren't known yet. Raises `Unavailable`."""
        missing = tenant_ids - self._known.keys()
        if missing:
            found = await self._record.settings_of(missing)
            for tenant_id in missing:
                self._known[tenant_id] = found.get(tenant_id, Settings())
        return {tenant_id: self._known[tenant_id] for tenant_id in tenant_ids}

    async def reload(self, tenant_ids: set[UUID] | None = None) -> dict[UUID, Settings]:
        """Read those (None: all that are known) again; which of them changed. Raises `Unavailable`."""
        wanted = set(self._known) if tenant_ids is None else tenant_ids & self._known.keys()
        if not wanted:
            return {}
        found = await self._record.settings_of(wanted)
        changed = {tenant_id: value for tenant_id, value in found.items() if self._known[tenant_id] != value}
        self._known.update(changed)
        return changed
