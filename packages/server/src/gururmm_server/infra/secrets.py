"""The server's own secrets, one for each purpose. What a scope may read is said by a policy."""

from gururmm_server.infra.database import Transaction


async def secret(tx: Transaction, name: str) -> bytes | None:
    """Returns a secret; None where the schema was migrated half, or this scope may not know it."""
    value: bytes | None = await tx.fetchval("select value from core.server_secrets where name = $1", name)
    return value
