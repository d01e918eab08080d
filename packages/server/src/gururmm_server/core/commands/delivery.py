"""Commands on their way to an agent, and what the agent says about them on its way back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

import msgspec
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult, OrderRefused
from gururmm_wire.v2.limits import CHUNK_BYTES, COMMAND_OUTPUT_BYTES
from gururmm_wire.v2.names import OUTCOMES, UNKNOWN_KIND

from gururmm_server.core.commands import _delivery_repository as repository
from gururmm_server.core.commands._delivery_repository import Ending, Machine, Progress
from gururmm_server.core.commands.events import CommandCompleted
from gururmm_server.core.commands.live import CommandUpdate, OutputPiece
from gururmm_server.core.component import House
from gururmm_server.core.quotas.resources import KEPT_DAYS, OUTPUT
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.lane import Lane
from gururmm_server.infra.outbox import publish_many

AT_ONCE: Final = 32
"""How many commands an agent gets before it accepted the first: what it does not read must not pile up. It runs eight
side by side, and the others keep it busy while its next ones are fetched."""
AT_ONCE_BYTES: Final = 1024 * 1024
"""What those may weigh together; a single one may weigh what it will."""
HIGHEST_SEQ: Final = COMMAND_OUTPUT_BYTES
_ENDS: Final = frozenset({"no_key", "unknown_key", "malformed", UNKNOWN_KIND, "too_far_ahead", "behind", "repeated"})
"""Why an order can never be followed, also when it comes again."""
_REMEMBERED: Final = 20_000
_PIECE_BYTES: Final = 100
"""What a piece of output takes in the database beside its bytes."""
_NOT_KEPT: Final = f"Output of it is not kept: your Partner has stored as much as it may today, or in {KEPT_DAYS} days."
# What was under way when the agent reached its own limit still counts.
_OUTPUT_LIMIT: Final = COMMAND_OUTPUT_BYTES + CHUNK_BYTES


@dataclass(frozen=True, slots=True)
class Report:
    """Something an agent said about a command, and who that agent is."""

    tenant_id: UUID
    agent_id: UUID
    client_id: UUID
    hostname: str
    message: CommandAccepted | CommandOutput | CommandResult

    @property
    def machine(self) -> Machine:
        """Returns whose word it is, as the database knows machines."""
        return self.tenant_id, self.agent_id

    @property
    def weight(self) -> int:
        """Returns about how many bytes the report takes in memory."""
        return len(self.message.data) + 200 if isinstance(self.message, CommandOutput) else 400


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that an agent did not follow, and who that agent is."""

    tenant_id: UUID
    agent_id: UUID
    client_id: UUID
    hostname: str
    message: OrderRefused


SaidBy = Report | Refused


@dataclass(frozen=True, slots=True)
class Delivery:
    """An encoded message for an agent."""

    agent_id: bytes
    message: bytes


@dataclass(slots=True)
class Live:
    """What the dashboards of one tenant are told."""

    updates: list[CommandUpdate] = field(default_factory=list)
    output: list[OutputPiece] = field(default_factory=list)


