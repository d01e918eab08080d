"""Removing a machine: what goes on there ends with it, and its key is worth nothing from then on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import ChangeIdentity, Uninstall

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.agents.errors import AgentNotFound
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import Ending, House
from gururmm_server.core.fleet import _machine_repository as machines
from gururmm_server.core.orders.signing import OrderSigner, Wanted
from gururmm_server.core.post import traffic
from gururmm_server.core.post.service import Post
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus


class AgentRemoval:
    """Removes machines. The components that act on machines are given, as they depend on this one."""

    def __init__(self, db: Database, bus: Bus, endings: Sequence[Ending], signer: OrderSigner) -> None:
        self._db = db
        self._bus = bus
        self._post = Post(bus.publish)
        self._endings = endings
        self._signer = signer

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the service that ends whatever any component has going on at a machine."""
        return cls(house.db, house.bus, house.endings(), house.get(OrderSigner))

    async def remove(self, caller: Scope, agent_id: UUID, *, uninstall: bool = False) -> None:
        """End what goes on at a machine, then remove it; its socket closes. Raises `AgentNotFound`.

        With `uninstall` its agent takes itself away as soon as it hears of it, however late that is.
        """
        async with self._db.scope(caller) as tx:
            machine = await record.find(tx, agent_id)
            details = {"hostname": machine.hostname, "client": machine.client_name, "site": machine.site_name}
            details |= {"uninstall": "yes"} if uninstall else {}
            await append(tx, "audit_log", AuditRow("agent.deleted", caller.subject, agent_id=agent_id, details=details))
            message = Uninstall(f"removed by {caller.subject.name}"[:2048])
            await self.take_away(tx, caller, agent_id, self.last_order(agent_id, message) if uninstall else None)

    def last_order(self, agent_id: UUID, message: Uninstall | ChangeIdentity) -> bytes:
        """Returns the order that a machine hears at its removal, or when it comes back: it has no last moment."""
        return self._signer.sign(Wanted(message, agent_id, new_id(), datetime.fromtimestamp(0, UTC)))

    async def take_away(self, tx: Transaction, caller: Scope, agent_id: UUID, last_order: bytes | None) -> None:
        """Remove a machine as `remove` does, inside the caller's transaction, which has its audit row."""
        if not await record.revoke(tx, agent_id):
            raise AgentNotFound  # somebody else was quicker
        ended = [await end(tx, agent_id, caller.subject) for end in self._endings]
        gateway_id = await machines.gateway_of(tx, agent_id)
        await record.delete(tx, agent_id, last_order)
        # The gateway follows its orders one after the other: the machine hears everything before it is cut off.
        last = [message for each in ended for message in each.to_machine]
        last += [last_order] if last_order is not None else []
        tx.after_commit(self._post.carry, gateway_id, agent_id, *last)
        tx.after_commit(self._post.cut_off, gateway_id, agent_id, Close.REVOKED)
        tx.after_commit(self._bus.publish, traffic.agent_removed(agent_id), agent_id.bytes)
        shown = [item for each in ended for item in each.to_dashboards]
        tx.after_commit(self._post.to_dashboards, caller.tenant_id, shown)
        for subject, payload in [told for each in ended for told in each.to_others]:
            tx.after_commit(self._bus.publish, subject, payload)
