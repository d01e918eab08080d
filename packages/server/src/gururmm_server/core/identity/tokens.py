"""Access tokens: five minutes of a principal, signed by HS256 and by nothing else."""

import time
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from gururmm_server.core.identity.access import NotSignedIn
from gururmm_server.core.identity.errors import TokenExpired
from gururmm_server.core.identity.principal import Principal, Role

ACCESS_SECONDS = 300
_ALGORITHM = "HS256"
_MAX_LENGTH = 2048


class AccessTokens:
    """Issues and verifies. The key is the server's secret `access_token_key`, used for this alone."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)

    def issue(self, principal: Principal, *, now: float | None = None) -> str:
        """A token for what this principal is now."""
        issued = int(time.time() if now is None else now)
        claims = {
            "sub": principal.user_id.hex,
            "sid": principal.session_id.hex,
            "email": principal.email,
            "role": principal.role.value,
            "tid": principal.tenant_id.hex if principal.tenant_id else None,
            "cid": principal.client_id.hex if principal.client_id else None,
            "iat": issued,
            "exp": issued + ACCESS_SECONDS,
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM])

    def verify(self, token: str) -> Principal:
        """The principal of a token. Raises `TokenExpired` or `NotSignedIn`."""
        if len(token) > _MAX_LENGTH:
            raise NotSignedIn(internal="token too long")
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise NotSignedIn(internal=f"token refused: {type(error).__name__}") from error
        try:
            principal = _principal(claims)
            expires = int(claims["exp"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise NotSignedIn(internal=f"claims refused: {error}") from error
        if expires <= time.time():
            raise TokenExpired
        return principal


def _principal(claims: dict[str, Any]) -> Principal:
    return Principal(
        user_id=UUID(hex=claims["sub"]),
        session_id=UUID(hex=claims["sid"]),
        email=str(claims["email"]),
        role=Role(claims["role"]),
        tenant_id=UUID(hex=claims["tid"]) if claims["tid"] else None,
        client_id=UUID(hex=claims["cid"]) if claims["cid"] else None,
    )
