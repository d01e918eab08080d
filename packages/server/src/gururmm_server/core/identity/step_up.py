"""Proving again, in the middle of a sign-in, that it is oneself: dangerous acts ask for it (`access.freshness`)."""

from typing import Self

from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.factors import service as factors
from gururmm_server.core.factors.errors import NotSetUp, PasskeyRefused, WrongCode
from gururmm_server.core.factors.passkeys import Asked
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity.errors import SessionEnded, WrongPassword
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.schemas import SignedIn, StepUp, StepUpMethods
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.identity.sessions import Device
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)


class StepUps:
    """Takes a second factor of who has one, and the password of who has none."""

    def __init__(self, db: Database, identity: Identity) -> None:
        self._db = db
        self._identity = identity

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Identity))

    async def methods(self, caller: Principal) -> StepUpMethods:
        """Returns by what the caller can prove it."""
        async with self._db.identity() as tx:
            held = await factors.held(tx, caller.user_id)
        return StepUpMethods(methods=[*self._identity.proofs.methods(held)] if held.any else ["password"])

    async def passkey_options(self, caller: Principal) -> Asked:
        """Returns what a browser takes to ask for one of the caller's passkeys. Raises `NotSetUp`."""
        async with self._db.identity() as tx:
            held = await factors.held(tx, caller.user_id)
            asked = await self._identity.proofs.challenge(tx, caller.user_id, held)
        if asked is None:
            raise NotSetUp
        return asked

    async def prove(self, caller: Principal, given: StepUp, device: Device) -> SignedIn:
        """Returns an access token with which dangerous acts are carried out for ten minutes.

        Raises `WrongCode`, `PasskeyRefused`, `WrongPassword`, `TooManyAttempts`, and `SessionEnded`.
        """
        async with self._db.identity() as tx:
            held = await factors.held(tx, caller.user_id)
        try:
            return await (self._by_factor if held.any else self._by_password)(caller, given, device)
        except (WrongCode, PasskeyRefused, WrongPassword) as error:
            await self._note_refusal(caller, device, error)
            raise

    async def _by_password(self, caller: Principal, given: StepUp, device: Device) -> SignedIn:
        if given.password is None:
            raise WrongPassword("password")
        proved = await self._identity.prove_password(caller, given.password, device, "password")
        await self._note_on_platform(caller, device, "password")
        async with self._db.identity(caller.tenant_id) as tx:
            person = await repository.lock_person(tx, caller.user_id)
            if person is None or person.password_hash != proved:
                raise SessionEnded(internal="the password was changed meanwhile")
            return await self._done(tx, caller, device, "password")

    async def _by_factor(self, caller: Principal, given: StepUp, device: Device) -> SignedIn:
        self._identity.attempts.count_visitor(device.address)
        await self._note_on_platform(caller, device, "second factor")
        async with self._db.identity(caller.tenant_id) as tx:
            by = await self._identity.proofs.take(tx, caller.user_id, given, device)
            return await self._done(tx, caller, device, by)

    async def _note_refusal(self, caller: Principal, device: Device, error: GuruError) -> None:
        """Somebody may have another's sign-in, and guess at the rest."""
        log.warning("step-up refused", user_id=str(caller.user_id), address=device.address, code=error.code)
        if caller.tenant_id is not None:
            async with self._db.identity(caller.tenant_id) as tx:
                details = {"address": device.address[:64]}
                await append(tx, "audit_log", AuditRow("step_up.refused", caller.subject, details=details))

    async def _done(self, tx: Transaction, caller: Principal, device: Device, by: str) -> SignedIn:
        if caller.tenant_id is not None:
            details = {"by": by, "address": device.address[:64]}
            await append(tx, "audit_log", AuditRow("step_up.done", caller.subject, details=details))
        return await self._identity.keeper.proved(tx, caller)

    async def _note_on_platform(self, caller: Principal, device: Device, by: str) -> None:
        if caller.tenant_id is None:
            # No Partner's chain can hold this row: the Platform keeps its own.
            async with self._db.platform(caller.email, f"prove it again by {by} from {device.address}"):
                pass
