"""Recovery codes: what somebody keeps on paper for the day on which the other factor is lost."""

import base64
import hashlib
import secrets
from uuid import UUID

COUNT = 10
_BYTES = 10
_GROUP = 4
_LENGTH = 16
_MISREAD = str.maketrans("018", "OIB")
"""Base32 has no 0, 1 and 8: whoever types one has read the letter that looks like it."""


def new_codes() -> list[str]:
    """Returns ten new codes, as they are shown: `K7QD-…`."""
    return [_grouped(base64.b32encode(secrets.token_bytes(_BYTES)).decode()) for _ in range(COUNT)]


def code_hash(user_id: UUID, typed: str) -> bytes | None:
    """Returns what is stored of a person's code, however it was typed; None for what is no code."""
    code = "".join(character for character in typed.upper() if character.isalnum()).translate(_MISREAD)
    if len(code) != _LENGTH:
        return None
    return hashlib.sha256(user_id.bytes + code.encode("utf-8", "surrogatepass")).digest()


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))
