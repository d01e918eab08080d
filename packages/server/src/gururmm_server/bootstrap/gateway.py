"""The gateway process."""

from gururmm_server.bootstrap.opened import opened
from gururmm_server.entrypoints.agent_gateway import process
from gururmm_server.settings import Settings


async def run_gateway(settings: Settings) -> None:
    """Hold agents until SIGTERM."""
    async with opened(settings, "gateway") as (db, bus):
        await process.run(settings, db, bus)
