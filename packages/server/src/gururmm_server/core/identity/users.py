"""The people of a Partner: inviting, changing, removing."""

from datetime import datetime
from typing import Self
from uuid import UUID

from gururmm_server.core.access.permissions import Permissions, Role
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.factors import service as factors
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity import _sessions_repository as sessions
from gururmm_server.core.identity import _steps_repository as steps
from gururmm_server.core.identity._people_repository import (
    SORTS,
    PersonRow,
    client_exists,
    has_contacts,
    list_people,
    one_person,
)
from gururmm_server.core.identity._repository import Member
from gururmm_server.core.identity.errors import (
    AlreadyMember,
    ClientNeeded,
    LastAdmin,
    OwnAccount,
    OwnedByPerson,
    RoleTooHigh,
)
from gururmm_server.core.identity.invitations import Invitations, find_or_add_person
from gururmm_server.core.identity.revocation import Revocations
from gururmm_server.core.identity.schemas import InvitationLink, InvitedUser, NewUser, User, UserChange
from gururmm_server.core.identity.service import Identity
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.paging import Page, PageQuery

__all__ = ["SORTS", "Users"]


class Users:
    """Who works for a Partner, and as what. Each change ends the person's sessions there, so that it holds at once."""

    def __init__(
        self, db: Database, invitations: Invitations, revocations: Revocations, permissions: Permissions
    ) -> None:
        self._db = db
        self._permissions = permissions
        self._invitations = invitations
        self._revocations = revocations

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        identity = house.get(Identity)
        return cls(house.db, identity.invitations, identity.revocations, house.declared.permissions)

    async def list(self, caller: Scope, query: PageQuery) -> Page[User]:
        """Returns a page of the Partner's people."""
        async with self._db.scope(caller) as tx:
            found = await list_people(tx, query)
        items = [_shown(row) for row in found.items]
        return Page[User](items=items, next_cursor=found.next_cursor, total=found.total)

    async def invite(self, caller: Scope, new: NewUser) -> InvitedUser:
        """Add a person, who can sign in once they accepted the link.

        Raises `AlreadyMember`, `RoleTooHigh`, `ClientNeeded`, and `NotFound` for a Client that is not the Partner's.
        """
        role = Role(new.role)
        self._check_rank(caller, role)
        await self._check_client(caller, role, new.client_id)
        async with self._db.identity(caller.tenant_id) as tx:
            user_id = await find_or_add_person(tx, new.email)
            if not await repository.add_member(
                tx, caller.tenant_id, user_id, role=role, client_id=new.client_id, name=new.name
            ):
                raise AlreadyMember
            details = {"user_id": user_id, "email": new.email, "role": role, "client_id": new.client_id}
            await append(tx, "audit_log", AuditRow("user.invited", caller.subject, details=details))
            url = await self._invitations.create(tx, user_id, caller.tenant_id)
        user = await self._get(caller, user_id)
        return InvitedUser(**user.model_dump(), invitation_url=url)

    async def change(self, caller: Scope, user_id: UUID, change: UserChange) -> User:
        """Change role, Client, access or what this Partner calls the person.

        Raises `NotFound`, `OwnAccount`, `LastAdmin`, `RoleTooHigh` and `ClientNeeded`.
        """
        # One connection: whoever holds the members' rows must not wait for another one beside those who wait for them.
        async with self._db.whole(caller.tenant_id), self._db.identity(caller.tenant_id) as tx:
            members = await repository.lock_members(tx, caller.tenant_id)
            member = _find(members, user_id)
            role = Role(change.role or member.role)
            client_id = _client_after(change, member, role)
            disabled_at = _disabled_after(change, member)
            if change.name is not None and change.name != member.name:
                await self._rename(tx, caller, member, change.name)
            if (role, client_id, disabled_at) != (member.role, member.client_id, member.disabled_at):
                self._check_may_change(caller, member, role)
                _check_admin_left(members, user_id, admin=role is Role.PARTNER_ADMIN and disabled_at is None)
                await self._check_client(caller, role, client_id)
                details = {
                    "user_id": user_id,
                    "email": member.email,
                    "before": _facts(member.role, member.client_id, member.disabled_at),
                    "after": _facts(role, client_id, disabled_at),
                }
                await append(tx, "audit_log", AuditRow("user.changed", caller.subject, details=details))
                await repository.change_member(
                    tx, caller.tenant_id, user_id, role=role, client_id=client_id, disabled_at=disabled_at
                )
                ended = await sessions.end_sessions(tx, user_id, caller.tenant_id)
                tx.after_commit(self._revocations.announce, ended)
        return await self._get(caller, user_id)

    async def remove(self, caller: Scope, user_id: UUID) -> None:
        """Take the person out of the Partner. Raises `NotFound`, `OwnAccount`, `LastAdmin`, `RoleTooHigh`."""
        async with self._db.identity(caller.tenant_id) as tx:
            members = await repository.lock_members(tx, caller.tenant_id)
            member = _find(members, user_id)
            self._check_may_change(caller, member, Role(member.role))
            _check_admin_left(members, user_id, admin=False)
            details = {"user_id": user_id, "email": member.email, "role": member.role}
            await append(tx, "audit_log", AuditRow("user.removed", caller.subject, details=details))
            await repository.remove_member(tx, caller.tenant_id, user_id)
            ended = await sessions.end_sessions(tx, user_id, caller.tenant_id)
            tx.after_commit(self._revocations.announce, ended)

    async def renew_invitation(self, caller: Scope, user_id: UUID) -> InvitationLink:
        """Makes a new link. For somebody who accepted before, it resets the password, which is void from now on.

        Raises `NotFound`, `OwnAccount`, `RoleTooHigh`, and `OwnedByPerson` for who works for another Partner too.
        """
        async with self._db.identity(caller.tenant_id) as tx:
            member = _find(await repository.lock_members(tx, caller.tenant_id), user_id)
            self._check_may_change(caller, member, Role(member.role))
            reset = member.accepted_at is not None
            if reset and await repository.belongs_elsewhere(tx, user_id, caller.tenant_id):
                raise OwnedByPerson
            details = {"user_id": user_id, "email": member.email, "password_reset": reset}
            await append(tx, "audit_log", AuditRow("invitation.created", caller.subject, details=details))
            if reset:
                await repository.lock_person(tx, user_id)
                await repository.set_password(tx, user_id, None)
                ended = await sessions.end_sessions(tx, user_id)
                tx.after_commit(self._revocations.announce, ended)
            url = await self._invitations.create(tx, user_id, caller.tenant_id)
        return InvitationLink(invitation_url=url)

    async def reset_factors(self, caller: Scope, user_id: UUID) -> None:
        """Takes every second factor of a person away, who lost it; their sign-ins end. The password stays.

        Raises `NotFound`, `OwnAccount`, `RoleTooHigh`, and `OwnedByPerson` for who works for another Partner too.
        """
        async with self._db.identity(caller.tenant_id) as tx:
            member = _find(await repository.lock_members(tx, caller.tenant_id), user_id)
            self._check_may_change(caller, member, Role(member.role))
            if await repository.belongs_elsewhere(tx, user_id, caller.tenant_id):
                raise OwnedByPerson(
                    "This person works for somebody else, too: only they, or the operator of this server, reset that."
                )
            details = {"user_id": user_id, "email": member.email}
            await append(tx, "audit_log", AuditRow("factor.reset", caller.subject, details=details))
            ended = await forget_factors(tx, user_id)
            tx.after_commit(self._revocations.announce, ended)

    async def _rename(self, tx: Transaction, caller: Scope, member: Member, name: str) -> None:
        if member.user_id != caller.subject.id:
            self._check_may_change(caller, member, Role(member.role))
        details = {"user_id": member.user_id, "email": member.email, "before": member.name, "after": name}
        await append(tx, "audit_log", AuditRow("user.renamed", caller.subject, details=details))
        await repository.rename_member(tx, caller.tenant_id, member.user_id, name)

    async def _check_client(self, caller: Scope, role: Role, client_id: UUID | None) -> None:
        if (role is Role.CLIENT_CONTACT) != (client_id is not None):
            raise ClientNeeded
        if client_id is not None:
            async with self._db.scope(caller) as tx:
                if not await client_exists(tx, client_id):
                    raise NotFound

    def _check_rank(self, caller: Scope, role: Role) -> None:
        """Raise `RoleTooHigh` for who would give, or take away, more than they have themselves."""
        if not self._permissions.of(role, inside=True) <= caller.subject.permissions:
            raise RoleTooHigh

    def _check_may_change(self, caller: Scope, member: Member, role: Role) -> None:
        if member.user_id == caller.subject.id:
            raise OwnAccount
        self._check_rank(caller, role)
        self._check_rank(caller, Role(member.role))

    async def _get(self, caller: Scope, user_id: UUID) -> User:
        async with self._db.scope(caller) as tx:
            row = await one_person(tx, user_id)
        if row is None:
            raise NotFound
        return _shown(row)


