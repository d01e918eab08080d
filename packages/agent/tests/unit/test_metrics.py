"""The pulse of the agent, over a machine whose counters follow a clock that a test moves."""

import asyncio

from gururmm_agent.adapters.ports import Counters, Filesystem, Pulse
from gururmm_agent.tasks.faults import Faults
from gururmm_agent.tasks.metrics import MetricsTask
from gururmm_agent.tasks.settings import LiveSettings
from gururmm_wire.v2.agent import Heartbeat, Message, Metrics
from gururmm_wire.v2.server import Settings, Watch

from packages.agent.tests.loops import ClockLoop, run_on


class Machine:
    """Receives a thousand bytes a second. It lacks what a test takes away from it."""

    def __init__(self, loop: ClockLoop) -> None:
        self._loop = loop

    def pulse(self) -> Pulse:
        return Pulse(0, self._loop.time(), 1, 2)

    def counters(self) -> Counters:
        now = self._loop.time()
        return Counters(now, 0, now, 1, 2, 0, 0, round(now * 1000), 0, 0, 0, round(now))

    def filesystems(self) -> list[Filesystem]:
        return []

    def temperatures(self) -> tuple[list, list]:
        return [], []


class Uplink:
    """Keeps what is sent of readings."""

    connected = True

    def __init__(self) -> None:
        self.sent: list[Metrics | Heartbeat] = []

    def send(self, message: Message) -> None:
        if isinstance(message, Metrics | Heartbeat):
            self.sent.append(message)

    def server_now(self) -> float:
        return 1_795_000_000.0

    async def until(self, count: int) -> None:
        """A sample comes from a thread: nothing but it says when it is there."""
        while len(self.sent) < count:
            await asyncio.sleep(0)


def test_a_watch_brings_samples_of_whole_intervals_and_ends(tmp_path):
    async def main(loop: ClockLoop) -> None:
        uplink = Uplink()
        settings = LiveSettings(uplink)
        settings.apply(Settings(heartbeat_s=5, metrics_s=3600))
        task = MetricsTask(tmp_path, Machine(loop), uplink, settings, faults=Faults(), state_trouble=str)
        running = loop.create_task(task.run())
        await loop.advance(1)
        await uplink.until(2)
        for _ in range(2):  # the second begins with what the first left behind
            uplink.sent.clear()
            task.watch(Watch(1, 3))
            for seconds in (1, 2):
                await loop.advance(1)
                await uplink.until(seconds)
            await loop.advance(6)
            await uplink.until(3)
            assert [type(message) for message in uplink.sent] == [Metrics, Metrics, Heartbeat]
            assert [message.receive_rate for message in uplink.sent[:2]] == [1000, 1000]
        running.cancel()

    run_on(ClockLoop, main)
