"""Jobs by the clock: each runs alone among all workers, and a failing one is logged and comes again."""

import asyncio
import random
import zlib

from prometheus_client import Counter, Gauge

from gururmm_server.core.component import Job
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

JOB_RUNS = Counter("gururmm_job_runs_total", "Runs of the worker's jobs", ["job", "outcome"])
JOB_LAST = Gauge("gururmm_job_last_success_time", "When a job last succeeded (Unix seconds)", ["job"])

_LOCK_SPACE = 726_876
"""The first half of the advisory lock's key: ours, beside the migration's."""


class Schedule:
    """Keeps jobs running. A few at a time: one that must be alone takes two of the process's connections."""

    def __init__(self, db: Database, *, at_a_time: int = 3) -> None:
        self._db = db
        self._places = asyncio.Semaphore(at_a_time)

    async def keep_running(self, job: Job) -> None:
        """Do a job for ever, first of all now. After a failure it comes again within 5 seconds."""
        while True:
            async with self._places:
                succeeded = await self.run_once(job)
            wait = job.every_s if succeeded else min(job.every_s, 5.0)
            await asyncio.sleep(wait * random.uniform(0.95, 1.05))  # noqa: S311 - spreads load, hides nothing

    async def run_once(self, job: Job) -> bool:
        """Do a job unless another worker is at it. Returns False where it failed."""
        try:
            outcome = await self._run(job)
        except GuruError as error:
            log.warning("job waits", job=job.name, error=str(error))
            outcome = "failed"
        except Exception:
            log.exception("job failed", job=job.name)
            outcome = "failed"
        JOB_RUNS.labels(job.name, outcome).inc()
        if outcome == "done":
            JOB_LAST.labels(job.name).set_to_current_time()
        return outcome != "failed"

    async def _run(self, job: Job) -> str:
        if not job.alone:
            await job.work()
            return "done"
        async with self._db.worker() as tx:
            # Held by this transaction while the work uses its own: it ends with the process, however that ends.
            if not await tx.try_lock(_LOCK_SPACE, _key(job.name)):
                return "elsewhere"
            await job.work()
        return "done"


def _key(name: str) -> int:
    """Returns the second half of the lock's key, the same in every worker."""
    return zlib.crc32(name.encode()) - 2**31
