"""When to try again: one decision from how the last attempt ended. Pure; the random source is injected."""

from collections.abc import Callable
from enum import Enum
from typing import Final

from gururmm_wire.v2.limits import Close

BASE_S: Final = 0.5
CEILING_S: Final = 60.0
STABLE_S: Final = 10.0
"""A connection that lasted this long counts as a success: the next back-off begins anew."""
REVOKED_S: Final = 600.0
RETURN_FIRST_S: Final = 1.0
"""A connection that broke is often just cut: then it is there again at once."""
RETURN_S: Final = 4.0
"""Over this time a fleet spreads whose server died: that is most often back within seconds."""
RETURN_TRIES: Final = 12
"""So often it is tried at that pace, for about half a minute; then ever more slowly."""
_PAUSE_S: Final = 1.0
REVOKED_CEILING_S: Final = 86_400.0


class Ended(Enum):
    """How an attempt or a connection ended, as far as waiting goes.

    FAILED is a server that says no, and may be too busy for us. GONE is one of which nobody is there, or which said
    that it stops: asking costs it nothing.
    """

    FAILED = "failed"
    GONE = "gone"
    REPLACED = "replaced"
    REVOKED = "revoked"
    REJECTED = "rejected"
    MOVED = "moved"


class Backoff:
    """Full jitter: after n failures a uniform wait of up to min(60 s, 0.5 s · 2ⁿ), so a fleet never returns as one.

    While the server is gone it is tried every few seconds for half a minute: then its return is noticed at once, and
    nobody is asked for it who is there. After that the waits double, too.
    One that was removed asks less and less often, at the end once a day.
    """

    def __init__(self, uniform: Callable[[float, float], float]) -> None:
        self._uniform = uniform
        self._failures = 0
        self._gone = 0
        self._revocations = 0

    def connected_for(self, seconds: float) -> None:
        """Tell how long a connection lasted, before asking for the next delay."""
        if seconds >= STABLE_S:
            self._failures = 0
            self._gone = 0

    def next_delay(self, ended: Ended, within_s: float = 0.0) -> float:
        """Seconds to wait. `within_s` is `MoveOver`'s bound or the server's Retry-After."""
        if ended is Ended.MOVED:
            self._failures = 0
            return self._uniform(0.0, within_s)
        if ended is Ended.REPLACED:
            return self._uniform(30.0, 60.0)
        if ended is Ended.REJECTED:
            return max(REVOKED_S, within_s)
        if ended is Ended.REVOKED:
            self._revocations += 1
            return min(REVOKED_CEILING_S, REVOKED_S * 2.0 ** min(self._revocations - 1, 16))
        if ended is Ended.GONE:
            return within_s + self._until_return()
        ceiling = min(CEILING_S, BASE_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return within_s + self._uniform(0.0, ceiling)

    def _until_return(self) -> float:
        tried, self._gone = self._gone, self._gone + 1
        if tried >= RETURN_TRIES:
            return self._uniform(0.0, min(CEILING_S, RETURN_S * 2.0 ** min(tried - RETURN_TRIES + 1, 16)))
        return self._uniform(_PAUSE_S, RETURN_S) if tried else self._uniform(0.0, RETURN_FIRST_S)


def ended_by(close_code: int | None) -> Ended:
    """What a WebSocket close code means for the next attempt; None is a connection that broke."""
    if close_code in (Close.REPLACED, Close.AMBIGUOUS):
        return Ended.REPLACED
    if close_code == Close.REVOKED:
        return Ended.REVOKED
    if close_code is None or close_code == Close.RESTARTING:
        return Ended.GONE
    return Ended.FAILED
