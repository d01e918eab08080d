"""Forgetting recordings after their time."""

from gururmm_server.core.quotas.resources import KEPT_DAYS
from gururmm_server.core.tunnel import _jobs_repository as repository
from gururmm_server.infra.database import Database


async def forget_recordings(db: Database) -> int:
    """Deletes the recordings of sessions that closed long ago; who was where, and what they typed, stays.

    Returns of how many sessions.
    """
    forgotten = 0
    while True:
        async with db.worker() as tx:
            some = await repository.forget_recordings(tx, KEPT_DAYS)
        if not some:
            return forgotten
        forgotten += some
