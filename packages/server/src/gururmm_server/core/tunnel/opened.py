"""Which channels were opened at which agent, for gateways: they pass on what an agent says of its own, and no more."""

from collections.abc import Sequence
from typing import Self

from gururmm_server.core.component import House
from gururmm_server.core.tunnel import _opened_repository as repository
from gururmm_server.infra.database import Database

AgentsChannel = repository.AgentsChannel


class OpenedChannels:
    """Asks the rows, which are there before any order to open leaves: so every gateway knows, whatever died since."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's service."""
        return cls(house.db)

    async def among(self, said: Sequence[AgentsChannel]) -> set[AgentsChannel]:
        """Returns those of them that were opened at that agent, over or not. Raises `Unavailable`."""
        async with self._db.ingest() as tx:
            return await repository.among(tx, said)
