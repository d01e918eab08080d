"""Queueing, showing, cancelling and clearing commands, for people who may."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import msgspec
from gururmm_wire.v2.server import RunCommand

from gururmm_server.core.access.freshness import check_fresh
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.commands import _repository as rows
from gururmm_server.core.commands import shapes
from gururmm_server.core.commands._repository import DetailRow, HeldRow, MadeRow
from gururmm_server.core.commands.cancelling import cancellation
from gururmm_server.core.commands.errors import (
    AlreadyFinished,
    CommandNotFound,
    NoTargets,
    TargetNotFound,
    TooManyTargets,
)
from gururmm_server.core.commands.filter import CommandFilter
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.core.commands.schemas import Command, CommandDetail, FailedRun, RunPreview, RunSums, Status
from gururmm_server.core.commands.shapes import Script
from gururmm_server.core.component import House
from gururmm_server.core.fleet.filter import FleetFilter
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.orders.signing import OrderSigner, Wanted
from gururmm_server.core.post.hub import LiveHub
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.service import Post
from gururmm_server.core.quotas.resources import COMMANDS
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.infra import outbox
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.paging import PageQuery, Slice

SORTS = rows.SORTS
FINAL = frozenset(rows.FINAL)
ACTIVE = ("queued", "delivered", "running")
MOST_TARGETS = 5000
MASS_MACHINES = 25
"""A run on more machines than these takes a factor that was proved lately: a stolen sign-in ends no fleet."""
_ROW_BYTES = 1024
"""What a command takes beside its script and its order: its row, the audit's, and an event."""
_BATCH_BYTES = 64 * 1024 * 1024
_DIRECT_BYTES = 8 * 1024 * 1024
"""What is sent to gateways straight after the commit; beyond that their sweeps fetch the rest at their own pace."""
RECHECK_SECONDS = 0.5


