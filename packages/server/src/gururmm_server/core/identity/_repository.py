"""SQL over people, memberships and invitations. Every function runs in the caller's scope.

The identity scope sees every tenant's rows, so each statement here names the tenant or the person it is about.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction
from gururmm_server.infra.fields import canonical_email

_PERSON = """
select u.user_id, u.email, u.name, u.password_hash, u.disabled_at,
  exists (select from core.msp_users m where m.user_id = u.user_id) as platform
from core.users u
"""
_PERSON_BY_EMAIL = f"{_PERSON} where u.email = any ($1::text[]) order by u.email <> $2"
_PERSON_BY_ID = f"{_PERSON} where u.user_id = $1"
_PERSON_LOCKED = f"{_PERSON_BY_ID} for update of u"
_PLACE = """
select role, client_id, name from core.tenant_users
where user_id = $1 and tenant_id = $2 and disabled_at is null and accepted_at is not null
"""
_PLACE_HELD = f"{_PLACE} for share"


class Person(msgspec.Struct, frozen=True):
    """Somebody with an account. `name`: what the Platform calls them; `platform`: they are its staff."""

    user_id: UUID
    email: str
    name: str
    password_hash: str | None
    disabled_at: datetime | None
    platform: bool


class MembershipRow(msgspec.Struct, frozen=True):
    """A Partner in which a person can work."""

    tenant_id: UUID
    name: str
    role: str
    client_id: UUID | None


class Place(msgspec.Struct, frozen=True):
    """What a person is in one Partner, and what they are called there."""

    role: str
    client_id: UUID | None
    name: str


class PartnerRow(msgspec.Struct, frozen=True):
    """A Partner's name."""

    tenant_id: UUID
    name: str


class InvitationRow(msgspec.Struct, frozen=True):
    """An invitation that can still be accepted: whom it is for and, for a Partner's, the membership."""

    user_id: UUID
    tenant_id: UUID | None
    email: str
    name: str
    password_hash: str | None
    partner_name: str | None
    role: str | None
    client_id: UUID | None


class Member(msgspec.Struct, frozen=True):
    """A person of a Partner."""

    user_id: UUID
    role: str
    client_id: UUID | None
    accepted_at: datetime | None
    disabled_at: datetime | None
    name: str
    email: str


async def person_by_email(tx: Transaction, email: str) -> Person | None:
    """Returns the person with this address, however it is spelled."""
    canonical = canonical_email(email)
    # Older builds stored addresses in lower case as they were composed.
    row = await tx.fetchrow(_PERSON_BY_EMAIL, [canonical, email.lower()], canonical)
    return Person(**row) if row is not None else None


async def person(tx: Transaction, user_id: UUID) -> Person | None:
    row = await tx.fetchrow(_PERSON_BY_ID, user_id)
    return Person(**row) if row is not None else None


async def lock_person(tx: Transaction, user_id: UUID) -> Person | None:
    """Returns the person, whom nobody else changes before this transaction ends."""
    row = await tx.fetchrow(_PERSON_LOCKED, user_id)
    return Person(**row) if row is not None else None


async def memberships(tx: Transaction, user_id: UUID) -> list[MembershipRow]:
    """Returns the Partners a person can work in now, the one used last first."""
    rows = await tx.fetch(
        "select t.tenant_id, t.name, tu.role, tu.client_id from core.tenant_users tu"
        " join core.partners t using (tenant_id)"
        " where tu.user_id = $1 and tu.disabled_at is null and tu.accepted_at is not null"
        " order by (select max(s.rotated_at) from core.user_sessions s"
        "   where s.user_id = $1 and s.tenant_id = t.tenant_id) desc nulls last, t.name",
        user_id,
    )
    return [MembershipRow(**row) for row in rows]


async def place(tx: Transaction, user_id: UUID, tenant_id: UUID, *, hold: bool) -> Place | None:
    """Returns what a person is who can work in this Partner. `hold`: they stay so until the scope ends."""
    row = await tx.fetchrow(_PLACE_HELD if hold else _PLACE, user_id, tenant_id)
    return Place(**row) if row is not None else None


