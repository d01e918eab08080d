"""What identity asks of factors, inside its own transactions."""

import time
from typing import Literal
from uuid import UUID

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from gururmm_server.core.factors import _repository as repository
from gururmm_server.core.factors import passkeys, recovery, totp
from gururmm_server.core.factors._repository import Held
from gururmm_server.core.factors.errors import AlreadySetUp, NotSetUp, WrongCode
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.errors import GuruError, NotFound
from gururmm_server.infra.secrets import secret

__all__ = [
    "ISSUER",
    "CodeKind",
    "Held",
    "begin_totp",
    "codes_where_none",
    "confirm_totp",
    "drop_all",
    "drop_passkey",
    "drop_totp",
    "held",
    "new_codes",
    "take_code",
]

ISSUER = "GuruRMM"
"""By this name apps list the account."""
CodeKind = Literal["totp", "recovery_code"]
held = repository.held


async def begin_totp(tx: Transaction, user_id: UUID) -> bytes:
    """Gives a person a new secret, which counts once a code of it came. Raises `AlreadySetUp`."""
    fresh = totp.new_secret()
    sealed = bytes((await _box(tx)).encrypt(fresh, user_id.bytes))
    if not await repository.start_totp(tx, user_id, sealed):
        raise AlreadySetUp
    return fresh


async def confirm_totp(tx: Transaction, user_id: UUID, code: str) -> list[str]:
    """Makes the app count, by a code of it. Returns recovery codes where the person had none, to be shown once.

    Raises `WrongCode`, `AlreadySetUp`, and `NotSetUp` where nothing was begun.
    """
    row = await repository.totp(tx, user_id)
    if row is None:
        raise NotSetUp
    if row.confirmed:
        raise AlreadySetUp
    if not await _take_totp(tx, user_id, row.sealed_secret, code):
        raise WrongCode
    return await codes_where_none(tx, user_id)


async def take_code(tx: Transaction, user_id: UUID, code: str) -> CodeKind:
    """Uses up what somebody typed: a code of their app, or a recovery code. Raises `WrongCode`."""
    if totp.looks_like_code(code):
        row = await repository.totp(tx, user_id)
        if row is not None and row.confirmed and await _take_totp(tx, user_id, row.sealed_secret, code):
            return "totp"
    else:
        hashed = recovery.code_hash(user_id, code)
        if hashed is not None and (await held(tx, user_id)).any and await repository.use_code(tx, user_id, hashed):
            return "recovery_code"
    raise WrongCode


async def new_codes(tx: Transaction, user_id: UUID) -> list[str]:
    """Returns ten recovery codes, to be shown once; those of before are void. Raises `NotSetUp` without a factor."""
    if not (await held(tx, user_id)).any:
        raise NotSetUp
    codes = recovery.new_codes()
    hashes = [recovery.code_hash(user_id, code) for code in codes]
    await repository.replace_codes(tx, user_id, [hashed for hashed in hashes if hashed is not None])
    return codes


async def drop_totp(tx: Transaction, user_id: UUID) -> None:
    """Takes a person's app away, and with their last factor the recovery codes. Raises `NotSetUp`."""
    if not await repository.drop_totp(tx, user_id):
        raise NotSetUp
    await _drop_idle_codes(tx, user_id)


async def drop_passkey(tx: Transaction, user_id: UUID, passkey_id: UUID) -> str:
    """Takes a passkey away, and with the last factor the recovery codes. Returns its name. Raises `NotFound`."""
    name = await passkeys.drop(tx, user_id, passkey_id)
    if name is None:
        raise NotFound
    await _drop_idle_codes(tx, user_id)
    return name


async def drop_all(tx: Transaction, user_id: UUID) -> None:
    """Takes every factor of a person away."""
    await repository.drop_totp(tx, user_id)
    await passkeys.drop_all(tx, user_id)
    await _drop_idle_codes(tx, user_id)


async def codes_where_none(tx: Transaction, user_id: UUID) -> list[str]:
    """Returns new recovery codes for who has none, to be shown once; nothing for who has."""
    return await new_codes(tx, user_id) if not (await held(tx, user_id)).recovery_codes else []


async def _drop_idle_codes(tx: Transaction, user_id: UUID) -> None:
    """Recovery codes stand in for a factor: without any they would be one themselves."""
    if not (await held(tx, user_id)).any:
        await repository.replace_codes(tx, user_id, [])


async def _take_totp(tx: Transaction, user_id: UUID, sealed: bytes, code: str) -> bool:
    try:
        opened = (await _box(tx)).decrypt(sealed, user_id.bytes)
    except CryptoError as error:
        raise GuruError(internal="a sealed authenticator secret does not open") from error
    counter = totp.matching_counter(opened, code, time.time())
    return counter is not None and await repository.use_counter(tx, user_id, counter)


async def _box(tx: Transaction) -> Aead:
    key = await secret(tx, "totp_key")
    if key is None:
        raise GuruError(internal="the secret totp_key is missing: run `gururmm migrate`")
    return Aead(key)
