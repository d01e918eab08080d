"""How often something may be tried. Counted in this process; each process of a kind allows its own share."""

import hashlib
import math
import time

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
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def hit(self, key: str) -> int:
        """Count one try; 0 if it is allowed, otherwise the seconds to wait."""
        name = _bounded(key)
        return 0 if self._limiter.hit(self._item, name) else self._wait(name)

    def check(self, key: str) -> int:
        """As `hit`, without counting."""
        name = _bounded(key)
        return 0 if self._limiter.test(self._item, name) else self._wait(name)

    def clear(self, key: str) -> None:
        """Forget the tries of this key."""
        self._limiter.clear(self._item, _bounded(key))

    def _wait(self, name: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(self._item, name).reset_time - time.time()))


def _bounded(key: str) -> str:
    # Keys come from outside: a digest keeps them short and free of separators.
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