class CommandService:
    """One transaction an act: no audit row, no action."""

    def __init__(
        self,
        db: Database,
        post: Post,
        signer: OrderSigner,
        agents: AgentService,
        hub: LiveHub,
        *,
        quotas: Quotas | None = None,
        recheck_s: float = RECHECK_SECONDS,
    ) -> None:
        """`recheck_s`: live traffic may be lost, so whoever waits for a command looks at its row this often.

        Without `quotas`, they are those that hold where no disk is known.
        """
        self._recheck_s = recheck_s
        self._db = db
        self._post = post
        self._signer = signer
        self._agents = agents
        self._hub = hub
        self._quotas = quotas or Quotas(db)

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(
            house.db,
            house.get(Post),
            house.get(OrderSigner),
            house.get(AgentService),
            house.get(LiveHub),
            quotas=house.get(Quotas),
        )

    async def create(
        self, caller: Scope, script: Script, agent_ids: list[UUID] | None, fleet: FleetFilter | None
    ) -> list[Command]:
        """Queues a script for the given machines, or for those that a filter means, and returns its commands.

        Raises `TargetNotFound`, `NoTargets`, `TooManyTargets`, `QuotaUsedUp`, and `StepUpRequired` for more than
        `MASS_MACHINES`.
        """
        deadline = now() + timedelta(seconds=script.deadline_s)
        async with self._db.scope(caller) as tx:
            if agent_ids is None:
                agent_ids = await self._agents.targets(tx, fleet or FleetFilter(), MOST_TARGETS + 1)
            wanted = list(dict.fromkeys(agent_ids))
            _check_size(wanted, script)
            if len(wanted) > MASS_MACHINES:
                check_fresh(caller.subject)
            batch_id = new_id()
            signed = await self._sign(script, wanted, deadline)
            targets = _sharing(script, signed) if len(signed) > 1 else [_alone(*signed[0])]
            await self._quotas.spend(tx, COMMANDS, await _bytes_written(tx, script, targets))
            made = await rows.create(
                tx,
                targets,
                batch_id=batch_id,
                shell=script.shell,
                script=script.script,
                timeout_s=script.timeout_s,
                deadline_at=deadline,
                created_by=caller.subject.name,
                created_by_id=caller.subject.id,
            )
            if len(made) != len(wanted):
                raise TargetNotFound
            self._announce(tx, caller.tenant_id, made, {command_id: order for _, command_id, order in signed})
        return [shapes.new_command(row, script, batch_id, deadline, caller.subject.name) for row in made]

    async def preview(self, caller: Scope, agent_ids: list[UUID] | None, fleet: FleetFilter | None) -> RunPreview:
        """Returns what a run on these machines would touch. Raises `TargetNotFound`."""
        found = await self._agents.reach(caller, agent_ids if agent_ids is not None else fleet or FleetFilter())
        machines = sum(row.machines for row in found)
        if agent_ids is not None and machines != len(set(agent_ids)):
            raise TargetNotFound
        return RunPreview(
            machines=machines,
            online=sum(row.online for row in found),
            clients=len({client for row in found for client in row.clients}),
            signed_in=sum(row.signed_in for row in found),
            by_os={row.os_family: row.machines for row in found},
        )

    async def get(self, caller: Scope, command_id: UUID, wait_s: float = 0) -> CommandDetail:
        """Returns a command with its output, with `wait_s` once it is over or that time has passed.

        Raises `CommandNotFound`.
        """
        if wait_s <= 0:
            return shapes.detail(await self._read(caller, command_id))
        changed = asyncio.Event()

        def notice(batch: LiveBatch | None) -> None:
            if batch is None or any(
                update.command_id == command_id.bytes and update.status in FINAL for update in batch.of(CommandUpdate)
            ):
                changed.set()

        give_up = asyncio.get_running_loop().time() + wait_s
        async with self._hub.listening(caller.tenant_id, notice):
            while True:
                row = await self._read(caller, command_id)
                left = give_up - asyncio.get_running_loop().time()
                if row.status in FINAL or left <= 0:
                    return shapes.detail(row)
                try:
                    await asyncio.wait_for(changed.wait(), min(left, self._recheck_s))
                except TimeoutError:
                    continue
                changed.clear()

    async def page(self, caller: Scope, wanted: CommandFilter, query: PageQuery) -> Slice[Command]:
        """Returns a page of commands."""
        async with self._db.scope(caller) as tx:
            found = await rows.page(tx, wanted, query)
        return found.each(shapes.listed)

    async def sums(self, caller: Scope, batch_id: UUID) -> RunSums:
        """Returns how the commands of a run are."""
        async with self._db.scope(caller) as tx:
            found = await rows.batch_sums(tx, batch_id)
        by_status: Counter[Status] = Counter()
        for status, _, commands in found:
            by_status[status] += commands
        away = (commands for status, online, commands in found if status == "queued" and not online)
        return RunSums(total=by_status.total(), by_status=dict(by_status), offline=sum(away))

    async def failed_runs(self, caller: Scope) -> list[FailedRun]:
        """Returns the runs of which something failed within a day, the newest first."""
        async with self._db.scope(caller) as tx:
            found = await rows.failed_runs(tx)
        return [FailedRun(**msgspec.structs.asdict(row)) for row in found]

    async def cancel(self, caller: Scope, command_id: UUID) -> tuple[Command, bool]:
        """Stops a command. Returns it as it is now, and whether it is over (else the machine is being told).

        Raises `CommandNotFound` and `AlreadyFinished`.
        """
        async with self._db.scope(caller) as tx:
            row = await _locked(tx, command_id)
            if row.status in FINAL:
                raise AlreadyFinished
            await append(tx, "tunnel_audit", shapes.audit_row("command.cancelled", caller.subject, row))
            settled = row.status == "queued" and row.sent_at is None
            if settled:
                await rows.cancel_at_once(tx, command_id)
                await outbox.publish(tx, caller.tenant_id, shapes.cancelled(row))
            else:
                signed_cancel = self._signer.sign(cancellation(row))
                await rows.request_cancel(tx, command_id, signed_cancel)
            after = await rows.find(tx, command_id)
            assert after is not None
            if not settled:
                self._send(tx, row, signed_cancel)
            tx.after_commit(self._post.to_dashboards, caller.tenant_id, [shapes.update(after)])
        return shapes.command(after), settled

    async def delete(self, caller: Scope, command_id: UUID) -> None:
        """Removes a command and its output; one that a machine has is stopped first. Raises `CommandNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await _locked(tx, command_id)
            await append(tx, "tunnel_audit", shapes.audit_row("command.deleted", caller.subject, row))
            await rows.delete(tx, command_id)
            if row.status not in FINAL:
                self._send(tx, row, self._signer.sign(cancellation(row)))

    async def clear(self, caller: Scope, agent_id: UUID | None) -> int:
        """Removes the commands that are over, of all machines or of one. Returns how many. Raises `TargetNotFound`."""
        async with self._db.scope(caller) as tx:
            if agent_id is not None and not await rows.machine_exists(tx, agent_id):
                raise TargetNotFound("There is no such machine here.")
            deleted = await rows.clear(tx, agent_id)
            details = {"deleted": deleted}
            await append(
                tx, "tunnel_audit", AuditRow("commands.cleared", caller.subject, agent_id=agent_id, details=details)
            )
        return deleted

    async def _read(self, caller: Scope, command_id: UUID) -> DetailRow:
        async with self._db.scope(caller) as tx:
            row = await rows.find(tx, command_id)
        if row is None:
            raise CommandNotFound
        return row

    async def _sign(self, script: Script, agent_ids: list[UUID], deadline: datetime) -> list[tuple[UUID, UUID, bytes]]:
        """Returns (agent, new command id, signed order) for each."""
        ids = [(agent_id, new_id()) for agent_id in agent_ids]
        wanted = [
            Wanted(
                RunCommand(command_id.bytes, script.shell, script.script, script.timeout_s),
                agent_id,
                command_id,
                deadline,
            )
            for agent_id, command_id in ids
        ]
        orders = await self._signer.sign_all(wanted)
        return [(*each, order) for each, order in zip(ids, orders, strict=True)]

    def _announce(self, tx: Transaction, tenant_id: UUID, made: list[MadeRow], orders: dict[UUID, bytes]) -> None:
        """Sends new commands, after the commit, to the machines that are online, and shows them to the dashboards."""
        budget = _DIRECT_BYTES
        for row in made:
            order = orders[row.command_id]
            budget -= len(order)
            if budget > 0:
                self._send(tx, row, order)
        tx.ring_relay()  # the events are in the repository's one statement
        tx.after_commit(self._post.to_dashboards, tenant_id, [shapes.queued(row) for row in made])

    def _send(self, tx: Transaction, row: HeldRow | MadeRow, order: bytes) -> None:
        """Sends an order, after the commit, to a machine that a gateway holds; another gets it when it returns."""
        tx.after_commit(self._post.carry, row.gateway_id, row.agent_id, order)


def _alone(agent_id: UUID, command_id: UUID, order: bytes) -> rows.Target:
    return rows.Target(agent_id, command_id, new_id(), order)


def _sharing(script: Script, signed: list[tuple[UUID, UUID, bytes]]) -> list[rows.Target]:
    """Returns what is kept of several that run one script: each order with the script cut out of it.

    Put back it is byte for byte what was signed, wherever in it the script stood. In nearly all of them that is the
    same place, which spares a thousand searches through a long script while everybody else waits.
    """
    text, at, targets = script.script.encode(), 0, []
    for agent_id, command_id, order in signed:
        if not order.startswith(text, at):
            at = order.index(text)
        targets.append(rows.Target(agent_id, command_id, new_id(), order[:at] + order[at + len(text) :], at))
    return targets


async def _bytes_written(tx: Transaction, script: Script, targets: list[rows.Target]) -> int:
    """Returns about what these commands take: the script for all of them, and once more for each Client's audit."""
    copies = 2 if len(targets) == 1 else 1 + await rows.clients_of(tx, [target.agent_id for target in targets])
    kept = sum(len(target.signed_order) + _ROW_BYTES for target in targets)
    return kept + copies * len(script.script.encode())


def _check_size(wanted: list[UUID], script: Script) -> None:
    if not wanted:
        raise NoTargets
    if len(wanted) > MOST_TARGETS or len(wanted) * len(script.script) > _BATCH_BYTES:
        raise TooManyTargets


async def _locked(tx: Transaction, command_id: UUID) -> HeldRow:
    row = await rows.lock(tx, command_id)
    if row is None:
        raise CommandNotFound
    return row
