"""Forgetting challenges that no passkey answered."""

from gururmm_server.core.factors import _jobs_repository as repository
from gururmm_server.infra.database import Database


async def purge(db: Database) -> int:
    """Deletes old challenges. Returns how many those were."""
    async with db.worker() as tx:
        return await repository.purge(tx)
