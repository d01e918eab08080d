"""Forgetting the keys whose day is over."""

from gururmm_server.core.idempotency import _repository as repository
from gururmm_server.infra.database import Database


async def forget_old(db: Database) -> int:
    """Deletes them. Returns how many those were."""
    async with db.worker() as tx:
        return await repository.forget_old(tx)
