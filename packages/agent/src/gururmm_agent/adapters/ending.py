"""How a set of processes that changes meanwhile is brought to its end, on any system."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

_log = logging.getLogger(__name__)

_LOOK_S: Final = 0.05
_KILL_LOOK_S: Final = 0.01
_KILL_S: Final = 2.0
"""So long may a killed process take to go; one that waits for a dead disk never does."""

Signalling = Callable[[Collection[int]], None]


async def end_all(find: Callable[[], list[int]], ask: Signalling, kill: Signalling, grace_s: float) -> list[int]:
    """Ends whatever `find` finds: asks each once, and after `grace_s` kills until nothing is found any more.

    Returns those that are still there although they were killed.
    """
    loop = asyncio.get_running_loop()
    polite_until = loop.time() + grace_s
    asked: set[int] = set()
    while loop.time() < polite_until:
        alive = set(find())
        if not alive:
            return []
        ask(alive - asked)
        asked |= alive
        await asyncio.sleep(_LOOK_S)
    give_up = loop.time() + _KILL_S
    pause = _KILL_LOOK_S
    while left := find():
        kill(left)
        if loop.time() >= give_up:
            _log.error("processes %s cannot be killed", left)
            return left
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LOOK_S)
    return []
