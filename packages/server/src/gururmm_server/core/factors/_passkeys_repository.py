"""SQL over passkeys and their challenges, in an identity scope: each statement names the person or the passkey."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

Purpose = Literal["register", "sign_in", "prove"]


class PasskeyRow(msgspec.Struct, frozen=True):
    """A passkey, as its person sees it."""

    passkey_id: UUID
    credential_id: bytes
    name: str
    created_at: datetime
    last_used_at: datetime | None


class KeyRow(msgspec.Struct, frozen=True):
    """A passkey, as its signatures are verified."""

    passkey_id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int


class NewPasskey(msgspec.Struct, frozen=True):
    """What is kept of a passkey."""

    passkey_id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str


async def passkeys(tx: Transaction, user_id: UUID) -> list[PasskeyRow]:
    """Returns a person's passkeys, the oldest first."""
    rows = await tx.fetch(
        "select passkey_id, credential_id, name, created_at, last_used_at from core.passkeys where user_id = $1"
        " order by created_at, passkey_id",
        user_id,
    )
    return [PasskeyRow(**row) for row in rows]


async def passkey(tx: Transaction, credential_id: bytes) -> KeyRow | None:
    """Returns the passkey that calls itself so, and locks it."""
    row = await tx.fetchrow(
        "select passkey_id, user_id, public_key, sign_count from core.passkeys where credential_id = $1 for update",
        credential_id,
    )
    return KeyRow(**row) if row is not None else None


async def add(tx: Transaction, new: NewPasskey) -> bool:
    """Adds a passkey. Returns False where it is somebody's already."""
    touched = await tx.execute(
        "insert into core.passkeys (passkey_id, user_id, credential_id, public_key, sign_count, name)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (credential_id) do nothing",
        *msgspec.structs.astuple(new),
    )
    return touched == 1


async def used(tx: Transaction, passkey_id: UUID, sign_count: int) -> None:
    """Notes that a passkey signed now."""
    await tx.execute(
        "update core.passkeys set sign_count = $2, last_used_at = now() where passkey_id = $1", passkey_id, sign_count
    )


async def drop(tx: Transaction, user_id: UUID, passkey_id: UUID) -> str | None:
    """Takes one of a person's passkeys away. Returns what it was called; None where there was none."""
    name: str | None = await tx.fetchval(
        "delete from core.passkeys where user_id = $1 and passkey_id = $2 returning name", user_id, passkey_id
    )
    return name


async def drop_all(tx: Transaction, user_id: UUID) -> None:
    """Takes all passkeys of a person away."""
    await tx.execute("delete from core.passkeys where user_id = $1", user_id)


async def add_challenge(
    tx: Transaction, challenge: bytes, purpose: Purpose, user_id: UUID | None, *, seconds: int
) -> None:
    """Adds a challenge that is good for so many seconds."""
    await tx.execute(
        "insert into core.passkey_challenges (challenge, purpose, user_id, expires_at)"
        " values ($1, $2, $3, now() + make_interval(secs => $4))",
        challenge,
        purpose,
        user_id,
        seconds,
    )


async def use_challenge(tx: Transaction, challenge: bytes, purpose: Purpose, user_id: UUID | None) -> bool:
    """Uses a challenge up. Returns False where it was, is too old, or was made for something else."""
    good: bool | None = await tx.fetchval(
        "delete from core.passkey_challenges where challenge = $1 and purpose = $2 and user_id is not distinct from $3"
        " returning expires_at > now()",
        challenge,
        purpose,
        user_id,
    )
    return bool(good)
