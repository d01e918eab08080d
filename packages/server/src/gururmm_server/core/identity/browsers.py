"""Browsers by which somebody signed in before, known by a cookie of their own that outlives the sign-in.

What a stranger does at an account must not keep its person out. So tries are counted apart for a browser that this
person signed in by: nobody else has its cookie, which names nobody and opens nothing.
"""

import hmac
import secrets
from typing import Final
from uuid import UUID

BROWSER_SECONDS: Final = 400 * 86400
"""The longest that browsers keep a cookie."""
_NAME_DIGITS: Final = 32
_SIGNATURE_DIGITS: Final = 32


class KnownBrowsers:
    """Makes the tokens of such cookies and knows them again. The key is derived from `access_token_key`."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"gururmm known browsers", "sha256")

    def issue(self, user_id: UUID) -> str:
        """Returns the token of a browser that this person has just signed in by."""
        name = secrets.token_hex(_NAME_DIGITS // 2)
        return name + self._signature(name, user_id)

    def name(self, token: str, user_id: UUID) -> str | None:
        """Returns what the browser is called where this person signed in by it; None for everybody else."""
        name, signature = token[:_NAME_DIGITS], token[_NAME_DIGITS:]
        good = hmac.compare_digest(self._signature(name, user_id).encode(), signature.encode("utf-8", "surrogatepass"))
        return name if good else None

    def _signature(self, name: str, user_id: UUID) -> str:
        said = name.encode("utf-8", "surrogatepass") + user_id.bytes
        return hmac.digest(self._key, said, "sha256").hex()[:_SIGNATURE_DIGITS]
