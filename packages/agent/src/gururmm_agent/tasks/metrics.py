"""The pulse of the agent: heartbeats and samples in one loop, so that a sample replaces the heartbeat due with it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from gururmm_wire.v2.agent import FilesystemUse, Metrics, MetricsBacklog
from gururmm_wire.v2.server import Watch

from gururmm_agent.adapters.patience import Patience
from gururmm_agent.adapters.ports import Counters, Pulse, Readings, TemperatureReading
from gururmm_agent.clock import since_boot
from gururmm_agent.link.socket import Closed
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.tasks import rates
from gururmm_agent.tasks.access import DiskAccess
from gururmm_agent.tasks.faults import Faults
from gururmm_agent.tasks.settings import LiveSettings
from gururmm_agent.tasks.spool import MetricsSpool

_log = logging.getLogger(__name__)
_BACKLOG_PAUSE_S: Final = 0.5
_FIRST_SAMPLE_S: Final = 1.0
_SLOW_S: Final = 5.0

_ASK_S: Final = 10.0
_UNSURE_S: Final = 180.0
"""So long it may take to notice that nobody hears any more, behind a proxy that goes on taking what is sent."""
_UNSURE_SAMPLES: Final = 40

_Slow = tuple[list[FilesystemUse], list[TemperatureReading]]
_Found = TypeVar("_Found")


class MetricsTask:
    """Owns when what is due, the last counters, and the spool.

    What cannot be read is told as a fault, and costs nothing else.
    """

    def __init__(
        self,
        directory: Path,
        readings: Readings,
        uplink: Uplink,
        settings: LiveSettings,
        *,
        faults: Faults,
        state_trouble: Callable[[], str],
    ) -> None:
        self._state_trouble = state_trouble
        self._readings = readings
        self._uplink = uplink
        self._settings = settings
        self._faults = faults
        self._spool = MetricsSpool(directory)
        self._access = DiskAccess(directory)
        self._patience = Patience(_ASK_S)
        self._sent: deque[tuple[float, Metrics]] = deque(maxlen=_UNSURE_SAMPLES)
        self._wake = settings.changes()
        self._now = asyncio.get_running_loop().time
        now = self._now()
        self._next_sample = now + _FIRST_SAMPLE_S
        self._next_heartbeat = now
        self._watch_every = 0.0
        self._watch_until = now
        self._next_watch = now
        self._pulse: Pulse | None = None
        self._counters: Counters | None = None
        self._watch_counters: Counters | None = None
        self._slow: asyncio.Future[_Slow] | None = None
        self._last_slow: _Slow = ([], [])

    def connected(self) -> None:
        """Show a sign of life right after a connect, and a sample as soon as rates can be told."""
        now = self._now()
        self._next_heartbeat = now
        self._next_sample = min(self._next_sample, now + _FIRST_SAMPLE_S)
        self._wake.set()

    def broken_off(self) -> None:
        """The connection broke: what was sent into it last may not have come, so it is kept to be sent again."""
        for taken, sample in self._sent:
            if taken > since_boot() - _UNSURE_S:
                self._spool.add(sample, taken)
        self._sent.clear()

    def watch(self, message: Watch) -> None:
        """Somebody looks: samples every `interval_s` for `for_s`."""
        now = self._now()
        if now >= self._watch_until:
            # Rates need an interval: the first sample comes one after these counters, never at once.
            self._watch_counters = self._try("counters", self._readings.counters, None)
            self._next_watch = now + message.interval_s
        self._watch_every = message.interval_s
        self._watch_until = now + message.for_s
        self._next_watch = min(self._next_watch, now + message.interval_s)
        self._wake.set()

    def close(self) -> None:
        """The agent stops: let go of the file of samples."""
        self._spool.close()

    async def run(self) -> None:
        """Send or keep what is due, for ever."""
        if self._counters is None:
            self._counters = self._try("counters", self._readings.counters, None)
            self._pulse = self._try("pulse", self._readings.pulse, None)
        while True:
            now = self._now()
            due = min(self._next_sample, self._next_heartbeat)
            if now < self._watch_until:
                due = min(due, self._next_watch)
            if due > now:
                await self._sleep(due - now)
                continue
            await self._do_what_is_due(now)

    async def send_backlog(self) -> None:
        """After a connect: what was kept, oldest first, at a gentle pace."""
        if self._spool.is_empty():
            return
        try:
            for batch in self._spool.batches(self._uplink.server_now()):
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
            if sample is None:
                self._say_alive()
            elif self._uplink.connected:
                self._uplink.send(sample)
                self._sent.append((since_boot(), sample))
            else:
                self._spool.add(sample)
        elif now < self._watch_until and now >= self._next_watch:
            self._next_watch = now + self._watch_every
            self._next_heartbeat = now + settings.heartbeat_s
            sample, self._watch_counters = await self._sample(self._watch_counters)
            if sample is not None:
                self._uplink.send(sample)
        else:
            self._next_heartbeat = now + settings.heartbeat_s
            self._say_alive()

    def _say_alive(self) -> None:
        """Send a heartbeat, by the machine's own clock; with no readings where they cannot be had."""
        if self._uplink.connected:
            pulse = self._try("pulse", self._readings.pulse, None) or Pulse(0, 0, 0, 0)
            self._uplink.send(rates.heartbeat(int(time.time()), self._pulse or pulse, pulse))
            self._pulse = pulse

    async def _sample(self, before: Counters | None) -> tuple[Metrics | None, Counters | None]:
        """A sample since the counters before, and the counters now. None where there are no counters."""
        counters = self._try("counters", self._readings.counters, None)
        if counters is None:
            return None, before
        self._pulse = Pulse(counters.cpu_busy, counters.cpu_total, counters.memory_used, counters.memory_total)
        moment = rates.Moment(int(self._uplink.server_now()), int(time.time()))
        disks, temperatures = await self._read_disks_and_sensors()
        faults = self._faults.current()
        sample = rates.metrics(
            moment, before or counters, counters, disks=disks, temperatures=temperatures, faults=faults
        )
        return sample, counters

    def _try(self, place: str, question: Callable[[], _Found], otherwise: _Found) -> _Found:
        """Returns an answer, or what stands in for it where there is none: then a fault says why."""
        try:
            found = question()
        except Exception as error:  # noqa: BLE001 - whatever one reading does, the others go on
            if self._faults.begin("reading_failed", place, str(error) or type(error).__name__):
                _log.warning("the machine's %s cannot be read", place, exc_info=True)
            return otherwise
        self._faults.end("reading_failed", place)
        return found

    async def _read_disks_and_sensors(self) -> _Slow:
        """From a thread, since a dying disk or a slow sensor may block: then what was read last stands in."""
        if self._slow is None:
            self._slow = asyncio.ensure_future(asyncio.to_thread(self._read_slowly))
        await asyncio.wait((self._slow,), timeout=_SLOW_S)
        if not self._slow.done():
            _log.warning("a disk or sensor has not answered for %.0f s", _SLOW_S)
            return self._last_slow
        reading, self._slow = self._slow, None
        self._last_slow = reading.result()
        return self._last_slow

    def _read_slowly(self) -> _Slow:
        self._look_at_state()
        disks, sensors = self._last_slow
        return (
            self._try("disk use", lambda: self._patience.ask("disks", self._read_disks), disks),
            self._try("sensors", lambda: self._patience.ask("sensors", self._read_sensors), sensors),
        )

    def _look_at_state(self) -> None:
        """Tell, where the agent cannot keep its own files, why not."""
        try:
            trouble = self._patience.ask("state", self._state_trouble)
        except OSError as error:
            trouble = str(error)
        if not trouble:
            self._faults.end("state_not_kept", "")
        elif self._faults.begin("state_not_kept", "", trouble):
            _log.error("the agent's own files cannot be kept: %s", trouble)

    def _read_disks(self) -> list[FilesystemUse]:
        return self._access.judged(self._readings.filesystems())

    def _read_sensors(self) -> list[TemperatureReading]:
        return self._readings.temperatures()[0]
