"""Fair queues: lines are served in turn, and nobody's crowd makes others wait."""

import asyncio

import pytest
from gururmm_server.infra.fair_queue import Crowded, FairQueue

from packages.server.tests.waiting import until


class _Shop:
    """Holds places until it is told to go on; notes who got one, in order."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.served: list[str] = []
        self.closing = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, who: str) -> None:
        async with self.queue.place(who):
            self.served.append(who)
            await self.closing.wait()

    async def all_come(self, *who: str) -> None:
        for each in who:
            self.tasks.append(asyncio.create_task(self.come(each)))
            await asyncio.sleep(0)  # sleep: lets it take its place in the line

    async def close(self) -> list[BaseException | None]:
        self.closing.set()
        return await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_the_lines_are_served_in_turn() -> None:
    shop = _Shop(FairQueue(1, most=100, most_each=100))
    await shop.all_come("a", "a", "a", "a", "b", "c", "c")
    await shop.close()
    assert shop.served == ["a", "a", "b", "c", "a", "c", "a"]


async def test_where_all_is_full_the_longest_line_gives_way_and_nobody_else() -> None:
    shop = _Shop(FairQueue(1, most=4, most_each=3))
    await shop.all_come("x", "a", "a", "a", "a", "b", "c", "d", "e")
    refused = await shop.close()
    assert [isinstance(each, Crowded) for each in refused] == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    assert shop.served == ["x", "a", "b", "c", "d"]


async def test_nobody_holds_more_than_their_share() -> None:
    shop = _Shop(FairQueue(4, most=100, most_each=100, share=2))
    await shop.all_come("a", "a", "a", "a", "b")
    assert shop.served == ["a", "a", "b"]
    await shop.close()
    assert sorted(shop.served) == ["a", "a", "a", "a", "b"]


async def test_who_gives_up_takes_nothing_along() -> None:
    queue = FairQueue(1, most=100, most_each=100)
    shop = _Shop(queue)
    await shop.all_come("a", "b", "c")
    shop.tasks[1].cancel()
    await shop.close()
    assert shop.served == ["a", "c"]
    async with queue.place("d"):
        pass


async def test_who_gives_up_when_the_turn_comes_passes_it_on() -> None:
    queue = FairQueue(1, most=100, most_each=100)
    shop = _Shop(queue)
    await shop.all_come("a", "b", "c")
    shop.closing.set()
    shop.tasks[0].add_done_callback(lambda _: shop.tasks[1].cancel())
    await asyncio.gather(*shop.tasks, return_exceptions=True)
    assert "c" in shop.served
    async with queue.place("d"):
        pass


async def test_a_wait_ends() -> None:
    shop = _Shop(FairQueue(1, most=100, most_each=100, limit_s=0.01))
    await shop.all_come("a", "b")
    await until(shop.tasks[1].done)
    with pytest.raises(Crowded):
        await shop.tasks[1]
    assert [each for each in await shop.close() if each] == [shop.tasks[1].exception()]


async def test_one_has_more_places_alone_than_in_company() -> None:
    now = 100.0
    shop = _Shop(FairQueue(10, most=100, most_each=100, share=5, in_company=2, clock=lambda: now))
    await shop.all_come(*"aaaaaaa")
    assert shop.served == ["a"] * 5
    await shop.all_come(*"bbb")
    assert shop.served == ["a"] * 5 + ["b"] * 2
    now += 3
    await shop.all_come(*"bbb")
    assert shop.served == ["a"] * 5 + ["b"] * 5, "nobody else has come for a while"
    await shop.close()
    assert sorted(shop.served) == ["a"] * 7 + ["b"] * 6


async def test_whoever_waited_in_company_goes_first_when_it_is_gone() -> None:
    now = 100.0
    queue = FairQueue(10, most=100, most_each=100, share=5, in_company=2, clock=lambda: now)
    shop = _Shop(queue)
    await shop.all_come("b")
    async with queue.place("a"):
        await shop.all_come(*"aaaa")
        assert shop.served == ["b", "a"]
        now += 3
        await shop.all_come("a")
        await until(lambda: shop.served == ["b"] + ["a"] * 4, 5)
    await until(lambda: shop.served == ["b"] + ["a"] * 5, 5)
    await shop.close()
    assert len(shop.served) == 6
