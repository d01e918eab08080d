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


class Ended(Enum):
    """How an attempt or a connection ended, as far as waiting goes."""

    FAILED = "failed"
    REPLACED = "replaced"
    REVOKED = "revoked"
    MOVED = "moved"


class Backoff:
    """Full jitter: after n failures a uniform wait of up to min(60 s, 0.5 s · 2ⁿ), so a fleet never returns as one."""

    def __init__(self, uniform: Callable[[float, float], float]) -> None:
        self._uniform = uniform
        self._failures = 0

    def connected_for(self, seconds: float) -> None:
        """Tell how long a connection lasted, before asking for the next delay."""
        if seconds >= STABLE_S:
            self._failures = 0

    def next_delay(self, ended: Ended, within_s: float = 0.0) -> float:
        """Seconds to wait. `within_s` is `MoveOver`'s bound or the server's Retry-After."""
        if ended is Ended.MOVED:
            self._failures = 0
            return self._uniform(0.0, within_s)
        if ended is Ended.REPLACED:
            return self._uniform(30.0, 60.0)
        if ended is Ended.REVOKED:
            return max(REVOKED_S, within_s)
        ceiling = min(CEILING_S, BASE_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return within_s + self._uniform(0.0, ceiling)


def ended_by(close_code: int | None) -> Ended:
    """What a WebSocket close code means for the next attempt; None is a connection that broke."""
    if close_code == Close.REPLACED:
        return Ended.REPLACED
    if close_code == Close.REVOKED:
        return Ended.REVOKED
    return Ended.FAILED
