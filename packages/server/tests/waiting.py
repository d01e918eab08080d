"""Waiting for what another process, the broker or the database does: there is nothing in this process to wait on."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any


async def until(check: Callable[[], Any], seconds: float = 10) -> Any:
    """Ask until the answer, awaited where it can be, is true; return it. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while True:
            answer = check()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return answer
            await asyncio.sleep(0.01)  # sleep: nothing tells us when to ask again


def wait_until(check: Callable[[], Any], seconds: float = 10) -> Any:
    """The same for tests that have no event loop."""
    end = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.05)  # sleep: nothing tells us when to ask again
    return answer


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self.now += seconds
