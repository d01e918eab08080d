"""What presence does by the clock. Each may run in several processes at once."""

from datetime import datetime
from typing import Self
from uuid import UUID

from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.component import House
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence import _jobs_repository as rows
from gururmm_server.core.presence._jobs_repository import Buried
from gururmm_server.core.presence.events import AgentOffline
from gururmm_server.core.presence.settings import DISK_FULL, MEMORY_HIGH, OFFLINE_LONG
from gururmm_server.core.settings.reading import values_for_partners
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

GATEWAY_LOST = "its gateway stopped"
DEAD_AFTER_S = 30.0


async def sample_online(db: Database) -> None:
    """Add one point to every Partner's online history."""
    async with db.worker() as tx:
        await rows.sample_online(tx)


async def mark_problems(db: Database) -> int:
    """Mark what the machines' states say, as a full disk. Returns how many machines' problems changed."""
    async with db.worker() as tx:
        disk, memory, hours = [await values_for_partners(tx, each) for each in (DISK_FULL, MEMORY_HIGH, OFFLINE_LONG)]
        return await rows.mark_problems(tx, disk, memory, hours)


class GatewayWatch:
    """Finds gateways that died, by their beat standing still while *we* could see the database all along.

    A look at the clock in the database would bury every gateway after an outage of the database itself, and after a
    time in which it took no beats because its disk was nearly full.
    """

    def __init__(self, db: Database, post: Post, *, dead_after_s: float = DEAD_AFTER_S) -> None:
        self._db = db
        self._post = post
        self._dead_after_s = dead_after_s
        self._seen: dict[str, tuple[datetime | None, float]] = {}

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the worker's watch."""
        return cls(house.db, house.get(Post))

    async def look(self, clock_s: float) -> int:
        """Take one look, at a moment of a monotonic clock. Returns how many machines were called offline.

        Machines of a gateway that stood still for `dead_after_s` had that long to come back through another.
        """
        try:
            async with self._db.worker() as tx:
                beats = await rows.gateway_beats(tx) if await rows.takes_writes(tx) else {}
        except BaseException:
            self._seen.clear()
            raise
        self._seen = {
            gateway_id: self._seen[gateway_id]
            if gateway_id in self._seen and self._seen[gateway_id][0] == beat
            else (beat, clock_s)
            for gateway_id, beat in beats.items()
        }
        dead = [name for name, (_, since) in self._seen.items() if clock_s - since >= self._dead_after_s]
        return await self._bury(dead) if dead else 0

    async def _bury(self, gateway_ids: list[str]) -> int:
        async with self._db.worker() as tx:
            gone = await rows.bury_gateways(tx, gateway_ids)
            await outbox.publish_many(tx, [(row.tenant_id, _offline(row)) for row in gone])
            by_tenant: dict[UUID, list[AgentRow]] = {}
            for row in gone:
                by_tenant.setdefault(row.tenant_id, []).append(_live(row))
            for tenant_id, live in by_tenant.items():
                tx.after_commit(self._post.to_dashboards, tenant_id, live)
        log.warning("gateways are gone", gateways=gateway_ids, agents=len(gone))
        return len(gone)


def _offline(row: Buried) -> AgentOffline:
    return AgentOffline(agent_id=row.agent_id, client_id=row.client_id, hostname=row.hostname, reason=GATEWAY_LOST)


def _live(row: Buried) -> AgentRow:
    return AgentRow(
        agent_id=row.agent_id.bytes,
        client_id=row.client_id.bytes,
        online=False,
        changed=True,
        changed_at=row.changed_at.timestamp(),
        last_seen=row.last_seen.timestamp() if row.last_seen else 0.0,
        cpu=row.cpu,
        memory=row.memory,
        disk=row.disk,
    )
