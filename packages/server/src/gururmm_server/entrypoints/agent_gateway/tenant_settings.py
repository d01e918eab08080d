"""What the agents of each tenant are told, kept in memory and read again when told so or every half minute."""

from uuid import UUID

from gururmm_wire.v2.server import Settings

from gururmm_server.core.tenancy.told_settings import AgentSettings, ToldSettings


class TenantSettings:
    """The settings of the tenants whose agents are here, and the orders that say them: only carried, never made."""

    def __init__(self, told: ToldSettings) -> None:
        self._told = told
        self._known: dict[UUID, AgentSettings] = {}

    def get(self, tenant_id: UUID) -> Settings:
        """Returns the settings of a tenant with an agent here."""
        known = self._known.get(tenant_id)
        return known.settings if known is not None else Settings()

    async def of(self, tenant_ids: set[UUID]) -> dict[UUID, AgentSettings]:
        """Returns the settings of each tenant, from the database where they aren't known yet. Raises `Unavailable`."""
        missing = tenant_ids - self._known.keys()
        if missing:
            found = await self._told.of(missing)
            for tenant_id in missing:
                self._known[tenant_id] = found.get(tenant_id, AgentSettings())
        return {tenant_id: self._known[tenant_id] for tenant_id in tenant_ids}

    async def reload(self, tenant_ids: set[UUID] | None = None) -> dict[UUID, bytes]:
        """Read settings (None: all that are known) again. Returns the orders that say something new.

        Raises `Unavailable`.

        What was only signed anew is for those who come from now on.
        """
        wanted = set(self._known) if tenant_ids is None else tenant_ids & self._known.keys()
        if not wanted:
            return {}
        found = await self._told.of(wanted)
        new = {tenant_id: value.order for tenant_id, value in found.items() if self._is_new(tenant_id, value)}
        self._known.update(found)
        return {tenant_id: order for tenant_id, order in new.items() if order is not None}

    def _is_new(self, tenant_id: UUID, value: AgentSettings) -> bool:
        known = self._known[tenant_id]
        return known.order is None or known.settings != value.settings
