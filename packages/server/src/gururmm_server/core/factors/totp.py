"""The codes of an authenticator app: RFC 6238 with what every app takes (SHA-1, six digits, half a minute)."""

import base64
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

_PERIOD_S = 30
_DIGITS = 6
_SECRET_BYTES = 20
_DRIFT = 1
"""A code is taken this many periods before and after its own: clocks differ, and people type slowly."""
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> bytes:
    """Returns a random secret."""
    return secrets.token_bytes(_SECRET_BYTES)


def shown(secret: bytes) -> str:
    """Returns a secret as apps take it by hand: base32."""
    return base64.b32encode(secret).decode()


def uri(secret: bytes, account: str, issuer: str) -> str:
    """Returns what stands in the QR code."""
    query = urlencode(
        {"secret": shown(secret), "issuer": issuer, "algorithm": "SHA1", "digits": _DIGITS, "period": _PERIOD_S},
        quote_via=quote,
    )
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{query}"


def looks_like_code(typed: str) -> bool:
    """Tells whether this is six digits, however they were spaced."""
    return _CODE.fullmatch(_squeezed(typed)) is not None


def matching_counter(secret: bytes, typed: str, at: float) -> int | None:
    """Returns the number of the half-minute whose code this is, around a Unix time; None where it is none."""
    now, made = int(at) // _PERIOD_S, HOTP(secret, _DIGITS, SHA1())  # noqa: S303  # what every app takes; HMAC is not broken
    code = _squeezed(typed).encode("utf-8", "replace")
    # Each is compared, whichever fits: the time says nothing of it.
    fitting = [
        counter
        for counter in range(now - _DRIFT, now + _DRIFT + 1)
        if hmac.compare_digest(made.generate(counter), code)
    ]
    return fitting[-1] if fitting else None


def _squeezed(typed: str) -> str:
    return re.sub(r"[\s-]", "", typed)
