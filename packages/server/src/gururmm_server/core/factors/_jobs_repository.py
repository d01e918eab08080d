"""SQL that forgets what is of no use to anybody. Runs in the worker's scope."""

from gururmm_server.infra.database import Transaction


async def purge(tx: Transaction) -> int:
    """Deletes challenges a minute after their time. Returns how many."""
    return await tx.execute("delete from core.passkey_challenges where expires_at < now() - interval '1 minute'")
