"""SQL over sign-ins that wait for their second step, in an identity scope."""

from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction


class StepRow(msgspec.Struct, frozen=True):
    """Who waits, and where to go on."""

    token_hash: bytes
    user_id: UUID
    tenant_id: UUID | None


async def add(tx: Transaction, token_hash: bytes, user_id: UUID, tenant_id: UUID | None, *, seconds: int) -> None:
    """Adds one that waits for so many seconds."""
    await tx.execute(
        "insert into core.sign_in_steps (token_hash, user_id, tenant_id, expires_at)"
        " values ($1, $2, $3, now() + make_interval(secs => $4))",
        token_hash,
        user_id,
        tenant_id,
        seconds,
    )


async def take(tx: Transaction, token_hash: bytes, *, most_tries: int) -> StepRow | None:
    """Counts a try. Returns None where the time or the tries are over, or none waits."""
    row = await tx.fetchrow(
        "update core.sign_in_steps set tries = tries + 1 where token_hash = $1 and expires_at > now() and tries < $2"
        " returning token_hash, user_id, tenant_id",
        token_hash,
        most_tries,
    )
    return StepRow(**row) if row is not None else None


async def end(tx: Transaction, token_hash: bytes) -> bool:
    """Ends one. Returns False where somebody else was faster."""
    return bool(await tx.execute("delete from core.sign_in_steps where token_hash = $1", token_hash))


async def end_all(tx: Transaction, user_id: UUID) -> None:
    """Ends all of a person."""
    await tx.execute("delete from core.sign_in_steps where user_id = $1", user_id)
