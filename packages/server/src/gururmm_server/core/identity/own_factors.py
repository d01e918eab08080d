"""Somebody's own second factor: setting it up, looking at it, turning it off. Each change has its audit row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self
from uuid import UUID

from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.factors import passkeys, totp
from gururmm_server.core.factors import service as factors
from gururmm_server.core.factors.passkeys import Asked, PasskeyRow
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity.errors import SessionEnded
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.schemas import NewPasskey, NewTotp, OwnFactors, Passkey, RecoveryCodes
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.identity.sessions import Device
from gururmm_server.infra.database import Database, Transaction


class OwnSecondFactors:
    """What everybody does with their own account."""

    def __init__(self, db: Database, identity: Identity) -> None:
        self._db = db
        self._identity = identity

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Identity))

    async def list(self, caller: Principal) -> OwnFactors:
        """Returns what the caller has."""
        async with self._db.identity() as tx:
            held = await factors.held(tx, caller.user_id)
            keys = await passkeys.listed(tx, caller.user_id)
        return OwnFactors(
            totp=held.totp,
            passkeys=[_shown(key) for key in keys],
            passkeys_possible=self._identity.proofs.passkeys_possible,
            recovery_codes=held.recovery_codes,
        )

    async def begin_totp(self, caller: Principal) -> NewTotp:
        """Returns what an app is set up with. Nothing counts before `confirm_totp`. Raises `AlreadySetUp`."""
        async with self._db.identity() as tx:
            secret = await factors.begin_totp(tx, caller.user_id)
        return NewTotp(secret=totp.shown(secret), uri=totp.uri(secret, caller.email, factors.ISSUER))

    async def confirm_totp(self, caller: Principal, code: str, device: Device) -> RecoveryCodes:
        """Makes the app count. Raises `WrongCode`, `AlreadySetUp`, `NotSetUp`, `TooManyAttempts`."""
        attempts = self._identity.attempts
        attempts.count_visitor(device.address)
        browser = self._identity.browsers.name(device.browser, caller.user_id)
        with attempts.code(caller.user_id, device.address, browser, guessable=True):
            async with self._changing(caller, "factor.added", factor="totp") as tx:
                codes = await factors.confirm_totp(tx, caller.user_id, code)
        return RecoveryCodes(recovery_codes=codes)

    async def remove_totp(self, caller: Principal) -> None:
        """Turns the app off. Raises `NotSetUp`."""
        async with self._changing(caller, "factor.removed", factor="totp") as tx:
            await factors.drop_totp(tx, caller.user_id)

    async def begin_passkey(self, caller: Principal) -> Asked:
        """Returns what a browser takes to make a passkey. Raises `PasskeysImpossible` and `TooManyPasskeys`."""
        party = self._identity.proofs.party
        async with self._db.identity() as tx:
            return await passkeys.begin_registering(tx, party, caller.user_id, caller.email)

    async def add_passkey(self, caller: Principal, new: NewPasskey) -> RecoveryCodes:
        """Keeps a passkey. Raises `PasskeyRefused`, `PasskeyKnown`, `PasskeysImpossible`."""
        party = self._identity.proofs.party
        async with self._changing(caller, "factor.added", factor="passkey", name=new.name) as tx:
            await passkeys.register(tx, party, caller.user_id, name=new.name, credential=new.credential)
            return RecoveryCodes(recovery_codes=await factors.codes_where_none(tx, caller.user_id))

    async def remove_passkey(self, caller: Principal, passkey_id: UUID) -> None:
        """Takes a passkey away. Raises `NotFound`."""
        async with self._changing(caller, "factor.removed", factor="passkey", passkey_id=str(passkey_id)) as tx:
            await factors.drop_passkey(tx, caller.user_id, passkey_id)

    async def new_codes(self, caller: Principal) -> RecoveryCodes:
        """Returns ten recovery codes; those of before are void. Raises `NotSetUp`."""
        async with self._changing(caller, "recovery_codes.made") as tx:
            return RecoveryCodes(recovery_codes=await factors.new_codes(tx, caller.user_id))

    @asynccontextmanager
    async def _changing(self, caller: Principal, operation: str, **details: str) -> AsyncIterator[Transaction]:
        """A transaction that holds the person, with its audit row."""
        if caller.tenant_id is None:
            # No Partner's chain can hold this row: the Platform keeps its own.
            async with self._db.platform(caller.email, " ".join((operation, *details.values()))):
                pass
        async with self._db.identity(caller.tenant_id) as tx:
            if await repository.lock_person(tx, caller.user_id) is None:
                raise SessionEnded
            if caller.tenant_id is not None:
                await append(tx, "audit_log", AuditRow(operation, caller.subject, details=dict(details)))
            yield tx


def _shown(row: PasskeyRow) -> Passkey:
    return Passkey(id=row.passkey_id, name=row.name, created_at=row.created_at, last_used_at=row.last_used_at)
