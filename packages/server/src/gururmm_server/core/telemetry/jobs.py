"""What telemetry does by the clock. Each may run in several processes at once."""

from datetime import datetime, timedelta

from gururmm_server.core.settings.reading import value_for
from gururmm_server.core.telemetry import _jobs_repository as rows
from gururmm_server.core.telemetry.settings import HOURLY_KEPT, METRICS_KEPT
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database

LATE_HOURS = 3
"""Samples may come this much later and still count in the hourly averages."""


async def maintain_partitions(db: Database) -> None:
    """Make partitions of telemetry and audit ahead, and drop those of telemetry after the time that is set."""
    async with db.worker() as tx:
        days = await value_for(tx, METRICS_KEPT, None)
        months = await value_for(tx, HOURLY_KEPT, None)
        await rows.maintain_partitions(tx, days, months)


async def roll_up(db: Database, moment: datetime | None = None) -> None:
    """Average the hour that runs and those before it that may still get late samples."""
    hour = (moment or now()).replace(minute=0, second=0, microsecond=0)
    for back in range(LATE_HOURS, -1, -1):
        async with db.worker() as tx:
            await rows.roll_up_hour(tx, hour - timedelta(hours=back))
