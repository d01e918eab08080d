"""The queue in front of the database: order, patience, and what becomes of bad items and bad times."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gururmm_server.entrypoints.agent_gateway.group_commit import GroupCommit
from gururmm_server.infra.errors import Unavailable


@asynccontextmanager
async def running(queue: GroupCommit[int]) -> AsyncIterator[None]:
    work = asyncio.create_task(queue.run())
    yield
    work.cancel()
    await asyncio.wait([work])


async def test_what_comes_during_a_write_goes_into_the_next_in_order() -> None:
    batches: list[list[int]] = []
    began, go_on = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def write(items: list[int]) -> None:
        began.release()
        await go_on.acquire()
        batches.append(items)

    queue = GroupCommit("test", write)
    async with running(queue):
        for number in range(50):
            queue.add(number)
            if number in {0, 9, 29}:
                await began.acquire()
                go_on.release()
        go_on.release()
        assert await queue.drained(5)
    assert list(itertools.chain(*batches)) == list(range(50))
    assert [len(batch) for batch in batches] == [1, 9, 20, 20]


async def test_one_bad_item_is_dropped_alone() -> None:
    written: list[int] = []

    async def write(items: list[int]) -> None:
        if 13 in items:
            raise ValueError("unlucky")
        written.extend(items)

    queue = GroupCommit("test", write)
    for number in range(20):
        queue.add(number)
    async with running(queue):
        assert await queue.drained(5)
    assert written == [number for number in range(20) if number != 13]


async def test_nothing_is_dropped_while_the_database_is_away_until_the_bound() -> None:
    written: list[int] = []
    away = True
    tried = asyncio.Event()

    async def write(items: list[int]) -> None:
        tried.set()
        if away:
            raise Unavailable
        written.extend(items)

    queue = GroupCommit("test", write, bound=1000)
    async with running(queue):
        queue.add(0)
        await tried.wait()
        taken = [queue.add(number, 100) for number in range(1, 15)]
        assert taken == [True] * 10 + [False] * 4
        assert not await queue.drained(0.05)
        away = False
        assert await queue.drained(5)
    assert written == list(range(11))


async def test_a_lazy_item_waits_for_company_but_not_for_ever() -> None:
    batches: asyncio.Queue[list[int]] = asyncio.Queue()
    patient, quick = (GroupCommit("test", batches.put, patience_s=seconds) for seconds in (3600, 0.01))
    async with running(patient), running(quick):
        patient.add(1, lazy=True)
        quick.add(2, lazy=True)
        assert await asyncio.wait_for(batches.get(), 5) == [2]
        assert batches.empty(), "the patient one waits"
        patient.add(3)
        assert await asyncio.wait_for(batches.get(), 5) == [1, 3]


async def test_no_owner_takes_more_than_its_share() -> None:
    written: list[int] = []

    async def write(items: list[int]) -> None:
        written.extend(items)

    queue = GroupCommit("test", write, share=3200)
    assert [queue.add(number, 1600, owner=b"a") for number in range(3)] == [True, True, False]
    assert queue.add(3, 3200, owner=b"b")
    assert sum(queue.add(number, 1, owner=b"c") for number in range(100, 150)) == 32, "many small ones cost as well"
    async with running(queue):
        assert await queue.drained(5)
        assert queue.add(4, 3200, owner=b"a"), "what is written makes room"
        assert await queue.drained(5)
    assert written == [0, 1, 3, *range(100, 132), 4]


async def test_of_a_key_the_last_one_is_written_in_the_place_of_the_first() -> None:
    written: list[int] = []

    async def write(items: list[int]) -> None:
        written.extend(items)

    queue = GroupCommit("test", write, bound=300)
    assert queue.add(1, key="a")
    assert queue.add(2, key="b")
    assert all(queue.add(number, key="a") for number in range(10, 1000)), "one that waits already takes no more room"
    assert queue.waits("a")
    async with running(queue):
        assert await queue.drained(5)
        assert not queue.waits("a")
        assert queue.add(3, key="a")
        assert await queue.drained(5)
    assert written == [999, 2, 3]
