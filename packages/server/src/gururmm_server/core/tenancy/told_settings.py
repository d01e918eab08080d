"""What agents are told of their Partner's settings, for the gateways that carry it."""

from collections.abc import Iterable
from typing import Self
from uuid import UUID

from gururmm_server.core.component import House
from gururmm_server.core.tenancy import _settings_repository as repository
from gururmm_server.core.tenancy._settings_repository import AgentSettings
from gururmm_server.infra.database import Database

__all__ = ["AgentSettings", "ToldSettings"]


class ToldSettings:
    """Reads what the agents of any tenants are told, for a gateway."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's reader."""
        return cls(house.db)

    async def of(self, tenant_ids: Iterable[UUID]) -> dict[UUID, AgentSettings]:
        """Returns the settings of tenants; one without any is missing. Raises `Unavailable`."""
        async with self._db.ingest() as tx:
            return await repository.of_agents(tx, tenant_ids)
