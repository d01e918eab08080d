"""The changes of the order key, as a gateway passes them on: it cannot make one."""

from typing import Self

from gururmm_server.core.component import House
from gururmm_server.core.orders import _repository as repository
from gururmm_server.infra.database import Database


class KeyChain:
    """Every change since the first key, each signed by a key that an agent has by then."""

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's chain, which is read by `reload`."""
        return cls(house.db)

    def __init__(self, db: Database) -> None:
        self._db = db
        self._changes: list[tuple[bytes, bytes]] = []

    async def reload(self) -> list[bytes]:
        """Read the chain. Returns the changes that were not there before. Raises `Unavailable`."""
        async with self._db.ingest() as tx:
            rows = await repository.changes(tx)
        new = [row.signed_order for row in rows[len(self._changes) :]]
        self._changes = [(row.key_id, row.signed_order) for row in rows]
        return new

    def missing(self, newest: bytes | None) -> list[bytes]:
        """Returns what an agent has to hear whose newest key is this one, in the order in which it can follow.

        Nothing helps one that pinned no key. One whose key is unknown here (an older backup was restored) hears
        everything: it may still have the key before.
        """
        if newest is None:
            return []
        for place, (key_id, _) in enumerate(self._changes):
            if key_id == newest:
                return [order for _, order in self._changes[place + 1 :]]
        return [order for _, order in self._changes]
