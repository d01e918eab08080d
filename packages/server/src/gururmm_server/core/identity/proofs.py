"""Second factors as somebody gives them: counted before they are looked at, and used up."""

from uuid import UUID

from gururmm_server.core.factors import passkeys
from gururmm_server.core.factors import service as factors
from gururmm_server.core.factors.errors import PasskeysImpossible, WrongCode
from gururmm_server.core.factors.passkeys import Asked
from gururmm_server.core.factors.relying_party import RelyingParty
from gururmm_server.core.factors.service import Held
from gururmm_server.core.factors.totp import looks_like_code
from gururmm_server.core.identity.attempts import Attempts
from gururmm_server.core.identity.browsers import KnownBrowsers
from gururmm_server.core.identity.schemas import GivenFactor, Method
from gururmm_server.core.identity.sessions import Device
from gururmm_server.infra.database import Transaction


class Proofs:
    """Takes second factors. `party` is None where browsers have no passkeys for this server."""

    def __init__(self, party: RelyingParty | None, attempts: Attempts, browsers: KnownBrowsers) -> None:
        self._party = party
        self._attempts = attempts
        self._browsers = browsers

    @property
    def party(self) -> RelyingParty:
        """Returns who this server is to a passkey. Raises `PasskeysImpossible`."""
        if self._party is None:
            raise PasskeysImpossible
        return self._party

    @property
    def passkeys_possible(self) -> bool:
        """Tells whether browsers make passkeys for this server."""
        return self._party is not None

    async def take(self, tx: Transaction, user_id: UUID, given: GivenFactor, device: Device) -> str:
        """Uses up what a person gave, in an identity scope, and returns what it was; the visitor was counted before.

        Raises `WrongCode`, `PasskeyRefused`, `TooManyAttempts`.
        """
        browser, code = self._browsers.name(device.browser, user_id), given.code
        guessable = given.passkey is None and code is not None and looks_like_code(code)
        with self._attempts.code(user_id, device.address, browser, guessable=guessable):
            if given.passkey is not None:
                await passkeys.prove(tx, self.party, given.passkey, user_id)
                return "passkey"
            if code is None:
                raise WrongCode(internal="nothing was given")
            return await factors.take_code(tx, user_id, code)

    async def challenge(self, tx: Transaction, user_id: UUID, held: Held) -> Asked | None:
        """Returns what a browser takes to ask for one of this person's passkeys; None where that leads nowhere."""
        if self._party is None or not held.passkeys:
            return None
        return await passkeys.begin_proving(tx, self._party, user_id)

    def methods(self, held: Held) -> list[Method]:
        """Returns by what somebody with these factors can prove that it is they."""
        found: list[Method] = ["passkey"] if held.passkeys and self._party is not None else []
        found += ["totp"] if held.totp else []
        return [*found, "recovery_code"] if held.any and held.recovery_codes else found
