"""Signing in, one's own password, and the doors between Partners."""

import asyncio
from typing import Self
from uuid import UUID

from gururmm_server.core.access.permissions import Permissions
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.factors import service as factors
from gururmm_server.core.factors.errors import PasskeyRefused, WrongCode
from gururmm_server.core.factors.relying_party import relying_party
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity import _sessions_repository as sessions
from gururmm_server.core.identity._repository import Person
from gururmm_server.core.identity.attempts import Attempts
from gururmm_server.core.identity.browsers import KnownBrowsers
from gururmm_server.core.identity.errors import NoPartner, SessionEnded, WrongCredentials, WrongPassword
from gururmm_server.core.identity.invitations import Invitations
from gururmm_server.core.identity.passwords import Passwords
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.proofs import Proofs
from gururmm_server.core.identity.revocation import Revocations
from gururmm_server.core.identity.schemas import GivenFactor, SecondStep
from gururmm_server.core.identity.second_step import SecondSteps
from gururmm_server.core.identity.sessions import Device, SessionKeeper, Started
from gururmm_server.core.identity.tokens import AccessTokenKey, AccessTokens, RefreshTokens
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import GuruError, NotFound, StartError
from gururmm_server.infra.fields import canonical_email
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.secrets import secret

log = get_logger(__name__)


