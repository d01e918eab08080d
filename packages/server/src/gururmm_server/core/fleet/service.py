"""Machines, for whoever may see them; others are not found."""

from typing import Self
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.agents.errors import AgentNotFound
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.fleet import _machine_repository as machines
from gururmm_server.core.fleet import _repository as fleet_rows
from gururmm_server.core.fleet._machine_repository import MachineRow
from gururmm_server.core.fleet._repository import ReachRow
from gururmm_server.core.fleet.errors import SiteNotFound
from gururmm_server.core.fleet.filter import FleetFilter
from gururmm_server.core.fleet.rows import agent_detail, agent_row, live_row
from gururmm_server.core.fleet.schemas import AgentDetail, AgentRow, SearchFieldRow, SearchFields, SettingsState
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence import state
from gururmm_server.core.search.fields import Asked, Fields, SearchField
from gururmm_server.core.settings.orders import newest, settle_machine
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.paging import PageQuery, Slice

SORTS = fleet_rows.SORTS


class AgentService:
    """Reads machines and moves them. Removing one is `removal`'s."""

    def __init__(
        self, db: Database, post: Post, fields: Fields | None = None, *, signer: OrderSigner | None = None
    ) -> None:
        """`fields`: by what machines can be searched, beside what they are known by.

        Without a signer a machine that moves hears its new Site's settings from the worker, within half a minute.
        """
        self._db = db
        self._post = post
        self._fields = fields or Fields(())
        self._signer = signer

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Post), house.declared.search_fields, signer=house.get(OrderSigner))

    def search_fields(self) -> SearchFields:
        """Returns what a query may ask for."""
        return SearchFields(items=[_described(field) for field in self._fields.all()])

    async def page(self, caller: Scope, fleet: FleetFilter, query: PageQuery) -> Slice[AgentRow]:
        """Returns a page of the fleet. Raises `QueryError`."""
        asked = self._asked(fleet)
        async with self._db.scope(caller) as tx:
            found = await fleet_rows.page(tx, fleet, asked, query)
        return found.each(agent_row)

    async def targets(self, tx: Transaction, fleet: FleetFilter, limit: int) -> list[UUID]:
        """Returns the ids of the machines that a filter means, up to `limit`, inside the caller's transaction.

        Raises `QueryError`.
        """
        return await fleet_rows.targets(tx, fleet, self._asked(fleet), limit)

    async def reach(self, caller: Scope, wanted: FleetFilter | list[UUID]) -> list[ReachRow]:
        """Returns how many machines a filter or these ids mean, by family of systems. Raises `QueryError`."""
        asked = self._asked(wanted) if isinstance(wanted, FleetFilter) else Asked()
        async with self._db.scope(caller) as tx:
            return await fleet_rows.reach(tx, wanted, asked)

    async def gateway(self, caller: Scope, agent_id: UUID) -> str | None:
        """Returns the gateway that holds a machine, if one does. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await find_machine(tx, agent_id)
        return row.gateway_id if row.online else None

    async def get(self, caller: Scope, agent_id: UUID) -> AgentDetail:
        """Returns a machine with its inventory and its newest readings. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await find_machine(tx, agent_id)
            sections = await machines.inventory(tx, agent_id)
            former = await machines.former(tx, agent_id)
            doubles = await state.of_machine(tx, agent_id)
            running = await machines.running_settings(tx, agent_id)
            settings = SettingsState(version=running, newest=await newest(tx, agent_id))
        return agent_detail(row, sections, former, doubles, settings)

    async def move(self, caller: Scope, agent_id: UUID, site_id: UUID | None) -> AgentDetail:
        """Puts a machine under another Site: from now on only that Site's Client hears of it.

        Raises `AgentNotFound` and `SiteNotFound`.
        """
        if site_id is not None:
            async with self._db.scope(caller) as tx:
                row = await find_machine(tx, agent_id)
                place = await machines.place(tx, site_id)
                if place is None:
                    raise SiteNotFound
                details = {"hostname": row.hostname, "from": row.site_name, "to": place.site_name}
                await append(
                    tx, "audit_log", AuditRow("agent.moved", caller.subject, agent_id=agent_id, details=details)
                )
                await record.move(tx, agent_id, place)
                if self._signer is not None and await settle_machine(tx, self._signer, agent_id):
                    tx.after_commit(self._post.settings_changed, caller.tenant_id)
                gateway_id = await machines.gateway_of(tx, agent_id)
                row = await find_machine(tx, agent_id)
                tx.after_commit(self._post.moved, gateway_id, agent_id, place.client_id)
                tx.after_commit(self._post.to_dashboards, caller.tenant_id, [live_row(row)])
        return await self.get(caller, agent_id)

    def _asked(self, fleet: FleetFilter) -> Asked:
        return self._fields.asked(fleet.q, fleet_rows.free_text)


def _described(field: SearchField) -> SearchFieldRow:
    return SearchFieldRow(
        name=field.name,
        aliases=list(field.aliases),
        kind=field.kind.name,
        sentence=field.sentence,
        operators=[each for each in field.kind.operators if each],
        units=list(field.kind.units),
        values=list(field.kind.values()),
        examples=list(field.examples),
    )


async def find_machine(tx: Transaction, agent_id: UUID) -> MachineRow:
    """Returns a machine with its state. Raises `AgentNotFound` where the transaction's scope does not see it."""
    row = await machines.find(tx, agent_id)
    if row is None:
        raise AgentNotFound
    return row
