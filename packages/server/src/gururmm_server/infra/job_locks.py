"""What workers hold while they do a job that must be done alone: rows that no other kind of process may touch.

An advisory lock would not do: every login of the database may take any of those, and keep it.
"""

from gururmm_server.infra.database import Transaction


async def prepare(tx: Transaction, job: str) -> None:
    """Makes sure that a job has its row. In a transaction of its own: others that prepare wait for its end."""
    await tx.execute("insert into core.job_locks (job) values ($1) on conflict do nothing", job)


async def hold(tx: Transaction, job: str) -> bool:
    """Takes a job, prepared before, until this transaction ends. Returns False where another worker has it."""
    return bool(await tx.fetchval("select true from core.job_locks where job = $1 for update skip locked", job))
