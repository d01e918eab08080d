"""What strangers may have done for them at the same moment, before anything costly begins."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import Request

from gururmm_server.core.identity.browser import COOKIE
from gururmm_server.infra.fair_queue import FairQueue
from gururmm_server.infra.visitors import visitor

_AT_ONCE: Final = 4
_WAITING: Final = 64
_WAITING_EACH: Final = 40
"""Of one visitor, behind whose address there may be an office in the morning."""
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Strangers:
    """Lets those act in turn who have not signed in and whose browser never did; nobody else waits here.

    A refusal comes before anything is routed, parsed or looked up.
    """

    def __init__(self, knows: Callable[[str], bool]) -> None:
        """`knows` tells whether a refresh token was given out here."""
        self._knows = knows
        self._queue = FairQueue(_AT_ONCE, most=_WAITING, most_each=_WAITING_EACH, limit_s=10)

    def wait(self, scope: Any) -> bool:
        """Tells whether the request of an ASGI scope is one that waits for its turn."""
        return not (scope["method"] in _READS or "caller" in scope["state"] or self._is_known(scope))

    def turn(self, scope: Any) -> AbstractAsyncContextManager[None]:
        """Returns what such a request waits in. Entering it raises `Crowded`."""
        return self._queue.place(visitor((scope.get("client") or ("", 0))[0]))

    def _is_known(self, scope: Any) -> bool:
        token = Request(scope).cookies.get(COOKIE, "")
        return bool(token) and self._knows(token)