@dataclass(slots=True)
class ReportsRecorded:
    """What a batch of reports came to, once it is committed."""

    acknowledged: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(agent, command) whose result and output are held, or that nobody wants any more: the agent may forget them."""
    live: dict[UUID, Live] = field(default_factory=dict)


@dataclass(slots=True)
class _Facts:
    machine: Machine
    held: int
    left_out: int = 0
    """Of its output, because its Partner has used up what it may store."""


class CommandDelivery:
    """The gateway's side of commands. Everything raises `Unavailable` or `StorageFull` with nothing written."""

    def __init__(self, db: Database, quotas: Quotas | None = None) -> None:
        """Without `quotas`, they are those that hold where no disk is known."""
        self._db = db
        self._quotas = quotas or Quotas(db)
        self._lane = Lane(db, None)
        self._facts: dict[bytes, _Facts] = {}

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's service."""
        delivery = cls(house.db, house.get(Quotas))
        house.at_end(delivery.close)
        return delivery

    async def close(self) -> None:
        """Disconnects what is its own."""
        await self._lane.close()

    async def take(
        self, agents: dict[bytes, tuple[UUID, UUID]], *, again: bool
    ) -> tuple[list[Delivery], dict[UUID, Live]]:
        """Returns what those agents (id to tenant and Client) should run now; `again`: also what was just sent."""
        machines = [(tenant_id, UUID(bytes=agent_id)) for agent_id, (tenant_id, _) in agents.items()]
        async with self._db.ingest() as tx:
            rows = await repository.take(tx, machines, limit=AT_ONCE, limit_bytes=AT_ONCE_BYTES, again=again)
        deliveries: list[Delivery] = []
        live: dict[UUID, Live] = {}
        for row in rows:
            agent_id = row.agent_id.bytes
            deliveries.append(Delivery(agent_id, row.signed_order))
            live.setdefault(row.tenant_id, Live()).updates.append(
                CommandUpdate(
                    command_id=row.command_id.bytes,
                    agent_id=agent_id,
                    client_id=agents[agent_id][1].bytes,
                    status="delivered",
                )
            )
        return deliveries, live

    async def overdue(self, gateway_id: str, *, at_once: bool = False) -> tuple[list[bytes], list[Delivery]]:
        """Returns the gateway's agents for whom something waits, and cancellations to say again.

        `at_once`: also what was sent a moment ago, since that may be lost.
        """
        async with self._db.ingest() as tx:
            agents = await repository.waiting_agents(tx, gateway_id, at_once=at_once)
            cancelled = await repository.cancelled(tx, gateway_id, at_once=at_once)
        return [agent_id.bytes for agent_id in agents], [
            Delivery(row.agent_id.bytes, row.signed_cancel) for row in cancelled
        ]

    async def refused(self, reports: list[Refused]) -> ReportsRecorded:
        """End the commands whose orders an agent can never follow, and say why.

        What was forged on the way ends nothing: the order itself comes again.
        """
        recorded = ReportsRecorded()
        ends = {
            (UUID(bytes=report.message.order_id), report.tenant_id, report.agent_id): report
            for report in reports
            if report.message.kind == "run_command" and report.message.code in _ENDS
        }
        if not ends:
            return recorded
        async with self._db.ingest() as tx:
            rows = await repository.refused(tx, [(*key, _why(report.message)) for key, report in ends.items()])
            said_by = {report.agent_id.bytes: report for report in ends.values()}
            for row in rows:
                _tell(recorded, row, said_by)
            await publish_many(tx, [_completed(row, said_by) for row in rows])
        return recorded

    async def record(self, reports: list[Report]) -> ReportsRecorded:
        """Write what agents reported, in order. What belongs to another agent's command is not written."""
        recorded = ReportsRecorded()
        said_by = {report.agent_id.bytes: report for report in reports}
        results: dict[tuple[bytes, Machine], CommandResult] = {}
        accepted: set[tuple[bytes, Machine]] = set()
        for report in reports:
            if isinstance(report.message, CommandResult):
                results[report.message.command_id, report.machine] = report.message
            elif isinstance(report.message, CommandAccepted):
                accepted.add((report.message.command_id, report.machine))
        # Results alone, of quick commands that said nothing, are one statement: they take the lane.
        alone = not accepted - results.keys() and not any(map(_has_output, reports))
        try:
            async with self._lane.statement() if alone else self._db.ingest() as tx:
                await self._learn(tx, reports)
                if begun := accepted - results.keys():
                    for row in await repository.accept(tx, [(UUID(bytes=key[0]), key[1]) for key in begun]):
                        _tell(recorded, row, said_by)
                await self._record_output(tx, [report for report in reports if self._owns(report)], said_by, recorded)
                if results:
                    await self._record_results(tx, results, said_by, recorded)
        except BaseException:
            self._facts.clear()  # what was held is not known any more
            raise
        for _, command_id in recorded.acknowledged:
            self._facts.pop(command_id, None)
        return recorded

    async def _learn(self, tx: Transaction, reports: list[Report]) -> None:
        """Look up the commands that have output. Those without, the quick ones, do without this query."""
        wanted = {report.message.command_id for report in reports if _has_output(report)}
        if len(self._facts) > _REMEMBERED:
            self._facts.clear()
        unknown = wanted - self._facts.keys()
        if unknown:
            for row in await repository.facts(tx, [UUID(bytes=command_id) for command_id in unknown]):
                self._facts[row.command_id.bytes] = _Facts((row.tenant_id, row.agent_id), row.held)

    def _owns(self, report: Report) -> bool:
        facts = self._facts.get(report.message.command_id)
        return facts is not None and facts.machine == report.machine

    async def _record_output(
        self, tx: Transaction, reports: list[Report], said_by: dict[bytes, Report], recorded: ReportsRecorded
    ) -> None:
        pieces: dict[tuple[bytes, int], CommandOutput] = {}
        for report in reports:
            message = report.message
            if not isinstance(message, CommandOutput) or not message.data or message.seq > HIGHEST_SEQ:
                continue
            facts = self._facts[message.command_id]
            if facts.held + len(message.data) <= _OUTPUT_LIMIT and (message.command_id, message.seq) not in pieces:
                facts.held += len(message.data)
                pieces[message.command_id, message.seq] = message
        pieces = await self._affordable(tx, pieces)
        if not pieces:
            return
        new = await repository.insert_output(
            tx,
            [
                (UUID(bytes=p.command_id), *self._facts[p.command_id].machine, p.seq, p.stream, p.data, p.skipped)
                for p in pieces.values()
            ],
        )
        for key, piece in pieces.items():
            facts = self._facts[piece.command_id]
            if key in new:
                tenant_id, agent_id = facts.machine
                client_id = said_by[agent_id.bytes].client_id.bytes
                recorded.live.setdefault(tenant_id, Live()).output.append(
                    OutputPiece(piece.command_id, client_id, piece.seq, piece.stream, piece.data, piece.skipped)
                )
            else:
                facts.held -= len(piece.data)

    async def _affordable(
        self, tx: Transaction, pieces: dict[tuple[bytes, int], CommandOutput]
    ) -> dict[tuple[bytes, int], CommandOutput]:
        """Counts what is new of these pieces, and returns them without those that their Partner may not store."""
        new = await repository.new_output(tx, [(UUID(bytes=command_id), seq) for command_id, seq in pieces])
        amounts: Counter[UUID] = Counter()
        for key in new:
            amounts[self._facts[key[0]].machine[0]] += len(pieces[key].data) + _PIECE_BYTES
        if not amounts:
            return pieces
        allowed = await self._quotas.allow_each(tx, OUTPUT, amounts)
        for key in new:
            facts, size = self._facts[key[0]], len(pieces[key].data)
            if facts.machine[0] not in allowed:
                facts.held -= size
                facts.left_out += size
                del pieces[key]
        return pieces

    async def _record_results(
        self,
        tx: Transaction,
        results: dict[tuple[bytes, Machine], CommandResult],
        said_by: dict[bytes, Report],
        recorded: ReportsRecorded,
    ) -> None:
        rows = await repository.finish(
            tx, [_ending(machine, self._with_left_out(result), said_by) for (_, machine), result in results.items()]
        )
        for row in rows:
            _tell(recorded, row, said_by)
        with_output = [UUID(bytes=result.command_id) for result in results.values() if result.chunks]
        held = await repository.chunks_held(tx, with_output) if with_output else {}
        for (command_id, machine), result in results.items():
            if self._complete(machine, result, held.get(command_id, 0)):
                recorded.acknowledged.append((machine[1].bytes, command_id))

    def _complete(self, machine: Machine, result: CommandResult, held: int) -> bool:
        """Tells whether the agent may forget: all is held, or the rest never will be, or it is not this agent's."""
        if held >= result.chunks:
            return True
        facts = self._facts.get(result.command_id)
        if facts is None or facts.machine != machine:
            return True
        return facts.left_out > 0 or facts.held + CHUNK_BYTES > _OUTPUT_LIMIT

    def _with_left_out(self, result: CommandResult) -> CommandResult:
        """Returns how a command ended, with what is said of output that is not kept."""
        facts = self._facts.get(result.command_id)
        if facts is None or not facts.left_out:
            return result
        said, dropped = f"{result.message} {_NOT_KEPT}".lstrip(), result.dropped_bytes + facts.left_out
        return msgspec.structs.replace(result, message=said, dropped_bytes=dropped)


