"""What inventory does by the clock. It may run in several processes at once."""

from gururmm_server.core.inventory import _repository as rows
from gururmm_server.core.inventory.settings import CHANGES_KEPT
from gururmm_server.core.settings.reading import values_for_partners
from gururmm_server.infra.database import Database

FORGET_ROWS = 10_000
CROWDED = 100_000
"""Titles of a Partner, beyond which those are forgotten that no machine has."""


async def forget_changes(db: Database, at_once: int = FORGET_ROWS) -> int:
    """Delete the inventory's history after its time, `at_once` rows a transaction. Returns how many rows were older."""
    forgotten = 0
    while True:
        async with db.worker() as tx:
            kept = await values_for_partners(tx, CHANGES_KEPT)
            count = await rows.forget_changes(tx, kept, at_once)
        forgotten += count
        if count < at_once:
            return forgotten


async def forget_titles(db: Database, crowded: int = CROWDED) -> int:
    """Deletes titles of software that no machine has any more, where there are many. Returns how many."""
    async with db.worker() as tx:
        return await rows.forget_titles(tx, crowded)
