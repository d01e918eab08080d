"""The gateway process."""

from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.bootstrap.opened import opened
from gururmm_server.core.component import House
from gururmm_server.core.presence.gateways import new_gateway
from gururmm_server.entrypoints.agent_gateway import process
from gururmm_server.infra.kinds import Kind
from gururmm_server.settings import ProcessSettings


async def run_gateway(settings: ProcessSettings) -> None:
    """Hold agents until SIGTERM."""
    async with opened(settings, Kind.GATEWAY) as (db, bus):
        house = House(COMPONENTS, settings, db, bus)
        house.give(new_gateway())
        await process.run(house)
