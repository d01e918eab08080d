"""SQL over people, memberships, sessions and invitations. Every function runs in the caller's scope.

The identity scope sees every tenant's rows, so each statement here names the tenant or the person it is about.
"""

from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

from gururmm_server.infra.database import Row, Transaction

_PERSON = """
select u.user_id, u.email, u.name, u.password_hash, u.disabled_at,
  exists (select from core.msp_users m where m.user_id = u.user_id) as platform
from core.users u
"""
_SESSION = """
select s.session_id, s.user_id, s.tenant_id, s.ended_at, s.refresh_hash = $2 as current,
  coalesce(s.previous_hash = $2, false) as previous, s.expires_at > now() as fresh,
  s.rotated_at > now() - interval '10 seconds' as just_rotated
from core.user_sessions s where s.session_id = $1 for update
"""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session starts with."""

    session_id: UUID
    user_id: UUID
    tenant_id: UUID | None
    refresh_hash: bytes
    lifetime_s: int
    address: str
    user_agent: str


async def person_by_email(tx: Transaction, email: str) -> Row | None:
    return await tx.fetchrow(_PERSON + "where lower(u.email) = lower($1)", email)


async def person(tx: Transaction, user_id: UUID) -> Row | None:
    return await tx.fetchrow(_PERSON + "where u.user_id = $1", user_id)


async def lock_person(tx: Transaction, user_id: UUID) -> Row | None:
    """The person, whom nobody else changes before this transaction ends."""
    return await tx.fetchrow(_PERSON + "where u.user_id = $1 for update of u", user_id)


async def memberships(tx: Transaction, user_id: UUID) -> list[Row]:
    """The Partners a person can work in now, the one used last first."""
    return await tx.fetch(
        "select t.tenant_id, t.name, tu.role, tu.client_id from core.tenant_users tu"
        " join core.tenants t using (tenant_id)"
        " where tu.user_id = $1 and tu.disabled_at is null and tu.accepted_at is not null"
        " order by (select max(s.rotated_at) from core.user_sessions s"
        "   where s.user_id = $1 and s.tenant_id = t.tenant_id) desc nulls last, t.name",
        user_id,
    )


async def place(tx: Transaction, user_id: UUID, tenant_id: UUID, *, hold: bool) -> Row | None:
    """Role, Client and name of a person who can work in this Partner. `hold`: they stay so until the scope ends."""
    return await tx.fetchrow(
        "select role, client_id, name from core.tenant_users"
        " where user_id = $1 and tenant_id = $2 and disabled_at is null and accepted_at is not null"
        + (" for share" if hold else ""),
        user_id,
        tenant_id,
    )


async def partner(tx: Transaction, tenant_id: UUID) -> Row | None:
    """Name and label overrides of a Partner."""
    return await tx.fetchrow(
        "select t.tenant_id, t.name, coalesce(s.label_overrides, '{}'::jsonb) as labels from core.tenants t"
        " left join core.tenant_settings s using (tenant_id) where t.tenant_id = $1",
        tenant_id,
    )


async def add_person(tx: Transaction, user_id: UUID, email: str) -> None:
    await tx.execute("insert into core.users (user_id, email) values ($1, $2)", user_id, email)


async def set_platform_name(tx: Transaction, user_id: UUID, name: str) -> None:
    """What the Platform calls the person; no Partner sees it."""
    await tx.execute("update core.users set name = $2 where user_id = $1", user_id, name)


async def set_password(tx: Transaction, user_id: UUID, password_hash: str | None) -> None:
    await tx.execute("update core.users set password_hash = $2 where user_id = $1", user_id, password_hash)


async def make_platform_admin(tx: Transaction, user_id: UUID) -> bool:
    """Make the person Platform staff; False when they are."""
    touched = await tx.execute("insert into core.msp_users (user_id) values ($1) on conflict do nothing", user_id)
    return touched == 1


async def add_session(tx: Transaction, new: NewSession) -> None:
    """A new session; the person's last sign-in is now."""
    await tx.execute(
        "insert into core.user_sessions"
        " (session_id, user_id, tenant_id, refresh_hash, expires_at, address, user_agent)"
        " values ($1, $2, $3, $4, now() + make_interval(secs => $5), $6, $7)",
        *astuple(new),
    )
    await tx.execute("update core.users set last_sign_in_at = now() where user_id = $1", new.user_id)


async def session_of_token(tx: Transaction, session_id: UUID, token_hash: bytes) -> Row | None:
    """The session, locked, and whether its refresh token is this (`current`) or was the one before (`previous`)."""
    return await tx.fetchrow(_SESSION, session_id, token_hash)


async def rotate(tx: Transaction, session_id: UUID, refresh_hash: bytes, address: str) -> None:
    await tx.execute(
        "update core.user_sessions set previous_hash = refresh_hash, refresh_hash = $2, rotated_at = now(),"
        " address = $3 where session_id = $1",
        session_id,
        refresh_hash,
        address,
    )


async def end_session(tx: Transaction, session_id: UUID, user_id: UUID) -> Row | None:
    """End one session of this person; None when it was not open."""
    return await tx.fetchrow(
        "update core.user_sessions set ended_at = now()"
        " where session_id = $1 and user_id = $2 and ended_at is null returning session_id, tenant_id",
        session_id,
        user_id,
    )


