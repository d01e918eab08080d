"""SQL over sign-in sessions. Every function runs in the caller's scope.

The identity scope sees every tenant's rows, so each statement here names the session or the person it is about.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

_SESSION = """
select s.session_id, s.user_id, s.tenant_id, s.ended_at, s.refresh_hash = $2 as current,
  coalesce(s.previous_hash = $2, false) as previous, s.expires_at > now() as fresh,
  s.rotated_at > now() - interval '10 seconds' as just_rotated
from core.user_sessions s where s.session_id = $1 for update
"""


class NewSession(msgspec.Struct, frozen=True):
    """What a sign-in session starts with."""

    session_id: UUID
    user_id: UUID
    tenant_id: UUID | None
    refresh_hash: bytes
    lifetime_s: int
    address: str
    user_agent: str


class SessionRow(msgspec.Struct, frozen=True):
    """A sign-in session, and what a refresh token is to it: the `current` one, or the one before (`previous`)."""

    session_id: UUID
    user_id: UUID
    tenant_id: UUID | None
    ended_at: datetime | None
    current: bool
    previous: bool
    fresh: bool
    just_rotated: bool


class OpenSession(msgspec.Struct, frozen=True):
    """A sign-in session that goes on, as its person sees it."""

    session_id: UUID
    tenant_id: UUID | None
    created_at: datetime
    rotated_at: datetime
    address: str
    user_agent: str


async def add_session(tx: Transaction, new: NewSession) -> None:
    """Adds a sign-in session, and notes on the person's row that they signed in now."""
    await tx.execute(
        "insert into core.user_sessions"
        " (session_id, user_id, tenant_id, refresh_hash, expires_at, address, user_agent)"
        " values ($1, $2, $3, $4, now() + make_interval(secs => $5), $6, $7)",
        *msgspec.structs.astuple(new),
    )
    await tx.execute("update core.users set last_sign_in_at = now() where user_id = $1", new.user_id)


async def session_of_token(tx: Transaction, session_id: UUID, token_hash: bytes) -> SessionRow | None:
    """Returns the sign-in session, locked, and what the token of this hash is to it."""
    row = await tx.fetchrow(_SESSION, session_id, token_hash)
    return SessionRow(**row) if row is not None else None


async def rotate(tx: Transaction, session_id: UUID, refresh_hash: bytes, address: str) -> None:
    await tx.execute(
        "update core.user_sessions set previous_hash = refresh_hash, refresh_hash = $2, rotated_at = now(),"
        " address = $3 where session_id = $1",
        session_id,
        refresh_hash,
        address,
    )


async def end_session(tx: Transaction, session_id: UUID, user_id: UUID) -> bool:
    """Ends one sign-in session of this person. Returns False when it was not open."""
    return bool(
        await tx.execute(
            "update core.user_sessions set ended_at = now()"
            " where session_id = $1 and user_id = $2 and ended_at is null",
            session_id,
            user_id,
        )
    )


async def end_sessions(
    tx: Transaction, user_id: UUID, tenant_id: UUID | None = None, *, keep: UUID | None = None
) -> list[UUID]:
    """Ends every sign-in session of a person (in this Partner, if one is given) except `keep`. Returns their ids."""
    rows = await tx.fetch(
        "update core.user_sessions set ended_at = now() where user_id = $1 and ended_at is null"
        " and ($2::uuid is null or tenant_id = $2) and session_id is distinct from $3 returning session_id",
        user_id,
        tenant_id,
        keep,
    )
    return [row["session_id"] for row in rows]


async def open_sessions(tx: Transaction, user_id: UUID) -> list[OpenSession]:
    """Returns the newest 100 sessions of a person that go on, the one used last first."""
    rows = await tx.fetch(
        "select session_id, tenant_id, created_at, rotated_at, address, user_agent from core.user_sessions"
        " where user_id = $1 and ended_at is null and expires_at > now() order by rotated_at desc limit 100",
        user_id,
    )
    return [OpenSession(**row) for row in rows]


async def ended_lately(tx: Transaction, seconds: int) -> list[UUID]:
    """Returns the sessions that ended in so many seconds."""
    rows = await tx.fetch(
        "select session_id from core.user_sessions where ended_at > now() - make_interval(secs => $1)", seconds
    )
    return [row["session_id"] for row in rows]


async def has_ended(tx: Transaction, session_id: UUID) -> bool:
    """Tells whether a sign-in session is over."""
    return bool(
        await tx.fetchval(
            "select true from core.user_sessions where session_id = $1 and ended_at is not null", session_id
        )
    )
