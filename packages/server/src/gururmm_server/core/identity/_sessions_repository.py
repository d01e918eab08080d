"""SQL over sign-in sessions. Every function runs in the caller's scope.

The identity scope sees every tenant's rows, so each statement here names the session or the person it is about.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, read_page, search_words
from gururmm_server.infra.sql import all_of, raw, sql

_SESSION = """
select s.session_id, s.user_id, s.tenant_id, s.ended_at, s.refresh_hash = $2 as current,
  coalesce(s.previous_hash = $2, false) as previous, s.expires_at > now() as fresh,
  s.rotated_at > now() - interval '10 seconds' as just_rotated,
  coalesce(s.ended_at > now() - interval '10 seconds', false) as just_ended,
  coalesce(s.family_id, s.session_id) as family_id, coalesce(s.family_expires_at, s.expires_at) as family_expires_at,
  s.proved_at
from core.user_sessions s where s.session_id = $1 for update
"""

_OPEN = "s.session_id, s.tenant_id, s.created_at, s.rotated_at, s.address, s.user_agent"
_OPEN_ONE = f"""
select {_OPEN} from core.user_sessions s
where s.user_id = $1 and s.session_id = $2 and s.ended_at is null and s.expires_at > now()
"""
_OPEN_OF_FAMILY = f"""
select {_OPEN} from core.user_sessions s where (s.family_id = $1 or s.session_id = $1) and s.ended_at is null
"""
SORTS = {
    "last_used_at": Sort("s.rotated_at", "timestamptz"),
    "created_at": Sort("s.created_at", "timestamptz"),
    "address": Sort("s.address"),
}


class Family(msgspec.Struct, frozen=True):
    """A sign-in, by its first session, and when it ends, in whatever Partner it goes on."""

    family_id: UUID
    expires_at: datetime


class NewSession(msgspec.Struct, frozen=True):
    """What a sign-in session starts with."""

    session_id: UUID
    user_id: UUID
    tenant_id: UUID | None
    refresh_hash: bytes
    lifetime_s: int
    address: str
    user_agent: str
    proved_at: datetime
    """When the person last proved that it is they."""
    family: Family | None
    """Which sign-in goes on; None: a new one."""


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
    just_ended: bool
    family_id: UUID
    family_expires_at: datetime
    proved_at: datetime

    @property
    def in_use(self) -> bool:
        """Tells whether the token is the one in use; of two tabs, the second may come with the one before."""
        return self.fresh and self.ended_at is None and (self.current or (self.previous and self.just_rotated))


class OpenSession(msgspec.Struct, frozen=True):
    """A sign-in session that goes on, as its person sees it."""

    session_id: UUID
    tenant_id: UUID | None
    created_at: datetime
    rotated_at: datetime
    address: str
    user_agent: str


async def add_session(tx: Transaction, new: NewSession) -> None:
    """Adds a sign-in session, which ends with its family at the latest, and notes that the person signed in now."""
    *columns, family = msgspec.structs.astuple(new)
    await tx.execute(
        "insert into core.user_sessions (session_id, user_id, tenant_id, refresh_hash, expires_at, address, user_agent,"
        " proved_at, family_id, family_expires_at)"
        " values ($1, $2, $3, $4, least(now() + make_interval(secs => $5), $10), $6, $7, $8, $9, $10)",
        *columns,
        family and family.family_id,
        family and family.expires_at,
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


async def prove(tx: Transaction, session_id: UUID) -> datetime | None:
    """Notes that the person proved now that it is they. Returns when that is; None where the session is over."""
    moment: datetime | None = await tx.fetchval(
        "update core.user_sessions set proved_at = now()"
        " where session_id = $1 and ended_at is null and expires_at > now() returning proved_at",
        session_id,
    )
    return moment


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


async def page_of_open(tx: Transaction, user_id: UUID, query: PageQuery) -> Slice[OpenSession]:
    """Returns a page of the sessions of a person that go on."""
    mine = sql("s.user_id = {user} and s.ended_at is null and s.expires_at > now()", user=user_id)
    text = raw("core.folded(s.address || ' ' || s.user_agent)")
    found = sql("{text} like all ({words}::text[])", text=text, words=search_words(query.search))
    return await read_page(
        tx,
        OpenSession,
        query,
        columns=_OPEN,
        source="core.user_sessions s",
        where=all_of([mine, found]),
        tie_break="s.session_id",
    )


async def open_session(tx: Transaction, user_id: UUID, session_id: UUID) -> OpenSession | None:
    """Returns a session of this person that goes on."""
    row = await tx.fetchrow(_OPEN_ONE, user_id, session_id)
    return OpenSession(**row) if row is not None else None


async def open_of_family(tx: Transaction, family_id: UUID) -> list[OpenSession]:
    """Returns the sessions of a sign-in that go on."""
    rows = await tx.fetch(_OPEN_OF_FAMILY, family_id)
    return [OpenSession(**row) for row in rows]


async def ended_lately(tx: Transaction, seconds: int) -> list[UUID]:
    """Returns the sessions that ended, or whose time was over, in so many seconds."""
    rows = await tx.fetch(
        "select session_id from core.user_sessions where ended_at > now() - make_interval(secs => $1)"
        " union all select session_id from core.user_sessions where ended_at is null"
        " and expires_at between now() - make_interval(secs => $1) and now()",
        seconds,
    )
    return [row["session_id"] for row in rows]


async def has_ended(tx: Transaction, session_id: UUID) -> bool:
    """Tells whether a sign-in session is over."""
    return bool(
        await tx.fetchval(
            "select true from core.user_sessions"
            " where session_id = $1 and (ended_at is not null or expires_at <= now())",
            session_id,
        )
    )
