"""What a machine holds and what changed, for whoever may see it."""

from typing import Self
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.component import House
from gururmm_server.core.inventory import _repository as rows
from gururmm_server.core.inventory._repository import ChangeRow
from gururmm_server.core.inventory.schemas import Change, Software
from gururmm_server.infra.database import Database
from gururmm_server.infra.paging import PageQuery, Slice

SOFTWARE_SORTS = rows.SOFTWARE_SORTS
CHANGE_SORTS = rows.CHANGE_SORTS


class Inventory:
    """Reads sections and their history."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db)

    async def software(self, caller: Scope, agent_id: UUID, query: PageQuery) -> Slice[Software]:
        """Returns a page of what is installed on a machine. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            await record.find(tx, agent_id)
            found = await rows.software(tx, agent_id, query)
        return found.each(lambda row: Software(name=row.name, version=row.version, source=row.source))

    async def changes(self, caller: Scope, agent_id: UUID, section: str | None, query: PageQuery) -> Slice[Change]:
        """Returns a page of what changed in a machine's inventory. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            await record.find(tx, agent_id)
            found = await rows.changes(tx, agent_id, section, query)
        return found.each(_change)


def _change(row: ChangeRow) -> Change:
    return Change(
        id=row.change_id,
        at=row.at,
        section=row.section,
        key=row.key,
        change=row.change,
        before=row.before,
        after=row.after,
    )
