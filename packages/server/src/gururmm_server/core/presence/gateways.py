"""A gateway's own entry in the list of gateways, and what it needs to know to greet agents."""

from typing import Self

import msgspec

from gururmm_server.core.component import House
from gururmm_server.core.presence import _gateways_repository as repository
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.secrets import secret


class ThisGateway(msgspec.Struct, frozen=True):
    """Which gateway this process is, in whatever it writes and says."""

    gateway_id: str


def new_gateway() -> ThisGateway:
    """Returns the name of a gateway that begins now: no other has it, and none will."""
    return ThisGateway(f"g{new_id().hex[-12:]}")


class GatewayRecord:
    """One gateway in `core.gateways`. All methods raise `Unavailable` while the database is away."""

    def __init__(self, db: Database, gateway_id: str) -> None:
        self._db = db
        self.gateway_id = gateway_id

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's own entry."""
        return cls(house.db, house.given(ThisGateway).gateway_id)

    async def agent_link_key(self) -> bytes:
        """Returns the seed of the key with which the server proves itself to agents."""
        async with self._db.ingest() as tx:
            seed = await secret(tx, "agent_link_key")
        assert seed is not None, "every schema is migrated with it"
        return seed

    async def beat(self, url: str, *, draining: bool) -> None:
        """List the gateway as alive for the next 15 seconds; hello sends no more agents to one that drains."""
        async with self._db.ingest() as tx:
            await repository.beat(tx, self.gateway_id, url, draining)

    async def others_alive(self) -> int:
        """Returns how many other gateways can take this one's agents."""
        async with self._db.ingest() as tx:
            return await repository.others_alive(tx, self.gateway_id)

    async def retire(self) -> None:
        """Leave the list."""
        async with self._db.ingest() as tx:
            await repository.retire(tx, self.gateway_id)
