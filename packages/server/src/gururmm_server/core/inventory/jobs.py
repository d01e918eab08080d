"""What inventory does by the clock. It may run in several processes at once."""

from gururmm_server.core.inventory import _repository as rows
from gururmm_server.infra.database import Database

_FORGET_ROWS = 10_000


async def forget_changes(db: Database) -> int:
    """The inventory's history is kept a year; how many rows were older."""
    forgotten = 0
    while True:
        async with db.worker() as tx:
            count = await rows.forget_changes(tx, _FORGET_ROWS)
        forgotten += count
        if count < _FORGET_ROWS:
            return forgotten