async def end_sessions(
    tx: Transaction, user_id: UUID, tenant_id: UUID | None = None, *, keep: UUID | None = None
) -> list[UUID]:
    """End every session of this person (in this Partner, where one is given) except `keep`; their ids."""
    rows = await tx.fetch(
        "update core.user_sessions set ended_at = now() where user_id = $1 and ended_at is null"
        " and ($2::uuid is null or tenant_id = $2) and session_id is distinct from $3 returning session_id",
        user_id,
        tenant_id,
        keep,
    )
    return [row["session_id"] for row in rows]


async def open_sessions(tx: Transaction, user_id: UUID) -> list[Row]:
    return await tx.fetch(
        "select session_id, created_at, rotated_at, address, user_agent from core.user_sessions"
        " where user_id = $1 and ended_at is null and expires_at > now() order by rotated_at desc limit 100",
        user_id,
    )


async def add_invitation(
    tx: Transaction, token_hash: bytes, user_id: UUID, tenant_id: UUID | None, lifetime_s: int
) -> None:
    """A new invitation; older ones of this person to this Partner are void."""
    await tx.execute(
        "delete from core.invitations where user_id = $1 and tenant_id is not distinct from $2", user_id, tenant_id
    )
    await tx.execute(
        "insert into core.invitations (token_hash, user_id, tenant_id, expires_at)"
        " values ($1, $2, $3, now() + make_interval(secs => $4))",
        token_hash,
        user_id,
        tenant_id,
        lifetime_s,
    )


async def invitation(tx: Transaction, token_hash: bytes) -> Row | None:
    """An invitation that can still be accepted, with the person and, for a Partner's, the membership."""
    return await tx.fetchrow(
        "select i.user_id, i.tenant_id, u.email, coalesce(tu.name, u.name) as name, u.password_hash,"
        " t.name as partner_name, tu.role, tu.client_id"
        " from core.invitations i join core.users u using (user_id)"
        " left join core.tenants t on t.tenant_id = i.tenant_id"
        " left join core.tenant_users tu on tu.tenant_id = i.tenant_id and tu.user_id = i.user_id"
        "   and tu.disabled_at is null"
        " left join core.msp_users m on m.user_id = i.user_id"
        " where i.token_hash = $1 and i.used_at is null and i.expires_at > now() and u.disabled_at is null"
        " and (tu.user_id is not null or (i.tenant_id is null and m.user_id is not null))",
        token_hash,
    )


async def use_invitation(tx: Transaction, token_hash: bytes) -> bool:
    """Use it up; False when somebody else was faster."""
    touched = await tx.execute(
        "update core.invitations set used_at = now() where token_hash = $1 and used_at is null and expires_at > now()",
        token_hash,
    )
    return touched == 1


async def add_member(
    tx: Transaction,
    tenant_id: UUID,
    user_id: UUID,
    *,
    role: str,
    client_id: UUID | None,
    name: str,
    accepted: bool = False,
) -> bool:
    """Make the person a member, who gains nothing before they accept; False when they are one."""
    touched = await tx.execute(
        "insert into core.tenant_users (tenant_id, user_id, role, client_id, name, accepted_at)"
        " values ($1, $2, $3, $4, $5, case when $6 then now() end) on conflict do nothing",
        tenant_id,
        user_id,
        role,
        client_id,
        name,
        accepted,
    )
    return touched == 1


async def accept_membership(tx: Transaction, tenant_id: UUID, user_id: UUID) -> None:
    await tx.execute(
        "update core.tenant_users set accepted_at = coalesce(accepted_at, now()) where tenant_id = $1 and user_id = $2",
        tenant_id,
        user_id,
    )


async def lock_members(tx: Transaction, tenant_id: UUID) -> list[Row]:
    """Every member of a Partner, locked: whoever changes roles does so one after another."""
    return await tx.fetch(
        "select tu.user_id, tu.role, tu.client_id, tu.accepted_at, tu.disabled_at, tu.name, u.email"
        " from core.tenant_users tu join core.users u using (user_id)"
        " where tu.tenant_id = $1 order by tu.user_id for update of tu",
        tenant_id,
    )


async def change_member(
    tx: Transaction,
    tenant_id: UUID,
    user_id: UUID,
    *,
    role: str,
    client_id: UUID | None,
    disabled_at: datetime | None,
) -> None:
    await tx.execute(
        "update core.tenant_users set role = $3, client_id = $4, disabled_at = $5"
        " where tenant_id = $1 and user_id = $2",
        tenant_id,
        user_id,
        role,
        client_id,
        disabled_at,
    )


async def rename_member(tx: Transaction, tenant_id: UUID, user_id: UUID, name: str) -> None:
    await tx.execute(
        "update core.tenant_users set name = $3 where tenant_id = $1 and user_id = $2", tenant_id, user_id, name
    )


async def remove_member(tx: Transaction, tenant_id: UUID, user_id: UUID) -> None:
    await tx.execute("delete from core.tenant_users where tenant_id = $1 and user_id = $2", tenant_id, user_id)


async def belongs_elsewhere(tx: Transaction, user_id: UUID, tenant_id: UUID) -> bool:
    """Whether the person also works for another Partner, or for the Platform."""
    found: bool = await tx.fetchval(
        "select exists (select from core.tenant_users"
        "   where user_id = $1 and tenant_id <> $2 and accepted_at is not null)"
        " or exists (select from core.msp_users where user_id = $1)",
        user_id,
        tenant_id,
    )
    return found
