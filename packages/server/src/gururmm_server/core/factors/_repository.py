"""SQL over authenticator apps and recovery codes, in an identity scope: each statement names the person."""

from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

_HELD = """
select exists (select from core.totp_factors where user_id = $1 and confirmed_at is not null) as totp,
  (select count(*) from core.passkeys where user_id = $1)::int as passkeys,
  (select count(*) from core.recovery_codes where user_id = $1 and used_at is null)::int as recovery_codes
"""


class Held(msgspec.Struct, frozen=True):
    """What somebody has."""

    totp: bool
    passkeys: int
    recovery_codes: int
    """So many are unused."""

    @property
    def any(self) -> bool:
        """Tells whether there is a second factor. Recovery codes stand in for one, and are none."""
        return self.totp or self.passkeys > 0


class TotpRow(msgspec.Struct, frozen=True):
    """Somebody's authenticator app."""

    sealed_secret: bytes
    confirmed: bool


async def held(tx: Transaction, user_id: UUID) -> Held:
    """Returns what a person has."""
    row = await tx.fetchrow(_HELD, user_id)
    assert row is not None
    return Held(**row)


async def start_totp(tx: Transaction, user_id: UUID, sealed_secret: bytes) -> bool:
    """Adds an app that counts once confirmed, in the place of an unconfirmed one. Returns False beside another."""
    touched = await tx.execute(
        "insert into core.totp_factors as f (user_id, sealed_secret) values ($1, $2)"
        " on conflict (user_id) do update set sealed_secret = $2, last_counter = 0 where f.confirmed_at is null",
        user_id,
        sealed_secret,
    )
    return touched == 1


async def totp(tx: Transaction, user_id: UUID) -> TotpRow | None:
    """Returns a person's app, confirmed or not, and locks it."""
    row = await tx.fetchrow(
        "select sealed_secret, confirmed_at is not null as confirmed from core.totp_factors where user_id = $1"
        " for update",
        user_id,
    )
    return TotpRow(**row) if row is not None else None


async def use_counter(tx: Transaction, user_id: UUID, counter: int) -> bool:
    """Takes the code of a half-minute, which confirms an app. Returns False where that or a later one was taken."""
    touched = await tx.execute(
        "update core.totp_factors set last_counter = $2, confirmed_at = coalesce(confirmed_at, now())"
        " where user_id = $1 and last_counter < $2",
        user_id,
        counter,
    )
    return touched == 1


async def drop_totp(tx: Transaction, user_id: UUID) -> bool:
    """Takes the app away. Returns False where there was no confirmed one."""
    return bool(
        await tx.fetchval(
            "with gone as (delete from core.totp_factors where user_id = $1 returning"
            " confirmed_at) select true from gone where confirmed_at is not null",
            user_id,
        )
    )


async def replace_codes(tx: Transaction, user_id: UUID, hashes: list[bytes]) -> None:
    """Gives a person these recovery codes, and no others."""
    await tx.execute("delete from core.recovery_codes where user_id = $1", user_id)
    await tx.execute(
        "insert into core.recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])", user_id, hashes
    )


async def use_code(tx: Transaction, user_id: UUID, code_hash: bytes) -> bool:
    """Uses a recovery code up. Returns False where it was used, or is none."""
    touched = await tx.execute(
        "update core.recovery_codes set used_at = now() where user_id = $1 and code_hash = $2 and used_at is null",
        user_id,
        code_hash,
    )
    return touched == 1
