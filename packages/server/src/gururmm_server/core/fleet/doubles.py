"""A machine whose key several machines prove: which of them it is, people decide."""

from typing import Self
from uuid import UUID

from gururmm_wire.v2.server import ChangeIdentity

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.fleet.errors import DoubleNotFound
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.presence import state
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tenancy.schemas import NewCode
from gururmm_server.infra.database import Database

_DAYS_TO_COME = 7


class DoubleMachines:
    """Decides for people."""

    def __init__(self, db: Database, codes: SiteCodes, removal: AgentRemoval) -> None:
        self._db = db
        self._codes = codes
        self._removal = removal

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(SiteCodes), house.get(AgentRemoval))

    async def give_own_key(self, caller: Scope, agent_id: UUID, instance: bytes) -> None:
        """Let one of them make a key of its own when it is there next, and be a machine of its own at the same Site.

        Raises `AgentNotFound`, `DoubleNotFound`.
        """
        async with self._db.scope(caller) as tx:
            machine = await record.find(tx, agent_id)
            found = [each for each in await state.of_machine(tx, agent_id) if each.instance == instance]
        if not found:
            raise DoubleNotFound
        code = await self._codes.create(caller, machine.site_id, NewCode(expires_in_h=24 * _DAYS_TO_COME, max_uses=1))
        signed = self._removal.last_order(agent_id, ChangeIdentity(site_code=code.code, instance=instance))
        async with self._db.scope(caller) as tx:
            details = {"hostname": machine.hostname, "copy": found[0].hostname, "address": found[0].address}
            await append(
                tx, "audit_log", AuditRow("agent.own_key_ordered", caller.subject, agent_id=agent_id, details=details)
            )
            if not await state.order(tx, agent_id, instance, signed):
                raise DoubleNotFound

    async def call_it_one(self, caller: Scope, agent_id: UUID) -> None:
        """Let the machine in again, whichever comes: there is only one by now. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            machine = await record.find(tx, agent_id)
            details = {"hostname": machine.hostname, "were": " and ".join(await state.names(tx, agent_id))}
            await append(
                tx, "audit_log", AuditRow("agent.called_one", caller.subject, agent_id=agent_id, details=details)
            )
            await state.settle(tx, agent_id)
            await record.forget_machine_id(tx, agent_id)
