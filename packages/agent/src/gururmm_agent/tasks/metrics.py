"""The pulse of the agent: heartbeats and samples in one loop, so that a sample replaces the heartbeat due with it."""

import asyncio
import logging
import time
from typing import Final

from gururmm_wire.v2.agent import Metrics, MetricsBacklog
from gururmm_wire.v2.server import Watch

from gururmm_agent.adapters.ports import Counters, Pulse, Readings, TemperatureReading
from gururmm_agent.link.socket import Closed
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.tasks import rates
from gururmm_agent.tasks.settings import LiveSettings
from gururmm_agent.tasks.spool import MetricsSpool

_log = logging.getLogger(__name__)
_BACKLOG_PAUSE_S: Final = 0.5
_FIRST_SAMPLE_S: Final = 1.0
_SLOW_S: Final = 5.0

_Slow = tuple[list[tuple[str, int, int]], list[TemperatureReading]]


class MetricsTask:
    """Owns when what is due, the last counters, and the spool."""

    def __init__(self, readings: Readings, uplink: Uplink, settings: LiveSettings, spool: MetricsSpool) -> None:
        self._readings = readings
        self._uplink = uplink
        self._settings = settings
        self._spool = spool
        self._wake = settings.changes()
        self._now = asyncio.get_running_loop().time
        now = self._now()
        self._next_sample = now + _FIRST_SAMPLE_S
        self._next_heartbeat = now
        self._watch_every = 0.0
        self._watch_until = now
        self._next_watch = now
        self._pulse: Pulse = readings.pulse()
        self._counters: Counters = readings.counters()
        self._watch_counters: Counters = self._counters
        self._slow: asyncio.Future[_Slow] | None = None
        self._last_slow: _Slow = ([], [])

    def connected(self) -> None:
        """Show a sign of life right after a connect, and a sample as soon as rates can be told."""
        now = self._now()
        self._next_heartbeat = now
        self._next_sample = min(self._next_sample, now + _FIRST_SAMPLE_S)
        self._wake.set()

    def watch(self, message: Watch) -> None:
        """Somebody looks: samples every `interval_s` for `for_s`."""
        now = self._now()
        if now >= self._watch_until:
            # Rates need an interval: the first sample comes one after these counters, never at once.
            self._watch_counters = self._readings.counters()
            self._next_watch = now + message.interval_s
        self._watch_every = message.interval_s
        self._watch_until = now + message.for_s
        self._next_watch = min(self._next_watch, now + message.interval_s)
        self._wake.set()

    async def run(self) -> None:
        """Send or keep what is due, for ever."""
        while True:
            now = self._now()
            due = min(self._next_sample, self._next_heartbeat)
            if now < self._watch_until:
                due = min(due, self._next_watch)
            if due > now:
                await self._sleep(due - now)
                continue
            try:
                await self._do_what_is_due(now)
            except OSError as error:
                _log.error("the machine's readings failed: %s", error)
                self._next_heartbeat = max(self._next_heartbeat, now + self._settings.current.heartbeat_s)
                self._next_sample = max(self._next_sample, now + self._settings.current.metrics_s)

    async def send_backlog(self) -> None:
        """After a connect: what was kept, oldest first, at a gentle pace."""
        if self._spool.is_empty():
            return
        try:
            for batch in self._spool.batches():
                await self._uplink.drain()
                self._uplink.send(MetricsBacklog(batch))
                await asyncio.sleep(_BACKLOG_PAUSE_S)
            await self._uplink.drain()
        except Closed:
            return
        self._spool.clear()

    async def _sleep(self, seconds: float) -> None:
        limit = self._settings.current
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()
        now = self._now()
        changed = self._settings.current
        if changed is not limit or self._next_sample > now + changed.metrics_s:
            self._next_sample = min(self._next_sample, now + changed.metrics_s)
            self._next_heartbeat = min(self._next_heartbeat, now + changed.heartbeat_s)

    async def _do_what_is_due(self, now: float) -> None:
        settings = self._settings.current
        if now >= self._next_sample:
            self._next_sample = now + settings.metrics_s
            self._next_heartbeat = now + settings.heartbeat_s
            sample, self._counters = await self._sample(self._counters)
            if self._uplink.connected:
                self._uplink.send(sample)
            else:
                self._spool.add(sample)
        elif now < self._watch_until and now >= self._next_watch:
            self._next_watch = now + self._watch_every
            self._next_heartbeat = now + settings.heartbeat_s
            sample, self._watch_counters = await self._sample(self._watch_counters)
            self._uplink.send(sample)
        else:
            self._next_heartbeat = now + settings.heartbeat_s
            if self._uplink.connected:
                pulse = self._readings.pulse()
                self._uplink.send(rates.heartbeat(int(time.time()), self._pulse, pulse))
                self._pulse = pulse

    async def _sample(self, before: Counters) -> tuple[Metrics, Counters]:
        counters = self._readings.counters()
        self._pulse = Pulse(counters.cpu_busy, counters.cpu_total, counters.memory_used, counters.memory_total)
        disks, temperatures = await self._read_disks_and_sensors()
        return rates.metrics(int(time.time()), before, counters, disks, temperatures), counters

    async def _read_disks_and_sensors(self) -> _Slow:
        """From a thread, since a dying disk or a slow sensor may block: then what was read last stands in."""
        if self._slow is None:
            self._slow = asyncio.ensure_future(asyncio.to_thread(_read_slowly, self._readings))
        await asyncio.wait((self._slow,), timeout=_SLOW_S)
        if not self._slow.done():
            _log.warning("a disk or sensor has not answered for %.0f s", _SLOW_S)
            return self._last_slow
        reading, self._slow = self._slow, None
        self._last_slow = reading.result()
        return self._last_slow


def _read_slowly(readings: Readings) -> _Slow:
    return readings.filesystems(), readings.temperatures()[0]
