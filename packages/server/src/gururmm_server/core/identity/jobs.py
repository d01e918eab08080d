"""Forgetting what is of no use to anybody: old tickets, invitations and sign-in sessions."""

from gururmm_server.core.identity import _jobs_repository as repository
from gururmm_server.infra.database import Database


async def purge(db: Database) -> int:
    """Deletes old tickets, invitations and sessions. Returns how many rows those were."""
    async with db.worker() as tx:
        return await repository.purge(tx)