class Identity:
    """The component's face: sign-in, and the parts that sign-in is made of.

    `keeper` owns sessions, `steps` what waits for a second factor, `invitations` the links, `attempts` the count of
    guesses, `tokens` and `revocations` what the api's authentication needs.
    Call `open` before serving and `close` at the end.
    """

    def __init__(
        self, db: Database, bus: Bus, access_token_key: bytes, public_url: str, permissions: Permissions
    ) -> None:
        self._db = db
        self._notes: set[asyncio.Task[None]] = set()
        self.passwords = Passwords()
        self.attempts = Attempts()
        self.browsers = KnownBrowsers(access_token_key)
        self.proofs = Proofs(relying_party(public_url), self.attempts, self.browsers)
        self.tokens = AccessTokens(access_token_key, permissions)
        self.revocations = Revocations(db, bus)
        refresh_tokens = RefreshTokens(access_token_key)
        self.keeper = SessionKeeper(
            db,
            tokens=self.tokens,
            refresh_tokens=refresh_tokens,
            browsers=self.browsers,
            revocations=self.revocations,
            permissions=permissions,
        )
        self.steps = SecondSteps(db, self.attempts, self.proofs)
        self.invitations = Invitations(
            db,
            keeper=self.keeper,
            steps=self.steps,
            passwords=self.passwords,
            attempts=self.attempts,
            browsers=self.browsers,
            public_url=public_url,
        )

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the service of a process that was given the `AccessTokenKey`."""
        key = house.given(AccessTokenKey).value
        identity = cls(house.db, house.bus, key, house.settings.public_url, house.declared.permissions)
        house.at_start(identity.open)
        house.at_end(identity.close)
        return identity

    async def open(self) -> None:
        """Begins to follow the ends of sign-in sessions. Raises `Unavailable`."""
        await self.revocations.open()

    async def close(self) -> None:
        await self.revocations.close()
        await asyncio.gather(*self._notes)
        self.passwords.close()

    async def sign_in(self, email: str, password: str, device: Device, token: str = "") -> Started | SecondStep:
        """Starts a session where the person worked last, or on the Platform, or asks for their second factor.

        `token` is an older session's, if any. Raises `WrongCredentials` (unknown and disabled accounts included),
        `TooManyAttempts`, `Crowded`, `NoPartner`.
        """
        self.attempts.count_visitor(device.address)
        async with self._db.identity() as tx:
            person = await repository.person_by_email(tx, email)
        browser = self.browsers.name(device.browser, person.user_id) if person else None
        self.attempts.count_account(person.user_id if person else canonical_email(email), browser)
        known = browser is not None or self.keeper.knows(token)
        async with self.passwords.turn(device.address, known=known):
            fits = await self.passwords.verify(password, person.password_hash if person else None)
        if person is None or not fits or person.disabled_at is not None:
            self._refused(person, device)
            raise WrongCredentials
        self.attempts.succeeded(person.user_id, device.address, browser)
        async with self._db.identity(reserve=True) as tx:
            tenant_id = await _first_place(tx, person)
            if (await factors.held(tx, person.user_id)).any:
                return await self.steps.begin(tx, person, tenant_id)
        return await self._admit(person, tenant_id, device, by="password")

    async def enter(self, person: Person, device: Device, *, by: str) -> Started:
        """Starts a session where the person worked last, or on the Platform, for who proved all that is asked for.

        Raises `NoPartner`.
        """
        async with self._db.identity(reserve=True) as tx:
            tenant_id = await _first_place(tx, person)
        return await self._admit(person, tenant_id, device, by=by)

    async def finish_sign_in(self, step_token: str, given: GivenFactor, device: Device) -> Started:
        """Starts the session that waited for this second factor.

        Raises `WrongCode`, `PasskeyRefused`, `StepGone`, `TooManyAttempts`, `NoPartner`, and
        `WrongCredentials` when the password was changed meanwhile.
        """
        step = await self.steps.take(step_token, device)
        try:
            person, by = await self.steps.prove(step, given, device)
        except (WrongCode, PasskeyRefused):
            await self._refused_code(step.user_id, device)
            raise
        return await self._admit(person, step.tenant_id, device, by=f"password, {by}")

    async def change_password(self, caller: Principal, current: str, new: str, device: Device) -> None:
        """Sets another password for the caller, whose other sign-in sessions end at once, everywhere.

        Raises `WeakPassword`, `WrongPassword`, `TooManyAttempts`, and `SessionEnded` when the account is gone.
        """
        await self.passwords.check_strength(new, caller.email, "new_password")
        proved = await self.prove_password(caller, current, device)
        async with self.passwords.turn(device.address):
            new_hash = await self.passwords.hash(new)
        address = device.address[:64]
        if caller.tenant_id is None:
            # No Partner's chain can hold this row: the Platform keeps its own.
            async with self._db.platform(caller.email, f"change own password from {address}"):
                pass
        async with self._db.identity(caller.tenant_id) as tx:
            person = await repository.lock_person(tx, caller.user_id)
            if person is None or person.password_hash != proved:
                raise WrongPassword("current_password")
            if caller.tenant_id is not None:
                await append(
                    tx, "audit_log", AuditRow("password.changed", caller.subject, details={"address": address})
                )
            await repository.set_password(tx, caller.user_id, new_hash)
            ended = await sessions.end_sessions(tx, caller.user_id, keep=caller.session_id)
        await self.revocations.announce(ended)

    async def switch_partner(self, principal: Principal, tenant_id: UUID, device: Device, token: str) -> Started:
        """Goes on in another Partner of the caller, by the token of the session's cookie.

        Raises `NotFound` for one that is not theirs, and `CookieNeeded`.
        """
        async with self._db.identity() as tx:
            mine = {row.tenant_id for row in await repository.memberships(tx, principal.user_id)}
        if tenant_id not in mine:
            raise NotFound
        return await self.keeper.replace(principal, tenant_id, device, token)

    async def enter_partner(
        self, principal: Principal, tenant_id: UUID, reason: str, device: Device, token: str
    ) -> Started:
        """Lets Platform staff into a Partner for an hour. The Platform and that Partner's audit have it beforehand.

        Raises `NotFound` and `CookieNeeded`.
        """
        await self.keeper.check_cookie(principal, token)
        async with self._db.platform(principal.email, f"enter {tenant_id}: {reason}", reserve=True) as tx:
            if not await repository.partner_exists(tx, tenant_id):
                raise NotFound
        async with self._db.identity(tenant_id, reserve=True) as tx:
            await append(tx, "audit_log", AuditRow("platform.entered", principal.subject, details={"reason": reason}))
        return await self.keeper.replace(principal, tenant_id, device, token, entering=True)

    async def leave_partner(self, principal: Principal, device: Device, token: str) -> Started:
        """Takes Platform staff back to the Platform; the Partner that they leave has it in its audit.

        Raises `CookieNeeded`.
        """
        await self.keeper.check_cookie(principal, token)
        if principal.tenant_id is not None:
            async with self._db.identity(principal.tenant_id, reserve=True) as tx:
                await append(tx, "audit_log", AuditRow("platform.left", principal.subject))
        return await self.keeper.replace(principal, None, device, token)

    async def _admit(self, person: Person, tenant_id: UUID | None, device: Device, *, by: str) -> Started:
        """Starts a session for who proved it is they. Raises `WrongCredentials` if the password changed meanwhile."""
        if tenant_id is None:
            # No Partner's chain can hold this row: the Platform keeps its own.
            async with self._db.platform(person.email, f"sign in from {device.address} by {by}", reserve=True):
                pass
        async with self._db.identity(tenant_id, reserve=True) as tx:
            started = await self.keeper.start(tx, person, tenant_id, device, by=by)
            # The start noted the sign-in on the person's row, so nobody else changes that before the commit.
            held = await repository.person(tx, person.user_id)
            if held is None or held.password_hash != person.password_hash:
                raise WrongCredentials
        return started

    async def prove_password(
        self, caller: Principal, password: str, device: Device, field: str = "current_password"
    ) -> str:
        """Returns the stored hash that the caller's password fits; a wrong password counts as at sign-in.

        Raises `WrongPassword` of this field, `TooManyAttempts`, and `SessionEnded` when the account is gone.
        """
        self.attempts.count_visitor(device.address)
        browser = self.browsers.name(device.browser, caller.user_id)
        self.attempts.count_account(caller.user_id, browser)
        async with self._db.identity() as tx:
            person = await repository.person(tx, caller.user_id)
        if person is None or person.disabled_at is not None:
            raise SessionEnded(internal="account disabled")
        proved = person.password_hash
        async with self.passwords.turn(device.address):
            fits = await self.passwords.verify(password, proved)
        if not fits:
            log.info("own password refused", user_id=str(caller.user_id), address=device.address)
            raise WrongPassword(field)
        self.attempts.succeeded(caller.user_id, device.address, browser)
        assert proved is not None, "no password fits where there is none"
        return proved

    def _refused(self, person: Person | None, device: Device) -> None:
        log.info("sign-in refused", known=person is not None, address=device.address)
        if person is not None:
            # The answer does not wait for the row: it would tell by its time that there is such an account.
            note = asyncio.create_task(self._record_refusal(person, device, "password"), name="refused sign-in")
            self._notes.add(note)
            note.add_done_callback(self._notes.discard)

    async def _refused_code(self, user_id: UUID, device: Device) -> None:
        """Whoever tries codes knows the password: that is worth a row, and the answer may wait for it."""
        async with self._db.identity() as tx:
            person = await repository.person(tx, user_id)
        if person is not None:
            log.warning("second factor refused", user_id=str(user_id), address=device.address)
            await self._record_refusal(person, device, "second factor")

    async def _record_refusal(self, person: Person, device: Device, what: str) -> None:
        """Writes what was wrong for a known account into the audit of the Partner it was used in last."""
        try:
            async with self._db.identity() as tx:
                places = await repository.memberships(tx, person.user_id)
            if places:
                async with self._db.identity(places[0].tenant_id, reserve=True) as tx:
                    details = {"email": person.email, "address": device.address[:64], "wrong": what}
                    await append(tx, "audit_log", AuditRow("session.refused", None, details=details))
        except GuruError as error:
            log.warning("refused sign-in not in the audit", user_id=str(person.user_id), error=str(error))


async def _first_place(tx: Transaction, person: Person) -> UUID | None:
    """Returns the Partner that a person worked in last; None for Platform staff. Raises `NoPartner`."""
    if person.platform:
        return None
    places = await repository.memberships(tx, person.user_id)
    if not places:
        raise NoPartner
    return places[0].tenant_id


async def load_access_token_key(db: Database) -> bytes:
    """Returns the server's secret that signs access tokens. Raises `StartError` when the schema was migrated half."""
    async with db.identity() as tx:
        value = await secret(tx, "access_token_key")
    if value is None:
        raise StartError("The server's secrets are missing: run `gururmm migrate --database-url …` once.")
    return value
