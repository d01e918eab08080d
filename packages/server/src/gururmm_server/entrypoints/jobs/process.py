"""The worker's process: from its settings to SIGTERM."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

from gururmm_server.core.commands import jobs as commands
from gururmm_server.core.events import traffic
from gururmm_server.core.events.service import ActivityFeed
from gururmm_server.core.identity import jobs as identity
from gururmm_server.core.inventory import jobs as inventory
from gururmm_server.core.presence import jobs as presence
from gururmm_server.core.telemetry import jobs as telemetry
from gururmm_server.core.tunnel.service import close_expired
from gururmm_server.entrypoints.jobs.activity import ActivityConsumer
from gururmm_server.entrypoints.jobs.schedule import Job, Schedule
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.health import HealthServer
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.outbox import OutboxRelay
from gururmm_server.settings import Settings

log = get_logger(__name__)

_HOUR = 3600.0


def jobs(db: Database, bus: Bus) -> list[Job]:
    """Everything that is done by the clock."""
    gateways = presence.GatewayWatch(db, bus)
    clock = asyncio.get_running_loop().time
    return [
        Job("partitions", 6 * _HOUR, lambda: telemetry.maintain_partitions(db)),
        Job("roll_up", 0.25 * _HOUR, lambda: telemetry.roll_up(db)),
        Job("online_history", 300, lambda: presence.sample_online(db)),
        Job("problems", 15, lambda: telemetry.mark_problems(db)),
        Job("command_expiry", 5, lambda: commands.expire(db, bus)),
        Job("tunnel_leases", 5, lambda: close_expired(db, bus)),
        # Every worker looks for itself: what it has seen is its own memory.
        Job("dead_gateways", 5, lambda: gateways.look(clock()), alone=False),
        Job("purge", _HOUR, lambda: identity.purge(db)),
        Job("inventory_history", 6 * _HOUR, lambda: inventory.forget_changes(db)),
    ]


async def run(
    settings: Settings, db: Database, bus: Bus, stop: asyncio.Event | None = None, more: Sequence[Job] = ()
) -> None:
    """Work, on `more` jobs too, until `stop` is set (None: until SIGTERM or SIGINT), then return.

    `db` and `bus` are open and are closed by the caller. Raises `StartError` before anything is left behind.
    """
    if stop is None:
        stop = asyncio.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    health = HealthServer(_ready(db, bus), settings.host, settings.health_port)
    health_port = await health.open()
    tasks: list[asyncio.Task[object]] = []
    try:
        await bus.ensure_events_stream()
        relay = OutboxRelay(db, bus)
        wakes = await bus.subscribe(traffic.OUTBOX_WAKE, relay.wake)
        schedule = Schedule(db)
        work = [relay.run(), ActivityConsumer(bus, ActivityFeed(db, bus)).run(), stop.wait()]
        tasks += [asyncio.create_task(each) for each in work]
        tasks += [asyncio.create_task(schedule.keep_running(job)) for job in (*jobs(db, bus), *more)]
        log.info("worker is ready", health_port=health_port)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await wakes.stop()
        for task in done:
            # Only waiting for `stop` ends by itself; anything else failed, and a supervisor starts the process anew.
            task.result()
    finally:
        await _end(tasks)
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


def _ready(db: Database, bus: Bus) -> Callable[[], Awaitable[dict[str, bool]]]:
    async def ready() -> dict[str, bool]:
        try:
            async with asyncio.timeout(3), db.worker() as tx:
                database = await tx.fetchval("select true")
        except (GuruError, TimeoutError):
            database = False
        return {"database": bool(database), "bus": bus.connected}

    return ready
