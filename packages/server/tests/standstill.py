"""PostgreSQL stands still, as a machine does that swaps or is being copied: nothing ends, and nothing answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import psutil


@asynccontextmanager
async def standing_still(owner_url: str) -> AsyncIterator[None]:
    """Every process of the server that this database belongs to is stopped meanwhile."""
    connection = await asyncpg.connect(owner_url)
    postmaster = psutil.Process(await connection.fetchval("select pg_backend_pid()")).parent()
    assert postmaster is not None
    stopped = [postmaster]
    postmaster.suspend()
    try:
        stopped += postmaster.children()
        for process in stopped[1:]:
            process.suspend()
        yield
    finally:
        for process in reversed(stopped):
            process.resume()
    await connection.close()
