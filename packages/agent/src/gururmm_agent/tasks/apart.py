"""Work that may never come back, such as a look at a path whose file system is dead: in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")


class TooManyLost(Exception):
    """So much never came back that nothing more is tried."""


class Apart:
    """Threads that nobody has to wait for. The loop's own few are left to work that is sure to end."""

    def __init__(self, most_lost: int) -> None:
        """`most_lost`: how many may be given up and still be at it."""
        self._most_lost = most_lost
        self._lost = 0

    async def run(self, work: Callable[[], Found], within_s: float) -> Found:
        """Returns what `work` does, or raises what it raises; `TimeoutError` when it takes longer, `TooManyLost`."""
        if self._lost >= self._most_lost:
            raise TooManyLost
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Found] = loop.create_future()
        threading.Thread(target=_work, args=(work, loop, done), daemon=True).start()
        await asyncio.wait((done,), timeout=within_s)
        if done.done():
            return done.result()
        self._lost += 1
        done.add_done_callback(self._back)
        raise TimeoutError

    def _back(self, done: "asyncio.Future[Any]") -> None:
        self._lost -= 1
        if not done.cancelled():
            done.exception()  # nobody wants to know any more


def _work(work: Callable[[], Any], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[Any]") -> None:
    def settle(set_it: Callable[[Any], None], value: Any) -> None:
        if not done.done():
            set_it(value)

    try:
        answer = work()
    except Exception as error:  # noqa: BLE001 - it is raised again where it is awaited
        call, value = done.set_exception, error
    else:
        call, value = done.set_result, answer
    try:
        loop.call_soon_threadsafe(settle, call, value)
    except RuntimeError:
        return  # the loop is closed: the agent has ended meanwhile
