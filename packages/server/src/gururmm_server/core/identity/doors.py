"""What a route asks for when only a person will do, whatever their role."""

from typing import Any

from fastapi import Request

from gururmm_server.core.access.doors import SIGNED_IN, caller_of, declare
from gururmm_server.core.access.errors import NotSignedIn
from gururmm_server.core.identity.principal import Principal


def signed_in() -> Any:
    """Returns a dependency that gives the `Principal`: for what everybody does with their own account."""

    async def check(request: Request) -> Principal:
        caller = caller_of(request)
        if not isinstance(caller, Principal):
            raise NotSignedIn(internal="no person")
        return caller

    return declare(check, SIGNED_IN)
