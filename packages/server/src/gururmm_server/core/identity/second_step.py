"""The second step of a sign-in: whoever gave the right password waits a few minutes for their second factor.

Five codes may be tried at one step; then the password is asked for again. What bounds them beyond that is `attempts`.
"""

import secrets
from typing import Final
from uuid import UUID

from gururmm_server.core.factors import service as factors
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity import _steps_repository as steps
from gururmm_server.core.identity._repository import Person
from gururmm_server.core.identity._steps_repository import StepRow
from gururmm_server.core.identity.attempts import Attempts
from gururmm_server.core.identity.errors import StepGone, WrongCredentials
from gururmm_server.core.identity.proofs import Proofs
from gururmm_server.core.identity.schemas import GivenFactor, SecondStep
from gururmm_server.core.identity.sessions import Device, token_hash
from gururmm_server.infra.database import Database, Transaction

STEP_SECONDS: Final = 300
MOST_TRIES: Final = 5


class SecondSteps:
    """Begins and takes them."""

    def __init__(self, db: Database, attempts: Attempts, proofs: Proofs) -> None:
        self._db = db
        self._attempts = attempts
        self._proofs = proofs

    async def begin(self, tx: Transaction, person: Person, tenant_id: UUID | None) -> SecondStep:
        """Lets somebody whose password was right wait for their second factor, in an identity scope.

        Raises `WrongCredentials` when the password was changed meanwhile.
        """
        now = await repository.lock_person(tx, person.user_id)
        if now is None or now.password_hash != person.password_hash:
            raise WrongCredentials
        held = await factors.held(tx, person.user_id)
        token = secrets.token_urlsafe(32)
        asked = await self._proofs.challenge(tx, person.user_id, held)
        await steps.add(tx, token_hash(token), person.user_id, tenant_id, seconds=STEP_SECONDS)
        return SecondStep(
            step_token=token,
            methods=self._proofs.methods(held),
            passkey=None if asked is None else asked.options,
        )

    async def take(self, token: str, device: Device) -> StepRow:
        """Returns who waits by this token; it counts as a try. Raises `StepGone` and `TooManyAttempts`."""
        self._attempts.count_visitor(device.address)
        async with self._db.identity(reserve=True) as tx:
            step = await steps.take(tx, token_hash(token), most_tries=MOST_TRIES)
        if step is None:
            raise StepGone
        return step

    async def prove(self, step: StepRow, given: GivenFactor, device: Device) -> tuple[Person, str]:
        """Ends the step by a second factor. Returns who that is, and what it was.

        Raises `WrongCode`, `PasskeyRefused`, `StepGone`, `TooManyAttempts`.
        """
        async with self._db.identity(reserve=True) as tx:
            person = await repository.lock_person(tx, step.user_id)
            if person is None or person.disabled_at is not None or not await steps.end(tx, step.token_hash):
                raise StepGone
            return person, await self._proofs.take(tx, person.user_id, given, device)
