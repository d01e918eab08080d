"""The worker process."""

from gururmm_server.bootstrap.audit_heads import head_signer
from gururmm_server.bootstrap.opened import opened
from gururmm_server.core.audit.signing import EVERY_S
from gururmm_server.entrypoints.jobs import process
from gururmm_server.entrypoints.jobs.schedule import Job
from gururmm_server.settings import Settings


async def run_worker(settings: Settings) -> None:
    """Do what has no caller until SIGTERM."""
    async with opened(settings, "worker") as (db, bus):
        signer = head_signer(settings, db)
        await bus.ensure_events_stream()
        await process.run(settings, db, bus, more=[Job("audit_heads", EVERY_S, signer.sign)])
