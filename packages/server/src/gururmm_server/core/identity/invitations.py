"""Invitations: one-use links that bring a person in, or let a person whose password was reset choose a new one.

A person who has a password accepts with that password: a link alone never gives anybody power over an account that
exists, whoever made the link.
"""

import secrets
from uuid import UUID

from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.subject import person as as_actor
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.factors import service as factors
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity._repository import InvitationRow, Person
from gururmm_server.core.identity.attempts import Attempts
from gururmm_server.core.identity.browsers import KnownBrowsers
from gururmm_server.core.identity.errors import InvitationGone, WrongCredentials
from gururmm_server.core.identity.passwords import Passwords
from gururmm_server.core.identity.schemas import Invitation, SecondStep
from gururmm_server.core.identity.second_step import SecondSteps
from gururmm_server.core.identity.sessions import Device, SessionKeeper, Started, token_hash
from gururmm_server.core.identity.strength import Strength
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id

INVITATION_SECONDS = 7 * 86400


class Invitations:
    """Makes, shows and accepts invitations."""

    def __init__(
        self,
        db: Database,
        *,
        keeper: SessionKeeper,
        steps: SecondSteps,
        passwords: Passwords,
        attempts: Attempts,
        browsers: KnownBrowsers,
        public_url: str,
    ) -> None:
        self._db = db
        self._keeper = keeper
        self._steps = steps
        self._browsers = browsers
        self._passwords = passwords
        self._attempts = attempts
        self._public_url = public_url

    async def create(self, tx: Transaction, user_id: UUID, tenant_id: UUID | None) -> str:
        """Returns the link of a new invitation, see `create_link`."""
        return await create_link(tx, user_id, tenant_id, self._public_url)

    async def show(self, token: str) -> Invitation:
        """Returns what the link says. Raises `InvitationGone`."""
        async with self._db.identity() as tx:
            row = await self._find(tx, token)
        return Invitation(
            email=row.email,
            name=row.name,
            partner_name=row.partner_name,
            role=Role(row.role) if row.role else Role.PLATFORM_ADMIN,
            has_password=row.password_hash is not None,
        )

    async def strength(self, token: str, password: str) -> Strength:
        """Returns how hard the password is to guess that somebody is about to choose. Raises `InvitationGone`."""
        async with self._db.identity() as tx:
            row = await self._find(tx, token)
        return await self._passwords.strength(password, row.email)

    async def accept(self, token: str, password: str, name: str | None, device: Device) -> Started | SecondStep:
        """Use the link up and sign in, or ask for the second factor of who has one: no link stands in for that.

        `name` is what the person is called there from now on.

        Raises `InvitationGone`, `WeakPassword`, `WrongCredentials` and `TooManyAttempts`.
        """
        async with self._db.identity() as tx:
            row = await self._find(tx, token)
        tenant_id, user_id = row.tenant_id, row.user_id
        first_hash = await self._prove(row, password, device)
        async with self._db.identity(tenant_id) as tx:
            person = await repository.lock_person(tx, user_id)
            if person is None or not await repository.use_invitation(tx, token_hash(token)):
                raise InvitationGone
            if first_hash is not None:
                await self._set_first_password(tx, person, tenant_id, first_hash)
            if tenant_id is not None:
                await repository.accept_membership(tx, tenant_id, user_id)
            if name is not None:
                await self._set_name(tx, user_id, tenant_id, name)
            person = await repository.person(tx, user_id)
            assert person is not None
            if tenant_id is not None:
                await append(tx, "audit_log", AuditRow("invitation.accepted", as_actor(user_id, person.email)))
            if (await factors.held(tx, user_id)).any:
                return await self._steps.begin(tx, person, tenant_id)
            return await self._keeper.start(tx, person, tenant_id, device, by="invitation")

    async def _prove(self, row: InvitationRow, password: str, device: Device) -> str | None:
        """Returns the hash of a first password; None once an existing one was proved."""
        if row.password_hash is None:
            await self._passwords.check_strength(password, row.email, "password")
            async with self._passwords.turn(device.address):
                return await self._passwords.hash(password)
        self._attempts.count_visitor(device.address)
        browser = self._browsers.name(device.browser, row.user_id)
        self._attempts.count_account(row.user_id, browser)
        async with self._passwords.turn(device.address):
            fits = await self._passwords.verify(password, row.password_hash)
        if not fits:
            raise WrongCredentials
        self._attempts.succeeded(row.user_id, device.address, browser)
        return None

    async def _set_first_password(
        self, tx: Transaction, person: Person, tenant_id: UUID | None, password_hash: str
    ) -> None:
        """Raises `InvitationGone` where this link must not decide the password.

        Somebody else may have set one meanwhile; and who already works for another Partner never gets a password
        through this Partner's link.
        """
        elsewhere = tenant_id is not None and await repository.belongs_elsewhere(tx, person.user_id, tenant_id)
        if person.password_hash is not None or elsewhere:
            raise InvitationGone(internal="the link may not set this person's password")
        await repository.set_password(tx, person.user_id, password_hash)

    async def _set_name(self, tx: Transaction, user_id: UUID, tenant_id: UUID | None, name: str) -> None:
        """Set what the person wants to be called where this link leads, and nowhere else."""
        if tenant_id is None:
            await repository.set_platform_name(tx, user_id, name)
        else:
            await repository.rename_member(tx, tenant_id, user_id, name)

    async def _find(self, tx: Transaction, token: str) -> InvitationRow:
        row = await repository.invitation(tx, token_hash(token))
        if row is None:
            raise InvitationGone
        return row


async def create_link(tx: Transaction, user_id: UUID, tenant_id: UUID | None, public_url: str) -> str:
    """Makes an invitation, in an identity scope, and returns its link; older ones of this person there are void."""
    token = secrets.token_urlsafe(32)
    await repository.add_invitation(tx, token_hash(token), user_id, tenant_id, INVITATION_SECONDS)
    return f"{public_url.rstrip('/')}/welcome/{token}"


async def find_or_add_person(tx: Transaction, email: str) -> UUID:
    """Returns the person with this address, made in this identity scope if there is none."""
    known = await repository.person_by_email(tx, email)
    if known is not None:
        return known.user_id
    user_id = new_id()
    await repository.add_person(tx, user_id, email)
    return user_id
