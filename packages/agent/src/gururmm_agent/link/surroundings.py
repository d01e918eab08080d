"""What happens to the machine's place in its network: another address, a sleep. It ends waits, and dead connections."""

import asyncio
import logging
from typing import Any, Final

from gururmm_agent.clock import since_boot
from gururmm_agent.link.socket import ServerLink
from gururmm_agent.link.source_address import outlook, source_towards

_log = logging.getLogger(__name__)

_SETTLE_S: Final = 1.0
"""One change of a network is told by many messages; and an address comes a moment after the other has gone."""
_PAUSE_S: Final = 4.0
"""Between two looks, however often something changes: on a host of containers it always does."""
_ANSWER_S: Final = 8.0
_PING_S: Final = 60.0
"""Between two pings, while this machine's own address stays as it is."""
_LOOK_S: Final = 15.0
_SLEPT_S: Final = 5.0


class Surroundings:
    """Notices changes, and lets others wait for one or until their time has come."""

    def __init__(self) -> None:
        self._links: set[ServerLink] = set()
        self._looked_at = self._pinged_at = 0.0
        self._slept = False
        self._told = asyncio.Event()
        self._moved = asyncio.Event()
        self._peer: tuple[Any, ...] = ()
        self._outlook = self._look_out()

    def mind(self, link: ServerLink) -> None:
        """Look after this connection until it is over."""
        self._links.add(link)
        self._peer = link.peer
        self._outlook = self._look_out()
        link.closed.add_done_callback(lambda _: self._links.discard(link))

    def changed(self) -> None:
        """The system says that addresses or routes may be others now."""
        self._told.set()

    async def wait(self, seconds: float) -> None:
        """Wait so long, or until this machine speaks to the world from another address, or was woken."""
        self._moved.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return
        _log.info("the network changed: not waiting any longer")

    async def look(self) -> None:
        """Wait for the next change, and do what it takes. Returns when others may look at the network again.

        However often something changes, this is done only every few seconds.
        """
        await asyncio.sleep(max(0.0, self._looked_at + _PAUSE_S - asyncio.get_running_loop().time()))
        await self._told.wait()
        await asyncio.sleep(_SETTLE_S)
        self._told.clear()
        now = self._look_out()
        moved = bool(set(now) - set(self._outlook) - {None})
        if moved:
            self._moved.set()
        self._outlook = now
        self._looked_at = asyncio.get_running_loop().time()
        is_due = moved or self._slept or self._looked_at >= self._pinged_at + _PING_S
        if is_due:
            self._pinged_at, self._slept = self._looked_at, False
        await asyncio.gather(*(link.check(_ANSWER_S if is_due else None) for link in self._links))

    def _look_out(self) -> tuple[str | None, ...]:
        """By which addresses this machine speaks to the world, and to the server of the last connection."""
        return (*outlook(), source_towards(self._peer) if self._peer else None)

    async def watch_for_sleep(self) -> None:
        """Notice, for ever, when the machine has slept: then its connection may be dead, and its network another."""
        while True:
            before = since_boot()
            await asyncio.sleep(_LOOK_S)
            slept = since_boot() - before - _LOOK_S
            if slept > _SLEPT_S:
                _log.info("this machine, or the agent, slept for %.0f s", slept)
                self._slept = True
                self._moved.set()
                self._told.set()
