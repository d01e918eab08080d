"""A machine that was installed anew and is a second row now: it goes on as the one that it was, or both stay."""

from typing import Self
from uuid import UUID

from gururmm_wire.v2.server import ChangeIdentity

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.agents.errors import AgentNotFound
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.fleet import _machine_repository as machines
from gururmm_server.core.fleet.errors import NotTheSame
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.settings.orders import settle_machine
from gururmm_server.infra.database import Database


class FormerMachines:
    """Decides for people. A site code and a machine-id are no proof, so no machine decides that for itself."""

    def __init__(self, db: Database, removal: AgentRemoval, signer: OrderSigner | None = None) -> None:
        """Without a signer the agent hears its settings as the former machine once they are signed the next time."""
        self._db = db
        self._removal = removal
        self._signer = signer

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(AgentRemoval), house.get(OrderSigner))

    async def keep_both(self, caller: Scope, agent_id: UUID) -> None:
        """Ask no more. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            machine = await record.find(tx, agent_id)
            details = {"hostname": machine.hostname}
            await append(
                tx, "audit_log", AuditRow("agent.kept_apart", caller.subject, agent_id=agent_id, details=details)
            )
            await record.keep_apart(tx, agent_id)

    async def go_on_as(self, caller: Scope, agent_id: UUID, former_id: UUID) -> None:
        """Let the former machine's record have this one's key, and remove this one's.

        Raises `NotTheSame`, `AgentNotFound`. The agent hears by a signed order who it is, now or when it comes back.
        """
        async with self._db.scope(caller) as tx:
            machine = await record.find(tx, agent_id)
            if former_id not in {each.agent_id for each in await machines.former(tx, agent_id)}:
                raise NotTheSame
            former, key = await record.hold(tx, former_id), await record.key_of(tx, agent_id)
            if former is None or key is None:
                raise AgentNotFound
            details = {"hostname": former.hostname, "came_back_as": machine.hostname, "instead_of": agent_id}
            await append(
                tx, "audit_log", AuditRow("agent.revived", caller.subject, agent_id=former_id, details=details)
            )
            order = self._removal.last_order(agent_id, ChangeIdentity(agent_id=former_id.bytes))
            await self._removal.take_away(tx, caller, agent_id, order)
            await record.give_key(tx, former_id, key)
            if self._signer is not None:
                await settle_machine(tx, self._signer, former_id, anew=True)
