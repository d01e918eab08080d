"""What a machine holds and what changed, for whoever may see it."""

from typing import Any, Self
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.component import House
from gururmm_server.core.inventory import _repository as rows
from gururmm_server.infra.database import Database
from gururmm_server.infra.paging import PageQuery

SOFTWARE_SORTS = rows.SOFTWARE_SORTS
CHANGE_SORTS = rows.CHANGE_SORTS
JsonPage = dict[str, Any]


class Inventory:
    """Reads sections and their history."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db)

    async def software(self, caller: Scope, agent_id: UUID, query: PageQuery) -> JsonPage:
        """A page of what is installed. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            await record.find(tx, agent_id)
            found, total = await rows.software(tx, agent_id, query)
        page, cursor = query.cut(found)
        items = [{"name": row["name"], "version": row["version"], "source": row["source"]} for row in page]
        return {"items": items, "next_cursor": cursor, "total": total}

    async def changes(self, caller: Scope, agent_id: UUID, section: str | None, query: PageQuery) -> JsonPage:
        """A page of what changed in the inventory. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            await record.find(tx, agent_id)
            found, total = await rows.changes(tx, agent_id, section, query)
        page, cursor = query.cut(found)
        names = ("at", "section", "key", "change", "before", "after")
        items = [{"id": row["change_id"], **{name: row[name] for name in names}} for row in page]
        return {"items": items, "next_cursor": cursor, "total": total}
