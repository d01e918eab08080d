"""The worker process."""

from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.bootstrap.opened import opened
from gururmm_server.core.component import House
from gururmm_server.core.orders.signing import KeyScope
from gururmm_server.entrypoints.jobs import process
from gururmm_server.infra.kinds import Kind
from gururmm_server.settings import ProcessSettings


async def run_worker(settings: ProcessSettings) -> None:
    """Do what has no caller until SIGTERM."""
    async with opened(settings, Kind.WORKER) as (db, bus):
        await bus.ensure_events_stream()
        house = House(COMPONENTS, settings, db, bus)
        house.give(KeyScope(db.worker))
        await process.run(house)
