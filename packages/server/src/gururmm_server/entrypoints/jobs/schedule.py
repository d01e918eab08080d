"""Jobs by the clock: each runs alone among all workers, and a failing one is logged and comes again."""

import asyncio
import random
from collections import Counter as Times

from prometheus_client import Counter, Gauge

from gururmm_server.core.component import Job
from gururmm_server.infra import job_locks
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

JOB_RUNS = Counter("gururmm_job_runs_total", "Runs of the worker's jobs", ["job", "outcome"])
JOB_LAST = Gauge("gururmm_job_last_success_time", "When a job last succeeded (Unix seconds)", ["job"])

_OFTEN = 10
"""So often in a row, a job that somebody else has is news: it may be stuck there."""


class Schedule:
    """Keeps jobs running. A few at a time: one that must be alone takes two of the process's connections."""

    def __init__(self, db: Database, *, at_a_time: int = 3) -> None:
        self._db = db
        self._places = asyncio.Semaphore(at_a_time)
        self._prepared: set[str] = set()
        self._elsewhere: Times[str] = Times()

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
        if job.name not in self._prepared:
            async with self._db.worker() as tx:
                await job_locks.prepare(tx, job.name)
            self._prepared.add(job.name)
        async with self._db.worker() as tx:
            # Held by this transaction while the work uses its own: it ends with the process, however that ends.
            if not await job_locks.hold(tx, job.name):
                self._prepared.discard(job.name)  # the row may be gone: a database was put back
                self._note_elsewhere(job)
                return "elsewhere"
            self._elsewhere.pop(job.name, None)
            await job.work()
        return "done"

    def _note_elsewhere(self, job: Job) -> None:
        self._elsewhere[job.name] += 1
        if self._elsewhere[job.name] % _OFTEN == 0:
            log.warning("another worker is always at a job", job=job.name, times=self._elsewhere[job.name])
