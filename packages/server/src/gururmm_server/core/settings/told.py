"""What agents are told of settings, for the gateways that carry it: they can make none of it."""

from collections.abc import Iterable, Mapping
from typing import Final, Self
from uuid import UUID

import msgspec
from gururmm_wire import orders
from gururmm_wire.codec import MalformedMessage, decode_from_server
from gururmm_wire.v2 import server as wire
from gururmm_wire.v2.agent import Message

from gururmm_server.core.component import House
from gururmm_server.core.settings import _orders_repository as repository
from gururmm_server.infra.database import Database


class Told(msgspec.Struct, frozen=True):
    """A configuration, and the signed order of it; none before the first signing."""

    settings: wire.Settings = wire.Settings()
    order: bytes | None = None
    own: bool = False
    """It is for one machine alone."""


UNTOLD: Final = Told()


class PartnerTold(msgspec.Struct, frozen=True):
    """What a Partner's agents are told, but for those with a configuration of their own, if there are any."""

    told: Told = UNTOLD
    some_own: bool = False


class ToldSettings:
    """Reads what the agents of any tenants are told, for a gateway."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's reader."""
        return cls(house.db)

    async def of(self, tenant_ids: Iterable[UUID]) -> dict[UUID, PartnerTold]:
        """Returns what is told by tenants; one without any settings is missing. Raises `Unavailable`."""
        async with self._db.ingest() as tx:
            rows = await repository.of_partners(tx, tenant_ids)
        return {row.tenant_id: PartnerTold(_told(row.signed_order), row.some_own) for row in rows}

    async def own(self, agent_ids: Iterable[UUID]) -> dict[UUID, Told]:
        """Returns the configurations of those machines that have one of their own. Raises `Unavailable`."""
        async with self._db.ingest() as tx:
            found = await repository.own(tx, agent_ids)
        return {agent_id: _told(order, own=True) for agent_id, order in found.items()}

    async def other_than(self, versions: Mapping[UUID, int | None]) -> dict[UUID, Told | None]:
        """Returns what has become of machines' own configurations, given the version of each that it was told.

        None: it has none any more. Those of which nothing is new are missing. Raises `Unavailable`.
        """
        async with self._db.ingest() as tx:
            found = await repository.other_than(tx, versions)
        return {agent_id: None if order is None else _told(order, own=True) for agent_id, order in found.items()}


def _told(encoded: bytes | None, *, own: bool = False) -> Told:
    """Returns what an order says. One that cannot be read here is carried all the same."""
    if encoded is None:
        return UNTOLD
    message: Message | None = None
    try:
        order = decode_from_server(encoded)
        message = orders.read(order)[1] if isinstance(order, wire.Order) else order
    except MalformedMessage:
        pass
    settings = message.settings if isinstance(message, wire.SettingsPush) else wire.Settings()
    return Told(settings, encoded, own)
