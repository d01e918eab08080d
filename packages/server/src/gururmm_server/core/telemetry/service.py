"""A machine's readings over time, for whoever may see it."""

from typing import Self
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.component import House
from gururmm_server.core.settings.declared import METRICS
from gururmm_server.core.settings.reading import value_for
from gururmm_server.core.telemetry import _repository as rows
from gururmm_server.core.telemetry import history as grids
from gururmm_server.core.telemetry.schemas import History
from gururmm_server.core.telemetry.settings import METRICS_KEPT
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database


class Telemetry:
    """Reads history."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db)

    async def history(self, caller: Scope, agent_id: UUID, start: float, end: float) -> History:
        """Returns a machine's readings between two moments (Unix seconds). Raises `AgentNotFound`, `UnknownRange`."""
        async with self._db.scope(caller) as tx:
            machine = await record.find(tx, agent_id)
            every_s = await value_for(tx, METRICS, caller.tenant_id, machine.site_id)
            kept_days = await value_for(tx, METRICS_KEPT, None)
            grid = grids.window(start, end, now().timestamp(), every_s, kept_days)
            read = rows.hourly_history if grid.hourly else rows.raw_history
            found = await read(tx, agent_id, float(grid.start), float(grid.end), grid.step_s)
        return History(step_s=grid.step_s, columns=grids.columns(grid, found))