async def forget_factors(tx: Transaction, user_id: UUID) -> list[UUID]:
    """Takes a person's factors away, in an identity scope, and ends their sign-ins. Returns ended sessions."""
    await repository.lock_person(tx, user_id)
    await factors.drop_all(tx, user_id)
    await steps.end_all(tx, user_id)
    return await sessions.end_sessions(tx, user_id)


async def contacts_of(tx: Transaction, client_id: UUID) -> str | None:
    """Tells whether a Client still has contacts (a `Hold`)."""
    return "Client contacts. Remove them first." if await has_contacts(tx, client_id) else None


def _find(members: list[Member], user_id: UUID) -> Member:
    for member in members:
        if member.user_id == user_id:
            return member
    raise NotFound


def _client_after(change: UserChange, member: Member, role: Role) -> UUID | None:
    if "client_id" in change.model_fields_set:
        return change.client_id
    return member.client_id if role is Role.CLIENT_CONTACT else None


def _disabled_after(change: UserChange, member: Member) -> datetime | None:
    before = member.disabled_at
    if change.disabled is None:
        return before
    return (before or now()) if change.disabled else None


def _check_admin_left(members: list[Member], user_id: UUID, *, admin: bool) -> None:
    """Raise `LastAdmin` when this person stops being one and nobody else is."""
    admins = {
        member.user_id
        for member in members
        if member.role == Role.PARTNER_ADMIN and member.accepted_at and not member.disabled_at
    }
    if not admin and admins == {user_id}:
        raise LastAdmin


def _facts(role: str, client_id: UUID | None, disabled_at: datetime | None) -> dict[str, object]:
    return {"role": role, "client_id": client_id, "disabled": disabled_at is not None}


def _shown(row: PersonRow) -> User:
    """Returns a person as the API says it."""
    return User(
        id=row.user_id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        client_id=row.client_id,
        client_name=row.client_name,
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
        second_factor=row.second_factor,
        state="disabled" if row.disabled_at else "active" if row.accepted_at else "invited",
    )
