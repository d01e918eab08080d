"""How a set of processes that changes meanwhile is brought to its end, on any system."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

_log = logging.getLogger(__name__)

_LOOK_S: Final = 0.05
_KILL_LOOK_S: Final = 0.01
_KILL_TRIES: Final = 40

Signalling = Callable[[Collection[int]], None]


async def end_all(find: Callable[[], list[int]], ask: Signalling, kill: Signalling, grace_s: float) -> None:
    """Ends whatever `find` finds: asks each once, and after `grace_s` kills until nothing is found any more."""
    loop = asyncio.get_running_loop()
    polite_until = loop.time() + grace_s
    asked: set[int] = set()
    while loop.time() < polite_until:
        alive = set(find())
        if not alive:
            return
        ask(alive - asked)
        asked |= alive
        await asyncio.sleep(_LOOK_S)
    left: list[int] = []
    for _ in range(_KILL_TRIES):
        left = find()
        if not left:
            return
        kill(left)
        await asyncio.sleep(_KILL_LOOK_S)
    _log.error("processes %s cannot be killed", left)
