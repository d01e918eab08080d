"""How often something may be tried. Counted in this process; each process of a kind allows its own share."""

import hashlib
import math
import time
from collections.abc import Callable, Hashable

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from gururmm_server.infra.errors import GuruError


class RateLimited(GuruError):
    """Too many requests. Try again in a moment."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message, details={"retry_after_s": retry_after_s})


class RateLimit:
    """`count` times in `seconds` for each key. Fixed windows, because their memory is given back when they end."""

    def __init__(self, count: int, seconds: int) -> None:
        self._item = RateLimitItemPerSecond(count, seconds)
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)

    def hit(self, key: str) -> int:
        """Count one try; 0 if it is allowed, otherwise the seconds to wait."""
        name = _bounded(key)
        return 0 if self._limiter.hit(self._item, name) else self._wait(name)

    def check(self, key: str) -> int:
        """As `hit`, without counting."""
        name = _bounded(key)
        return 0 if self._limiter.test(self._item, name) else self._wait(name)

    def give_back(self, key: str) -> None:
        """Take one try of this key back."""
        self._storage.decr(self._item.key_for(_bounded(key)))

    def clear(self, key: str) -> None:
        """Forget the tries of this key."""
        self._limiter.clear(self._item, _bounded(key))

    def _wait(self, name: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(self._item, name).reset_time - time.time()))


class Pace:
    """`rate` a second for each key, and up to `burst` at once. Keys are our own ids, not from outside."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._spent: dict[Hashable, float] = {}
        """When each will have everything again, which is how much it has used up."""

    def take(self, key: Hashable) -> int:
        """Count one; 0 if it is allowed, otherwise the seconds to wait."""
        now = self._clock()
        full_at = max(now, self._spent.get(key, now)) + 1 / self._rate
        wait = full_at - now - self._burst / self._rate
        if wait > 0:
            return max(1, math.ceil(wait))
        self._spent.pop(key, None)
        self._spent[key] = full_at
        while (oldest := next(iter(self._spent.items())))[1] <= now:
            del self._spent[oldest[0]]
        return 0


def _bounded(key: str) -> str:
    # Keys come from outside: a digest keeps them short and free of separators.
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
