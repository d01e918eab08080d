"""Signing in by a passkey alone: it is something that somebody has, and their device has looked at who they are."""

from typing import Any, Self

from gururmm_server.core.component import House
from gururmm_server.core.factors import passkeys
from gururmm_server.core.factors.errors import PasskeyRefused
from gururmm_server.core.factors.passkeys import Asked
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.identity.sessions import Device, Started
from gururmm_server.infra.database import Database
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)


class PasskeySignIn:
    """Asks for anybody's passkey, and lets in whose it is."""

    def __init__(self, db: Database, identity: Identity) -> None:
        self._db = db
        self._identity = identity

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Identity))

    async def begin(self, device: Device) -> Asked:
        """Returns what a browser takes to ask for a passkey. Raises `TooManyAttempts` and `PasskeysImpossible`."""
        party = self._identity.proofs.party
        self._identity.attempts.count_visitor(device.address)
        async with self._db.identity(reserve=True) as tx:
            return await passkeys.begin_proving(tx, party, None)

    async def finish(self, credential: dict[str, Any], device: Device) -> Started:
        """Starts a session for the person whose passkey signed. Raises `PasskeyRefused` and `NoPartner`."""
        try:
            async with self._db.identity(reserve=True) as tx:
                key = await passkeys.prove(tx, self._identity.proofs.party, credential, None)
                person = await repository.person(tx, key.user_id)
        except PasskeyRefused as error:
            log.info("passkey refused", address=device.address, internal=error.internal)
            raise
        if person is None or person.disabled_at is not None:
            raise PasskeyRefused(internal="account disabled")
        self._identity.attempts.give_back(device.address)
        return await self._identity.enter(person, device, by="passkey")
