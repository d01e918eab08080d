"""So much a second: whoever would be faster waits."""

import asyncio
from collections.abc import Callable
from time import monotonic


class Pacer:
    """`rate` a second for long, and up to `burst` at once, for all who share it."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left, self._at = burst, clock()

    async def wait(self, amount: float) -> None:
        """Return once so much more may pass."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
        self._at = now
        if self._left < 0:
            await asyncio.sleep(-self._left / self._rate)
