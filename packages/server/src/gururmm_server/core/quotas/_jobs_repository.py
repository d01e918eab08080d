"""SQL that forgets old use. Runs in the worker's scope."""

from gururmm_server.infra.database import Transaction


async def forget(tx: Transaction, kept_days: int) -> int:
    """Deletes what was used so long ago that it is gone. Returns how many rows."""
    return await tx.execute("delete from core.partner_usage where day < current_date - $1::int", kept_days)