def _has_output(report: Report) -> bool:
    message = report.message
    return isinstance(message, CommandOutput) or (isinstance(message, CommandResult) and message.chunks > 0)


def _completed(row: Progress, said_by: Mapping[bytes, SaidBy]) -> tuple[UUID, CommandCompleted]:
    event = CommandCompleted(
        command_id=row.command_id,
        agent_id=row.agent_id,
        hostname=said_by[row.agent_id.bytes].hostname,
        status=row.status,
        exit_code=row.exit_code,
    )
    return row.tenant_id, event


def _why(message: OrderRefused) -> str:
    return f"The machine does not follow the order to run it: {message.message.replace(chr(0), '')[:500]}."


def _ending(machine: Machine, result: CommandResult, said_by: Mapping[bytes, SaidBy]) -> Ending:
    outcome, message = result.outcome, result.message.replace("\0", "")
    if outcome not in OUTCOMES:
        outcome, message = "failed", f"The machine says that it ended as {outcome}. {message}".rstrip()
    command_id, (tenant_id, agent_id) = UUID(bytes=result.command_id), machine
    event = CommandCompleted(
        command_id=command_id,
        agent_id=agent_id,
        hostname=said_by[agent_id.bytes].hostname,
        status=outcome,
        exit_code=result.exit_code,
    )
    return Ending(
        command_id,
        tenant_id,
        agent_id,
        outcome,
        result.exit_code,
        message,
        result.duration_ms,
        result.dropped_bytes,
        event,
    )


def _tell(recorded: ReportsRecorded, row: Progress, said_by: Mapping[bytes, SaidBy]) -> None:
    agent_id = row.agent_id.bytes
    recorded.live.setdefault(row.tenant_id, Live()).updates.append(
        CommandUpdate(
            command_id=row.command_id.bytes,
            agent_id=agent_id,
            client_id=said_by[agent_id].client_id.bytes,
            status=row.status,
            exit_code=row.exit_code,
            message=row.message,
            started_at=row.started_at,
            finished_at=row.finished_at,
            duration_ms=row.duration_ms,
        )
    )