async def partner(tx: Transaction, tenant_id: UUID) -> PartnerRow | None:
    """Returns a Partner as its people see it named."""
    row = await tx.fetchrow(
        "select tenant_id, name from core.partners where tenant_id = $1",
        tenant_id,
    )
    return PartnerRow(**row) if row is not None else None


async def partner_exists(tx: Transaction, tenant_id: UUID) -> bool:
    """Tells whether there is such a Partner."""
    return bool(await tx.fetchval("select true from core.partners where tenant_id = $1", tenant_id))


async def add_person(tx: Transaction, user_id: UUID, email: str) -> None:
    await tx.execute("insert into core.users (user_id, email) values ($1, $2)", user_id, email)


async def set_platform_name(tx: Transaction, user_id: UUID, name: str) -> None:
    """Sets what the Platform calls the person; no Partner sees it."""
    await tx.execute("update core.users set name = $2 where user_id = $1", user_id, name)


async def set_password(tx: Transaction, user_id: UUID, password_hash: str | None) -> None:
    """Sets another password. A sign-in that waits for its second step began with the old one: it is void."""
    await tx.execute("update core.users set password_hash = $2 where user_id = $1", user_id, password_hash)
    await tx.execute("delete from core.sign_in_steps where user_id = $1", user_id)


async def make_platform_admin(tx: Transaction, user_id: UUID) -> bool:
    """Makes the person Platform staff. Returns False when they are already."""
    touched = await tx.execute("insert into core.msp_users (user_id) values ($1) on conflict do nothing", user_id)
    return touched == 1


async def add_invitation(
    tx: Transaction, token_hash: bytes, user_id: UUID, tenant_id: UUID | None, lifetime_s: int
) -> None:
    """Adds an invitation, and deletes older ones of this person to this Partner."""
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


async def invitation(tx: Transaction, token_hash: bytes) -> InvitationRow | None:
    """Returns an invitation that can still be accepted."""
    row = await tx.fetchrow(
        "select i.user_id, i.tenant_id, u.email, coalesce(tu.name, u.name) as name, u.password_hash,"
        " t.name as partner_name, tu.role, tu.client_id"
        " from core.invitations i join core.users u using (user_id)"
        " left join core.partners t on t.tenant_id = i.tenant_id"
        " left join core.tenant_users tu on tu.tenant_id = i.tenant_id and tu.user_id = i.user_id"
        "   and tu.disabled_at is null"
        " left join core.msp_users m on m.user_id = i.user_id"
        " where i.token_hash = $1 and i.used_at is null and i.expires_at > now() and u.disabled_at is null"
        " and (tu.user_id is not null or (i.tenant_id is null and m.user_id is not null))",
        token_hash,
    )
    return InvitationRow(**row) if row is not None else None


async def use_invitation(tx: Transaction, token_hash: bytes) -> bool:
    """Uses an invitation up. Returns False when somebody else was faster."""
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
    """Makes the person a member, who gains nothing before they accept. Returns False when they are one already."""
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


async def lock_members(tx: Transaction, tenant_id: UUID) -> list[Member]:
    """Returns every member of a Partner, locked: whoever changes roles does so one after another."""
    rows = await tx.fetch(
        "select tu.user_id, tu.role, tu.client_id, tu.accepted_at, tu.disabled_at, tu.name, u.email"
        " from core.tenant_users tu join core.users u using (user_id)"
        " where tu.tenant_id = $1 order by tu.user_id for update of tu",
        tenant_id,
    )
    return [Member(**row) for row in rows]


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
    """Tells whether the person also works for another Partner, or for the Platform."""
    found: bool = await tx.fetchval(
        "select exists (select from core.tenant_users"
        "   where user_id = $1 and tenant_id <> $2 and accepted_at is not null)"
        " or exists (select from core.msp_users where user_id = $1)",
        user_id,
        tenant_id,
    )
    return found
