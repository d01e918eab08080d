"""Forgetting what was used so long ago that it is gone."""

from gururmm_server.core.quotas import _jobs_repository as repository
from gururmm_server.core.quotas.resources import KEPT_DAYS
from gururmm_server.infra.database import Database


async def forget(db: Database) -> int:
    """Deletes the use of days whose recordings and output are no longer kept. Returns how many rows."""
    async with db.worker() as tx:
        return await repository.forget(tx, KEPT_DAYS)
