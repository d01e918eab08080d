"""The server's own secrets, one for each purpose. What a scope may read and write of them is said by policies."""

from collections.abc import Iterable

from gururmm_server.infra.database import Transaction


async def secret(tx: Transaction, name: str) -> bytes | None:
    """Returns a secret; None where the schema was migrated half, or this scope may not know it."""
    return (await secrets(tx, [name])).get(name)


async def secrets(tx: Transaction, names: Iterable[str]) -> dict[str, bytes]:
    """Returns those of these secrets that are there for this scope."""
    rows = await tx.fetch("select name, value from core.server_secrets where name = any($1::text[])", list(names))
    return {row["name"]: row["value"] for row in rows}


async def keep_secret(tx: Transaction, name: str, value: bytes) -> None:
    """Adds a secret."""
    await tx.execute("insert into core.server_secrets (name, value) values ($1, $2)", name, value)


async def forget_secrets(tx: Transaction, names: Iterable[str]) -> None:
    """Deletes secrets, for good."""
    await tx.execute("delete from core.server_secrets where name = any($1::text[])", list(names))
