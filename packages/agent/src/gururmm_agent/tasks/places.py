"""The places of commands that run side by side."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

AT_ONCE: Final = 8
"""Commands that run side by side; more wait."""
MOST: Final = 64
"""The same with those that are stuck in the kernel: who waited for their place would wait for ever."""
_LOOK_S: Final = 2.0

Standing = Callable[[], frozenset[str]]
"""Says which processes of a command are out of every signal's reach, and what each has done so far."""


class Places:
    """Hands out `AT_ONCE` places in the order they are asked for. Who is stuck keeps none while others wait."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._holders: dict[object, tuple[Standing, frozenset[str]]] = {}
        self._given_up = 0
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def taken(self, standing: Standing) -> AsyncIterator[None]:
        """Holds a place once there is one."""
        await self._wait()
        holder = object()
        self._holders[holder] = (standing, frozenset())
        try:
            yield
        finally:
            if self._holders.pop(holder, None) is None:
                self._given_up -= 1
            else:
                self._slots.release()

    async def _wait(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        self._waiting += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        """While somebody waits: who has not moved since the last look gives up its place."""
        while self._waiting:
            await asyncio.sleep(_LOOK_S)
            for holder, (standing, before) in list(self._holders.items()):
                now = standing()
                if now & before and self._given_up + AT_ONCE < MOST:
                    del self._holders[holder]
                    self._given_up += 1
                    self._slots.release()
                else:
                    self._holders[holder] = (standing, now)
