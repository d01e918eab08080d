"""A queue in front of the database: whatever has come while one write ran goes into the next, in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gururmm_server.infra.errors import StorageFull, Unavailable
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import FLUSH_SECONDS

log = get_logger(__name__)

Item = TypeVar("Item")


class GroupCommit(Generic[Item]):
    """Writes items in batches. While the database is away items are kept, up to `bound` by weight; then refused.

    A batch that fails for another reason is tried again in halves, so that one bad item is dropped alone and loudly.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[list[Item]], Awaitable[None]],
        *,
        batch: int = 1000,
        batch_weight: int = 8 * 1024 * 1024,
        bound: int = 64 * 1024 * 1024,
        share: int = 0,
        patience_s: float = 0.0,
    ) -> None:
        """`share` is what one owner's items may weigh while they wait; none counts for less than a 32nd of it.

        `patience_s` is how long an item that was added as lazy may wait for company.
        """
        self._name = name
        self._write = write
        self._batch = batch
        self._batch_weight = batch_weight
        self._bound = bound
        self._share = share
        self._owned: dict[bytes, int] = {}
        self._patience_s = patience_s
        self._items: deque[tuple[Item, int, bytes | None]] = deque()
        self._weight = 0
        self._wake = asyncio.Event()
        self._soon = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, item: Item, weight: int = 100, *, lazy: bool = False, owner: bytes | None = None) -> bool:
        """Queue an item. Returns False when it was not taken: the queue, or its owner's share, is full."""
        if self._weight + weight > self._bound:
            return False
        if owner is not None:
            owned = self._owned.get(owner, 0) + self._counted(weight)
            if owned > self._share:
                return False
            self._owned[owner] = owned
        self._items.append((item, weight, owner))
        self._weight += weight
        self._idle.clear()
        self._wake.set()
        if not lazy:
            self._soon.set()
        return True

    async def drained(self, limit_s: float) -> bool:
        """Wait until everything is written. Returns False when that takes longer."""
        self._soon.set()
        try:
            await asyncio.wait_for(self._idle.wait(), limit_s)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._wake.wait()
            if self._patience_s and not self._soon.is_set():
                try:
                    await asyncio.wait_for(self._soon.wait(), self._patience_s)
                except TimeoutError:
                    log.debug("lazy items are written", queue=self._name)
            self._soon.clear()
            due = len(self._items)
            while due > 0:
                batch = self._take()
                due -= len(batch)
                await self._write_surely(batch)
            if not self._items:  # else those that came meanwhile may wait for company in their turn
                self._wake.clear()
                self._idle.set()

    def _take(self) -> list[Item]:
        taken: list[Item] = []
        weight = 0
        while self._items and len(taken) < self._batch and weight < self._batch_weight:
            item, size, owner = self._items.popleft()
            taken.append(item)
            weight += size
            if owner is not None:
                self._owned[owner] -= self._counted(size)
                if not self._owned[owner]:
                    del self._owned[owner]
        self._weight -= weight
        return taken

    def _counted(self, weight: int) -> int:
        return max(weight, self._share // 32)

    async def _write_surely(self, batch: list[Item]) -> None:
        delay = 0.1
        retried = False
        while True:
            try:
                with FLUSH_SECONDS.labels(self._name).time():
                    await self._write(batch)
                return
            except (Unavailable, StorageFull) as error:
                log.warning("writes wait for the database", queue=self._name, waiting=len(batch), error=str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)
            except Exception as error:
                if not retried:
                    retried = True  # a deadlock or a racing delete goes away by itself
                    log.warning("a batch failed once", queue=self._name, error=str(error))
                    continue
                if len(batch) == 1:
                    log.exception("an item cannot be written and is dropped", queue=self._name)
                    return
                half = len(batch) // 2
                await self._write_surely(batch[:half])
                await self._write_surely(batch[half:])
                return
