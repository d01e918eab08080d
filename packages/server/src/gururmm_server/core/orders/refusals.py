"""What agents did not follow: an event that people see, since somebody may be making orders who may not."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Self
from uuid import UUID

from gururmm_wire.v2.agent import OrderRefused

from gururmm_server.core.component import House
from gururmm_server.core.orders.events import AgentOrderRefused
from gururmm_server.infra.database import Database
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.outbox import publish_many
from gururmm_server.infra.peer_log import PeerLog

log = get_logger(__name__)
about_peers = PeerLog(log)

AGAIN_S: Final = 60.0
"""One machine's refusals for one reason are told once in this time: an agent can say any number."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order that an agent refused, and who that agent is."""

    tenant_id: UUID
    agent_id: UUID
    client_id: UUID
    hostname: str
    message: OrderRefused


class OrderRefusals:
    """Writes them down, for a gateway."""

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's."""
        return cls(house.db)

    def __init__(self, db: Database, clock: Callable[[], float] = monotonic) -> None:
        self._db = db
        self._clock = clock
        self._told: dict[tuple[UUID, str], float] = {}

    async def record(self, refusals: list[Refusal]) -> None:
        """Write an event for each that is news. Raises `Unavailable`."""
        now = self._clock()
        self._told = {key: at for key, at in self._told.items() if now - at < AGAIN_S}
        news = {(each.agent_id, each.message.code): each for each in refusals}
        news = {key: each for key, each in news.items() if key not in self._told}
        if not news:
            return
        async with self._db.ingest() as tx:
            await publish_many(tx, [(each.tenant_id, _event(each)) for each in news.values()])
        self._told |= dict.fromkeys(news, now)
        for each in news.values():
            message = each.message
            about_peers.warning(
                each.agent_id,
                "an agent refused an order",
                tenant_id=str(each.tenant_id),
                agent_id=str(each.agent_id),
                order_id=message.order_id.hex(),
                kind=message.kind,
                code=message.code,
                said=message.message[:500],
            )


def _event(refusal: Refusal) -> AgentOrderRefused:
    message = refusal.message
    return AgentOrderRefused(
        agent_id=refusal.agent_id,
        client_id=refusal.client_id,
        hostname=refusal.hostname,
        kind=message.kind,
        code=message.code,
        reason=message.message.replace("\0", "")[:500],
    )
