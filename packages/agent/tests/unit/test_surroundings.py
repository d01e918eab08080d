"""Another address, and a sleep: what they end, and what they don't."""

import asyncio

import pytest
from gururmm_agent.link import surroundings as module
from gururmm_agent.link.surroundings import Surroundings

from packages.agent.tests.loops import ClockLoop, run_on


class Link:
    """A connection that is asked after."""

    peer = ("192.0.2.1", 443)

    def __init__(self, loop: ClockLoop) -> None:
        self.closed: asyncio.Future[None] = loop.create_future()
        self.checks = self.pings = 0

    async def check(self, within_s: float | None) -> None:
        self.checks += 1
        self.pings += within_s is not None


@pytest.fixture
def place(monkeypatch) -> dict[str, str | None]:
    """By which address this machine speaks; a test moves it."""
    now: dict[str, str | None] = {"address": "192.0.2.7"}
    monkeypatch.setattr(module, "outlook", lambda: (now["address"], None))
    monkeypatch.setattr(module, "source_towards", lambda _: now["address"])
    return now


def test_a_change_is_followed_once_however_many_messages_tell_of_it(place):
    async def main(loop: ClockLoop) -> None:
        around, link, gone = Surroundings(), Link(loop), Link(loop)
        around.mind(link)
        around.mind(gone)
        gone.closed.set_result(None)
        looks = []

        async def follow() -> None:
            while True:
                await around.look()
                looks.append(loop.time())

        following = loop.create_task(follow())
        for _ in range(50):
            around.changed()
            await loop.advance(0.1)
        assert link.checks == 1
        assert not gone.checks
        for _ in range(700):
            around.changed()
            await loop.advance(0.1)
        assert link.checks == len(looks) <= 16
        assert link.pings == 2
        following.cancel()

    run_on(ClockLoop, main)


@pytest.mark.parametrize(("address", "waits"), [("192.0.2.8", False), (None, True), ("192.0.2.7", True)])
def test_who_waits_goes_on_when_the_machine_has_another_address(place, address, waits):
    async def main(loop: ClockLoop) -> None:
        around = Surroundings()
        looking = loop.create_task(around.look())
        waiting = loop.create_task(around.wait(60))
        place["address"] = address
        around.changed()
        await loop.advance(2)
        assert waiting.done() is not waits
        await loop.advance(60)
        assert waiting.done()
        looking.cancel()

    run_on(ClockLoop, main)


def test_after_a_sleep_connections_are_asked_after_and_nobody_waits(place, monkeypatch):
    async def main(loop: ClockLoop) -> None:
        slept = 0.0
        monkeypatch.setattr(module, "since_boot", lambda: loop.time() + slept)
        around, link = Surroundings(), Link(loop)
        around.mind(link)
        tasks = [loop.create_task(around.watch_for_sleep()), loop.create_task(around.look())]
        waiting = loop.create_task(around.wait(3600))
        await loop.advance(40)
        assert not link.checks
        assert not waiting.done()
        slept = 300.0
        await loop.advance(20)
        assert link.pings == 1
        assert waiting.done()
        for task in tasks:
            task.cancel()

    run_on(ClockLoop, main)
