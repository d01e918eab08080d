"""One way for every task of the agent: what fails is logged and costs itself only; nothing but a stop ends the rest."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any, Final

_log = logging.getLogger(__name__)

AGAIN_S: Final = 1.0
AGAIN_AT_MOST_S: Final = 60.0


class Stop(Exception):
    """The agent was told to stop: the one thing that ends a `Supervisor`'s group from inside."""


class Supervisor(asyncio.TaskGroup):
    """A task group of which no task's failure ends another."""

    def create_task(  # type: ignore[override]  # a job that fails has no result, so nobody is given one
        self, coro: Coroutine[Any, Any, object], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[None]:
        """Start a job that has an end. Its failure is logged."""
        return super().create_task(_guarded(coro), name=name, context=context)

    def keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start what has no end. Should it fail all the same it is begun again, soon at first, then less often."""
        self.create_task(_kept(name, run), name=name)


async def _guarded(coro: Coroutine[Any, Any, object]) -> None:
    try:
        await coro
    except Stop:
        raise
    except Exception:  # noqa: BLE001 - the edge of every task
        _log.exception("a task failed: %s", getattr(coro, "__qualname__", coro))


async def _kept(name: str, run: Callable[[], Awaitable[None]]) -> None:
    wait = AGAIN_S
    while True:
        began = time.monotonic()
        try:
            await run()
            _log.error("%s came to an end; it begins again in %.0f s", name, wait)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("%s failed; it begins again in %.0f s", name, wait)
        if time.monotonic() - began > AGAIN_AT_MOST_S:
            wait = AGAIN_S
        await asyncio.sleep(wait)
        wait = min(AGAIN_AT_MOST_S, wait * 2)
