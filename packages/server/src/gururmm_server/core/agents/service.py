"""Machines, for whoever may see them; others are not found."""

from typing import Any, Self
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import _fleet_repository as fleet_rows
from gururmm_server.core.agents import _repository as rows
from gururmm_server.core.agents.errors import AgentNotFound, SiteNotFound
from gururmm_server.core.agents.fleet import FleetFilter
from gururmm_server.core.agents.rows import agent_row, latest_metrics, live_row
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.post.service import Post
from gururmm_server.infra.database import Database, Row, Transaction
from gururmm_server.infra.paging import PageQuery

SORTS = fleet_rows.SORTS
JsonPage = dict[str, Any]


class AgentService:
    """Reads machines and moves them. Removing one is `removal`'s."""

    def __init__(self, db: Database, post: Post) -> None:
        self._db = db
        self._post = post

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Post))

    async def page(self, caller: Scope, fleet: FleetFilter, query: PageQuery) -> JsonPage:
        """A page of the fleet."""
        async with self._db.scope(caller) as tx:
            found, total = await fleet_rows.page(tx, fleet, query)
        page, cursor = query.cut(found)
        return {"items": [agent_row(row) for row in page], "next_cursor": cursor, "total": total}

    async def targets(self, tx: Transaction, fleet: FleetFilter, limit: int) -> list[UUID]:
        """The ids of the machines that a filter means, up to `limit`, inside the caller's transaction."""
        return await fleet_rows.targets(tx, fleet, limit)

    async def gateway(self, caller: Scope, agent_id: UUID) -> str | None:
        """The gateway that holds a machine, if one does. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await find_agent(tx, agent_id)
        gateway_id: str | None = row["gateway_id"] if row["online"] else None
        return gateway_id

    async def get(self, caller: Scope, agent_id: UUID) -> dict[str, Any]:
        """A machine with its inventory and its newest readings. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await find_agent(tx, agent_id)
            sections = await rows.inventory(tx, agent_id)
        return {
            **agent_row(row),
            "enrolled_at": row["enrolled_at"],
            "inventory": {section["section"]: section["items"] for section in sections},
            "latest": latest_metrics(row["latest"]),
            "protocol": row["protocol"],
            "gateway": row["gateway_id"] is not None,
        }

    async def move(self, caller: Scope, agent_id: UUID, site_id: UUID | None) -> dict[str, Any]:
        """Put a machine under another Site: from now on only that one's Client hears of it.

        Raises `AgentNotFound` and `SiteNotFound`.
        """
        if site_id is not None:
            async with self._db.scope(caller) as tx:
                row = await find_agent(tx, agent_id)
                site = await rows.site(tx, site_id)
                if site is None:
                    raise SiteNotFound
                details = {"hostname": row["hostname"], "from": row["site_name"], "to": site["site_name"]}
                await append(
                    tx, "audit_log", AuditRow("agent.moved", caller.subject, agent_id=agent_id, details=details)
                )
                gateway_id = await rows.move(tx, agent_id, site)
                row = await find_agent(tx, agent_id)
                tx.after_commit(self._post.moved, gateway_id, agent_id, site["client_id"])
                tx.after_commit(self._post.to_dashboards, caller.tenant_id, [live_row(row)])
        return await self.get(caller, agent_id)


async def find_agent(tx: Transaction, agent_id: UUID) -> Row:
    """Returns a machine's row. Raises `AgentNotFound` where the transaction's scope does not see it."""
    row = await rows.find(tx, agent_id)
    if row is None:
        raise AgentNotFound
    return row
