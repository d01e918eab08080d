"""The tokens of a sign-in.

Access tokens are five minutes of a principal, signed by HS256 and by nothing else. Refresh tokens are random and
signed too.
"""

import hmac
import secrets
import time
from typing import Any
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from gururmm_server.core.access.errors import NotSignedIn
from gururmm_server.core.access.permissions import Permissions, Role
from gururmm_server.core.identity.errors import TokenExpired
from gururmm_server.core.identity.principal import Principal

ACCESS_SECONDS = 300
_ALGORITHM = "HS256"
_MAX_LENGTH = 2048
_SIGNATURE_LENGTH = 32


class AccessTokenKey(msgspec.Struct, frozen=True):
    """The server's secret that signs access tokens. Only an api has it."""

    value: bytes


class AccessTokens:
    """Issues and verifies. The key is the server's secret `access_token_key`, used for this and to derive from.

    A token says the role, never its permissions: what a role may do is this build's word, not that of five minutes ago.
    """

    def __init__(self, key: bytes, permissions: Permissions) -> None:
        self._key = OctKey.import_key(key)
        self._permissions = permissions

    def issue(self, principal: Principal, *, now: float | None = None) -> str:
        """Returns a token for what this principal is now."""
        issued = int(time.time() if now is None else now)
        claims = {
            "sub": principal.user_id.hex,
            "sid": principal.session_id.hex,
            "email": principal.email,
            "role": principal.role.value,
            "tid": principal.tenant_id.hex if principal.tenant_id else None,
            "cid": principal.client_id.hex if principal.client_id else None,
            "pat": principal.proved_at,
            "nf": principal.needs_factor,
            "iat": issued,
            "exp": issued + ACCESS_SECONDS,
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM])

    def verify(self, token: str) -> Principal:
        """Returns the principal of a token. Raises `TokenExpired` or `NotSignedIn`."""
        if len(token) > _MAX_LENGTH:
            raise NotSignedIn(internal="token too long")
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise NotSignedIn(internal=f"token refused: {type(error).__name__}") from error
        try:
            principal = self._principal(claims)
            expires = int(claims["exp"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise NotSignedIn(internal=f"claims refused: {error}") from error
        if expires <= time.time():
            raise TokenExpired
        return principal

    def _principal(self, claims: dict[str, Any]) -> Principal:
        role, tenant_id = Role(claims["role"]), UUID(hex=claims["tid"]) if claims["tid"] else None
        needs_factor = bool(claims.get("nf", False))
        return Principal(
            user_id=UUID(hex=claims["sub"]),
            session_id=UUID(hex=claims["sid"]),
            email=str(claims["email"]),
            role=role,
            tenant_id=tenant_id,
            client_id=UUID(hex=claims["cid"]) if claims["cid"] else None,
            permissions=frozenset() if needs_factor else self._permissions.of(role, inside=tenant_id is not None),
            proved_at=int(claims.get("pat", 0)),
            needs_factor=needs_factor,
        )


class RefreshTokens:
    """Makes refresh tokens and knows them again, however often they were rotated since, without keeping them.

    A token is the session's id, a secret, and a signature of both by a key derived from `access_token_key`. Whether it
    is the one in use is said by the database; the signature only tells a token that was once from a guess.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"gururmm refresh tokens", "sha256")

    def issue(self, session_id: UUID) -> str:
        """Returns a new token of this sign-in session."""
        unsigned = session_id.hex + secrets.token_urlsafe(32)
        return unsigned + self._signature(unsigned)

    def genuine(self, token: str) -> bool:
        """Tells whether this server made the token."""
        unsigned, signature = token[:-_SIGNATURE_LENGTH], token[-_SIGNATURE_LENGTH:]
        return hmac.compare_digest(self._signature(unsigned).encode(), signature.encode("utf-8", "surrogatepass"))

    def _signature(self, unsigned: str) -> str:
        return hmac.digest(self._key, unsigned.encode("utf-8", "surrogatepass"), "sha256").hex()[:_SIGNATURE_LENGTH]
