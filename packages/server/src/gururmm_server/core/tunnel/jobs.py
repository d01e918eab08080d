"""Forgetting recordings after their time."""

from gururmm_server.core.settings.reading import values_for_partners
from gururmm_server.core.tunnel import _jobs_repository as repository
from gururmm_server.core.tunnel.settings import RECORDINGS_KEPT
from gururmm_server.infra.database import Database


async def forget_recordings(db: Database) -> int:
    """Deletes the recordings of sessions that closed as long ago as is set; who was where, and what they typed, stays.

    Returns of how many sessions.
    """
    forgotten = 0
    while True:
        async with db.worker() as tx:
            kept = await values_for_partners(tx, RECORDINGS_KEPT)
            some = await repository.forget_recordings(tx, kept)
        if not some:
            return forgotten
        forgotten += some
