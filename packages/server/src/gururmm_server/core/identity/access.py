"""How a route says what it needs. Deny by default: a route without one of these is refused by a test.

@router.get("/agents", dependencies=[...])
async def list_agents(caller: Annotated[TenantCaller, requires(Permission.AGENTS_READ)]) -> …
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from fastapi import Depends, Request

from gururmm_server.core.identity.principal import Permission, Principal
from gururmm_server.infra.errors import GuruError


class NotSignedIn(GuruError):
    """Sign in first."""

    code = "not_signed_in"
    status = 401


class Forbidden(GuruError):
    """Your role does not allow this. A Partner admin can change your role."""

    code = "forbidden"
    status = 403


class TenantCaller(msgspec.Struct, frozen=True):
    """A principal inside a Partner, which is what almost every route works with."""

    principal: Principal
    tenant_id: UUID

    @property
    def user_id(self) -> UUID:
        return self.principal.user_id

    @property
    def email(self) -> str:
        return self.principal.email

    @property
    def client_id(self) -> UUID | None:
        """Not None: everything is narrowed to this Client."""
        return self.principal.client_id


def principal_of(request: Request) -> Principal:
    """The verified caller that the api's authentication step left on the request. Raises `NotSignedIn`."""
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        raise getattr(request.state, "authentication_error", None) or NotSignedIn
    return principal


def requires(permission: Permission) -> Any:
    """A dependency that gives the `TenantCaller` if the role has this permission inside a Partner."""

    async def check(request: Request) -> TenantCaller:
        principal = principal_of(request)
        if principal.tenant_id is None or permission not in principal.permissions():
            raise Forbidden(internal=f"{principal.role} lacks {permission}")
        return TenantCaller(principal, principal.tenant_id)

    return _declare(check, permission)


def requires_platform(permission: Permission) -> Any:
    """A dependency that gives the `Principal` if they are Platform staff with this permission."""

    async def check(request: Request) -> Principal:
        principal = principal_of(request)
        if permission not in principal.permissions():
            raise Forbidden(internal=f"{principal.role} lacks {permission}")
        return principal

    return _declare(check, permission)


def signed_in() -> Any:
    """A dependency that gives the `Principal`, whatever the role: for what everybody does with their own account."""

    async def check(request: Request) -> Principal:
        return principal_of(request)

    return _declare(check, None)


def public() -> Any:
    """Declares that a route is open to the world, on purpose."""

    async def check() -> None:
        return None

    return _declare(check, None)


def _declare(check: Callable[..., Any], permission: Permission | None) -> Any:
    # The mark that the deny-by-default test looks for on every route.
    check.__dict__["access_declared"] = permission or "any"
    return Depends(check)
