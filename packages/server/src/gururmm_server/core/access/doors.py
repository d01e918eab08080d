"""How a route says what it asks of its caller. Deny by default: a test refuses a route without one of these.

@router.get("/agents")
async def list_agents(caller: Annotated[Scope, requires(AGENTS_READ)]) -> …

A dangerous act says so at its door, and the OpenAPI document prints it (`x-step-up`):

@router.delete("/agents/{agent_id}")
async def remove_agent(caller: Annotated[Scope, requires(AGENTS_DELETE, fresh=ALWAYS)]) -> …
"""

from collections.abc import Callable
from typing import Any, Protocol

from fastapi import Depends, Request

from gururmm_server.core.access.errors import FactorNeeded, Forbidden, NotSignedIn
from gururmm_server.core.access.freshness import ALWAYS, check_fresh
from gururmm_server.core.access.permissions import Permission
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import Subject


class Caller(Protocol):
    """What authentication leaves on a request (`request.state.caller`): a subject, and its scope inside a Partner."""

    @property
    def subject(self) -> Subject: ...
    @property
    def scope(self) -> Scope | None: ...
    @property
    def needs_factor(self) -> bool:
        """Tells whether they can do nothing here before they have set a second factor up."""
        ...


def caller_of(request: Request, *, factorless: bool = False) -> Caller:
    """Returns the verified caller of a request. Raises `NotSignedIn`, or what was wrong with the credentials.

    Raises `FactorNeeded` for who has to set a second factor up first, except where a route is `factorless`.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise getattr(request.state, "authentication_error", None) or NotSignedIn
    if caller.needs_factor and not factorless:
        raise FactorNeeded
    return caller


def requires(permission: Permission, *, fresh: str = "") -> Any:
    """Returns a dependency that gives the caller's `Scope` if they have this permission inside a Partner.

    `fresh`: when it takes a factor that was proved lately. `ALWAYS` is checked here; of other words the service
    decides, by `check_fresh`.
    """

    async def check(request: Request) -> Scope:
        caller = caller_of(request)
        if caller.scope is None or not caller.subject.may(permission):
            raise Forbidden(internal=f"{caller.subject.name} lacks {permission.name}")
        if fresh == ALWAYS:
            check_fresh(caller.subject)
        return caller.scope

    return declare(check, permission.name, fresh)


def requires_platform(permission: Permission) -> Any:
    """Returns a dependency that gives the `Subject` if they are Platform staff with this permission."""

    async def check(request: Request) -> Subject:
        subject = caller_of(request).subject
        if not (permission.on_platform and subject.may(permission)):
            raise Forbidden(internal=f"{subject.name} lacks {permission.name}")
        return subject

    return declare(check, permission.name)


def public() -> Any:
    """Declares that a route is open to the world, on purpose."""

    async def check() -> None:
        return None

    return declare(check, PUBLIC)


PUBLIC = "public"
SIGNED_IN = "signed in"


def declare(check: Callable[..., Any], access: str, fresh: str = "") -> Any:
    """Returns the dependency, marked for the deny-by-default test: a permission's name, `PUBLIC` or `SIGNED_IN`."""
    check.__dict__["access_declared"] = access
    check.__dict__["freshness_declared"] = fresh
    return Depends(check)
