"""A queue in front of the database: whatever has come while one write ran goes into the next, in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from gururmm_server.infra.errors import StorageFull, Unavailable
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import FLUSH_SECONDS, WRITES_WAIT
from gururmm_server.infra.peer_log import PeerLog

log = get_logger(__name__)
about_peers = PeerLog(log, lines=3, in_all=30)

Item = TypeVar("Item")


@dataclass(slots=True)
class _Waiting(Generic[Item]):
    item: Item
    weight: int
    owner: bytes | None
    key: Hashable


class GroupCommit(Generic[Item]):
    """Writes items in batches. While the database is away, or keeps them waiting for somebody's lock, items are kept,
    up to `bound` by weight; then refused. However long that takes, nothing that was taken is dropped for it.

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
        whose: Callable[[Item], UUID] | None = None,
    ) -> None:
        """`share` is what one owner's items may weigh while they wait; none counts for less than a 32nd of it.

        `patience_s` is how long an item that was added as lazy may wait for company; `whose`
        tells which agent caused an item, for the log.
        """
        self._name = name
        self._write = write
        self._batch = batch
        self._batch_weight = batch_weight
        self._bound = bound
        self._share = share
        self._owned: dict[bytes, int] = {}
        self._patience_s = patience_s
        self._whose = whose
        self._items: deque[_Waiting[Item]] = deque()
        self._keyed: dict[Hashable, _Waiting[Item]] = {}
        self._weight = 0
        self._wake = asyncio.Event()
        self._soon = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(
        self, item: Item, weight: int = 100, *, lazy: bool = False, owner: bytes | None = None, key: Hashable = None
    ) -> bool:
        """Queue an item. Returns False when it was not taken: the queue, or its owner's share, is full.

        An item with a key takes the place, and counts with the weight and the owner, of one that still waits with it.
        """
        waiting = self._keyed.get(key) if key is not None else None
        if waiting is not None:
            waiting.item = item
        elif not self._append(_Waiting(item, weight, owner, key)):
            return False
        self._wake.set()
        if not lazy:
            self._soon.set()
        return True

    def waits(self, key: Hashable) -> bool:
        """Tell whether an item with this key waits to be written."""
        return key in self._keyed

    def _append(self, new: _Waiting[Item]) -> bool:
        if self._weight + new.weight > self._bound:
            return False
        if new.owner is not None:
            owned = self._owned.get(new.owner, 0) + self._counted(new.weight)
            if owned > self._share:
                return False
            self._owned[new.owner] = owned
        if new.key is not None:
            self._keyed[new.key] = new
        self._items.append(new)
        self._weight += new.weight
        self._idle.clear()
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
            waiting = self._items.popleft()
            taken.append(waiting.item)
            weight += waiting.weight
            if waiting.key is not None:
                del self._keyed[waiting.key]
            if waiting.owner is not None:
                self._owned[waiting.owner] -= self._counted(waiting.weight)
                if not self._owned[waiting.owner]:
                    del self._owned[waiting.owner]
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
                WRITES_WAIT.labels(self._name).inc()
                log.warning("writes wait for the database", queue=self._name, waiting=len(batch), error=str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)
            except Exception as error:  # noqa: BLE001 - it is logged as such, within bounds
                if not retried:
                    retried = True  # a racing delete goes away by itself
                    about_peers.warning(self._name, "a batch failed once", queue=self._name, error=str(error))
                    continue
                if len(batch) == 1:
                    agent_id = str(self._whose(batch[0])) if self._whose is not None else ""
                    about_peers.exception(
                        agent_id, "an item cannot be written and is dropped", queue=self._name, agent_id=agent_id
                    )
                    return
                half = len(batch) // 2
                await self._write_surely(batch[:half])
                await self._write_surely(batch[half:])
                return
