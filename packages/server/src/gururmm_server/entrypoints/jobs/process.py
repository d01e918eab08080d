"""The worker's process: from its settings to SIGTERM."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from gururmm_server.core.component import House
from gururmm_server.entrypoints.jobs.consuming import Consuming
from gururmm_server.entrypoints.jobs.schedule import Schedule
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.health import HealthServer
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import MetricsReaders
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.outbox import OUTBOX_WAKE, OutboxRelay

log = get_logger(__name__)


async def run(house: House, stop: asyncio.Event | None = None) -> None:
    """Work until `stop` is set (None: until SIGTERM or SIGINT), then return.

    The house's database and bus are open and are closed by the caller. Raises `StartError` before anything is left
    behind.
    """
    db, bus = house.db, house.bus
    if stop is None:
        stop = asyncio.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    health = HealthServer(readiness(db, bus), house.settings.host, house.settings.health_port, MetricsReaders())
    health_port = await health.open()
    tasks: list[asyncio.Task[object]] = []
    relay = OutboxRelay(db, bus)
    try:
        await bus.ensure_events_stream()
        bus.on_reconnect.append(relay.doubt)
        wakes = await bus.subscribe(OUTBOX_WAKE, relay.wake)
        schedule = Schedule(db)
        jobs, consumers = house.jobs(), house.consumers()
        await house.open()
        tasks += [asyncio.create_task(each) for each in (relay.run(), stop.wait())]
        tasks += [asyncio.create_task(Consuming(bus, consumer).run()) for consumer in consumers]
        tasks += [asyncio.create_task(schedule.keep_running(job)) for job in jobs]
        log.info("worker is ready", health_port=health_port)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await wakes.stop()
        for task in done:
            # Only waiting for `stop` ends by itself; anything else failed, and a supervisor starts the process anew.
            task.result()
    finally:
        await _end(tasks)
        if relay.doubt in bus.on_reconnect:
            bus.on_reconnect.remove(relay.doubt)
        await house.close()
        await health.close()


async def _end(tasks: list[asyncio.Task[object]]) -> None:
    """Cancel until all are over: the broker's client may swallow a cancellation that meets one of its time limits."""
    for _ in range(10):
        pending = [task for task in tasks if not task.done()]
        if not pending:
            return
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.5)


def readiness(db: Database, bus: Bus) -> Callable[[], Awaitable[dict[str, bool]]]:
    """Returns what tells whether the database and the bus are there; it takes three seconds at most."""

    async def ready() -> dict[str, bool]:
        try:
            async with asyncio.timeout(3), db.worker():
                database = True
        except (GuruError, TimeoutError):
            database = False
        return {"database": database, "bus": bus.connected}

    return ready
