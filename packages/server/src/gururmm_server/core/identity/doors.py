"""What a route asks for when only a person will do, whatever their role."""

from typing import Any

from fastapi import Request

from gururmm_server.core.access.doors import SIGNED_IN, caller_of, declare
from gururmm_server.core.access.errors import NotSignedIn
from gururmm_server.core.access.freshness import ALWAYS, check_fresh
from gururmm_server.core.identity.principal import Principal


def signed_in(*, fresh: str = "", factorless: bool = False) -> Any:
    """Returns a dependency that gives the `Principal`: for what everybody does with their own account.

    `fresh`: as of `requires`. `factorless`: also for who has to set a second factor up first, and for that.
    """

    async def check(request: Request) -> Principal:
        caller = caller_of(request, factorless=factorless)
        if not isinstance(caller, Principal):
            raise NotSignedIn(internal="no person")
        if fresh == ALWAYS:
            check_fresh(caller.subject)
        return caller

    return declare(check, SIGNED_IN, fresh)
