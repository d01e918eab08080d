"""The running parts of one relay, and its last steps."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gururmm_server.core.tunnel.ledger import LostSession
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

Work = Coroutine[Any, Any, None]

_endings: set[asyncio.Task[None]] = set()


class Tasks:
    """Parts that run until they are cancelled together. What one of them raises ends the relay, and nothing else."""

    def __init__(self, on_lost: Callable[[], None], on_failed: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._on_failed = on_failed
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Work) -> asyncio.Task[None]:
        """Run a part."""
        task = asyncio.create_task(self._guarded(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def cancel(self) -> None:
        """Stop all parts."""
        for task in list(self._running):
            task.cancel()

    async def _guarded(self, work: Work) -> None:
        try:
            await work
        except LostSession:
            self._on_lost()
        except Exception:
            # The edge of a job: one session ends, the process and all other sessions go on.
            log.exception("a session's relay failed")
            self._on_failed()


def run_to_its_end(work: Work) -> None:
    """Run a relay's last steps, which outlive its other parts."""
    task = asyncio.create_task(work)
    _endings.add(task)
    task.add_done_callback(_endings.discard)
