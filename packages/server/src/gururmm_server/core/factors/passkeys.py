"""Passkeys: a key that a device keeps and lends its person after a look at their face, finger or PIN.

So a passkey is two factors in one, what somebody has and what they are or know: user verification is always asked for.
It is asked to sign a challenge, which is good once and for minutes. The browser hands a signature out to the pages of
this origin alone, so no other site's page gets one that is worth anything here.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
import webauthn
from webauthn import helpers
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gururmm_server.core.factors import _passkeys_repository as repository
from gururmm_server.core.factors._passkeys_repository import KeyRow, NewPasskey, PasskeyRow, Purpose
from gururmm_server.core.factors.errors import PasskeyKnown, PasskeyRefused, TooManyPasskeys
from gururmm_server.core.factors.relying_party import RelyingParty
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.ids import new_id

__all__ = [
    "Asked",
    "PasskeyRow",
    "begin_proving",
    "begin_registering",
    "drop",
    "drop_all",
    "listed",
    "prove",
    "register",
]

CHALLENGE_SECONDS: Final = 300
MOST: Final = 20
"""So many passkeys somebody has at most."""
_NAME: Final = "GuruRMM"
_LONGEST_ID: Final = 1023
"""As the standard has it."""
_LONGEST_KEY: Final = 2048
_VERIFIED: Final = UserVerificationRequirement.REQUIRED
listed = repository.passkeys
drop = repository.drop
drop_all = repository.drop_all


class Asked(msgspec.Struct, frozen=True):
    """What a browser is to ask of a passkey."""

    options: dict[str, Any]
    """For `navigator.credentials`, as JSON."""


async def begin_registering(tx: Transaction, party: RelyingParty, user_id: UUID, account: str) -> Asked:
    """Returns what `navigator.credentials.create` takes. Raises `TooManyPasskeys`."""
    known = await listed(tx, user_id)
    if len(known) >= MOST:
        raise TooManyPasskeys
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=_NAME,
        user_id=user_id.bytes,
        user_name=account,
        user_display_name=account,
        timeout=CHALLENGE_SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, require_resident_key=True, user_verification=_VERIFIED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in known],
    )
    await repository.add_challenge(tx, options.challenge, "register", user_id, seconds=CHALLENGE_SECONDS)
    return Asked(helpers.options_to_json_dict(options))


async def register(
    tx: Transaction, party: RelyingParty, user_id: UUID, *, name: str, credential: dict[str, Any]
) -> UUID:
    """Keeps the passkey that a browser has just made. Raises `PasskeyRefused` and `PasskeyKnown`."""
    challenge = await _challenge(tx, credential, "register", user_id)
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as error:  # whatever of a hostile answer breaks the library: it is refused
        raise PasskeyRefused(internal=f"{type(error).__name__}: {error}") from error
    if len(made.credential_id) > _LONGEST_ID or len(made.credential_public_key) > _LONGEST_KEY:
        raise PasskeyRefused(internal="too long")
    new = NewPasskey(new_id(), user_id, made.credential_id, made.credential_public_key, made.sign_count, name)
    if not await repository.add(tx, new):
        raise PasskeyKnown
    return new.passkey_id


async def begin_proving(tx: Transaction, party: RelyingParty, user_id: UUID | None) -> Asked:
    """Returns what `navigator.credentials.get` takes: for one of this person's, or (None) for anybody's."""
    mine = [] if user_id is None else await listed(tx, user_id)
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        timeout=CHALLENGE_SECONDS * 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in mine],
        user_verification=_VERIFIED,
    )
    purpose: Purpose = "sign_in" if user_id is None else "prove"
    await repository.add_challenge(tx, options.challenge, purpose, user_id, seconds=CHALLENGE_SECONDS)
    return Asked(helpers.options_to_json_dict(options))


async def prove(tx: Transaction, party: RelyingParty, credential: dict[str, Any], user_id: UUID | None) -> KeyRow:
    """Returns the passkey that signed, of this person, or (None) of whoever it belongs to. Raises `PasskeyRefused`."""
    challenge = await _challenge(tx, credential, "prove" if user_id is not None else "sign_in", user_id)
    key = await repository.passkey(tx, _bytes(credential, "rawId"))
    if key is None or user_id not in (None, key.user_id):
        raise PasskeyRefused("This passkey is not known here: it was removed, or is for another account.")
    try:
        answer = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except Exception as error:  # whatever of a hostile answer breaks the library: it is refused
        raise PasskeyRefused(internal=f"{type(error).__name__}: {error}") from error
    await repository.used(tx, key.passkey_id, answer.new_sign_count)
    return key


async def _challenge(tx: Transaction, credential: dict[str, Any], purpose: Purpose, user_id: UUID | None) -> bytes:
    """Uses up the challenge that an answer says it signed, and returns it. Raises `PasskeyRefused`."""
    response = credential.get("response")
    said = _bytes(response if isinstance(response, dict) else {}, "clientDataJSON")
    try:
        challenge = helpers.parse_client_data_json(said).challenge
    except Exception as error:
        raise PasskeyRefused(internal=f"{type(error).__name__}: {error}") from error
    if not await repository.use_challenge(tx, challenge, purpose, user_id):
        raise PasskeyRefused("This took too long, or was answered before. Try again.")
    return challenge


def _bytes(part: dict[str, Any], name: str) -> bytes:
    try:
        return helpers.base64url_to_bytes(part[name])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PasskeyRefused(internal=f"no {name}") from error
