"""The queues between the sockets and the database, and what is said once something is written."""

import asyncio
from collections import Counter, deque
from time import monotonic
from typing import Final
from uuid import UUID

from gururmm_wire.codec import encode
from gururmm_wire.v2.limits import MAX_MESSAGE_BYTES, Close
from gururmm_wire.v2.server import InventoryWanted, ResultAck

from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.commands.delivery import AT_ONCE, CommandDelivery, Delivery, Refused, Report
from gururmm_server.core.inventory.ingest import InventoryIngest, Upload
from gururmm_server.core.orders.refusals import OrderRefusals, Refusal
from gururmm_server.core.post import traffic
from gururmm_server.core.post.traffic import AgentReplaced
from gururmm_server.core.presence.service import Change, Presence
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.telemetry.ingest import TelemetryIngest
from gururmm_server.core.telemetry.sample import HistoryRow
from gururmm_server.entrypoints.agent_gateway.group_commit import GroupCommit
from gururmm_server.entrypoints.agent_gateway.roster import Roster
from gururmm_server.entrypoints.agent_gateway.uplink import Uplink
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import FLUSH_SECONDS
from gururmm_server.infra.peer_log import PeerLog

log = get_logger(__name__)
about_peers = PeerLog(log)

TELEMETRY_S: Final = 1.0
HISTORY_ROWS: Final = 50_000
"""Samples that wait for a database that is away; then the oldest go."""
_LAZY_S: Final = 0.05
"""What may wait a moment for company: then a thousand agents that come back cost a few dozen transactions."""
REPORT_BYTES: Final = 64 * 1024 * 1024
_MORE_S: Final = 60.0
"""So long after its last command an agent's reports no longer make us look for the next; a sweep does."""
UPLOAD_SHARE: Final = 8 * MAX_MESSAGE_BYTES
"""What one agent's inventory may weigh while it waits: 2 MB decoded, which is one message of the largest size."""


class DatabaseQueues:
    """All that ends in the database. Each kind has its own queue, so that none waits for another."""

    def __init__(
        self,
        *,
        presence: Presence,
        telemetry: TelemetryIngest,
        inventory: InventoryIngest,
        commands: CommandDelivery,
        refusals: OrderRefusals,
        roster: Roster,
        uplink: Uplink,
        gateway_id: str,
        report_bytes: int = REPORT_BYTES,
    ) -> None:
        """`report_bytes` is what agents' words about commands may weigh while they wait for the database."""
        self._gateway_id = gateway_id
        self._presence = presence
        self._telemetry = telemetry
        self._inventory = inventory
        self._commands = commands
        self._order_refusals = refusals
        self._roster = roster
        self._uplink = uplink
        self._readings: dict[bytes, AgentSession] = {}
        self._history: deque[HistoryRow] = deque(maxlen=HISTORY_ROWS)
        self._failed = False
        self._changes = GroupCommit(
            "presence",
            self._write_changes,
            bound=1 << 40,
            patience_s=_LAZY_S,
            whose=lambda change: change.session.agent_uuid,
        )
        self._reports = GroupCommit(
            "commands",
            self._write_reports,
            bound=report_bytes,
            patience_s=_LAZY_S,
            whose=lambda report: report.agent_id,
        )
        self._offers = GroupCommit(
            "inventory_hashes", self._compare, bound=16 * 1024 * 1024, whose=lambda offer: offer[0].agent_uuid
        )
        self._uploads = GroupCommit(
            "inventory",
            self._write_uploads,
            batch=20,
            share=UPLOAD_SHARE,
            whose=lambda upload: upload.session.agent_uuid,
        )
        self._refusals = GroupCommit("refusals", self._write_refusals, whose=lambda refusal: refusal.agent_id)
        self._refused: dict[bytes, set[str]] = {}
        """Sections for which there was no room, by agent: asked for again once something of the agent's is written."""
        self._due: GroupCommit[tuple[bytes, bool]] = GroupCommit("deliveries", self._deliver, bound=1 << 40)
        self._more: dict[bytes, float] = {}
        """Agents that were given as many commands as they get at once, and when they last got one: there may be more,
        for which each report of theirs may have made room."""

    async def run(self) -> None:
        """Write for ever."""
        async with asyncio.TaskGroup() as tasks:
            for queue in (self._changes, self._reports, self._refusals, self._offers, self._uploads, self._due):
                tasks.create_task(queue.run())
            tasks.create_task(self._run_telemetry())

    async def drained(self, limit_s: float) -> bool:
        """Write everything that waits. Returns False when it took longer than this."""
        await self._flush_telemetry()
        done = await asyncio.gather(
            self._changes.drained(limit_s), self._reports.drained(limit_s), self._uploads.drained(limit_s)
        )
        return all(done)

    # What the inbox and the gateway put in.

    def came(self, change: Change) -> None:
        """Queue that a session began."""
        self._changes.add(change, lazy=True, key=change.session.agent_id)

    def left(self, session: AgentSession, reason: str) -> None:
        """Queue that a session ended."""
        self._refused.pop(session.agent_id, None)
        self._changes.add(Change(session, reason=reason), lazy=True, key=session.agent_id)

    def readings(self, session: AgentSession) -> None:
        """Queue a session's newer readings."""
        self._readings[session.agent_id] = session

    def history(self, row: HistoryRow) -> None:
        """Queue a sample to keep."""
        self._history.append(row)

    def report(self, report: Report, *, lazy: bool) -> None:
        """Queue what an agent said of a command. Where that is not taken its connection ends: the agent got no receipt,
        so it says all of it again when it is back.
        """
        if self._reports.add(report, report.weight, lazy=lazy):
            return
        socket = self._roster.agents.get(report.agent_id.bytes)
        if socket is not None:
            about_peers.warning(report.agent_id, "too many reports wait", agent_id=str(report.agent_id))
            socket.close(Close.UNAVAILABLE, "the server is not ready; come back in a moment")

    def refusal(self, refusal: Refusal) -> None:
        """Queue that an agent did not follow an order."""
        self._refusals.add(refusal, 1000)

    def offer(self, session: AgentSession, hashes: dict[str, bytes]) -> None:
        """Queue hashes to compare."""
        self._offers.add((session, hashes), 600)

    def upload(self, upload: Upload, weight: int) -> None:
        """Queue a section to store. One that is not taken is asked for later, at the latest at the next connection."""
        agent_id, section = upload.session.agent_id, str(upload.message.section)
        if self._uploads.add(upload, weight, owner=agent_id):
            return
        refused = self._refused.setdefault(agent_id, set())
        if section not in refused:
            refused.add(section)
            about_peers.warning(
                agent_id, "too much inventory waits", agent_id=str(upload.session.agent_uuid), section=section
            )

    def due(self, agent_ids: list[bytes], *, again: bool = False) -> None:
        """Note that something may wait for those agents that they were not given in the last seconds.

        `again`: also what they were given, since it may be lost.
        """
        for agent_id in agent_ids:
            self._note_due(agent_id, again=again)

    def _note_due(self, agent_id: bytes, *, again: bool) -> None:
        self._due.add((agent_id, again), key=(agent_id, again))

    # What is written.

    async def _write_changes(self, changes: list[Change]) -> None:
        recorded = await self._presence.record(changes)
        # Only now: who queues a command from here on sees that the agent is here, and what was queued before is found.
        for change in changes:
            if change.reason is None:
                self._note_due(change.session.agent_id, again=True)
        rows: dict[UUID, list[AgentRow]] = {}
        for session in recorded.online:
            rows.setdefault(session.tenant_id, []).append(session.row(changed=True))
        for session in recorded.offline:
            rows.setdefault(session.tenant_id, []).append(session.row(online=False, changed=True))
        self._uplink.rows(rows)
        for session in recorded.superseded:
            socket = self._roster.agents.get(session.agent_id)
            if socket is not None and socket.session is session:
                socket.close(Close.REPLACED, "a newer connection of this agent is open elsewhere")
        for session in recorded.elsewhere:
            socket = self._roster.agents.get(session.agent_id)
            replaced = AgentReplaced(
                session.agent_id,
                session.connection_id,
                self._gateway_id,
                session.instance,
                session.said_hostname,
                socket.address if socket is not None else "",
            )
            self._uplink.post(traffic.agent_replaced(session.agent_uuid), traffic.encode(replaced))

    async def _run_telemetry(self) -> None:
        while True:
            await asyncio.sleep(TELEMETRY_S)
            await self._flush_telemetry()

    async def _flush_telemetry(self) -> None:
        readings, self._readings = self._readings, {}
        history, self._history = list(self._history), deque(maxlen=HISTORY_ROWS)
        sessions = list(readings.values())
        if not sessions and not history:
            return
        try:
            with FLUSH_SECONDS.labels("telemetry").time():
                adrift = set(await self._telemetry.write(sessions, history))
        except GuruError as error:
            log.warning("readings wait for the database", agents=len(sessions), samples=len(history), error=str(error))
            self._keep(readings, history)
            return
        except Exception:
            # What fails again is poison and goes.
            log.exception("readings could not be written", agents=len(sessions), samples=len(history))
            self._failed = not self._failed
            if self._failed:
                self._keep(readings, history)
            return
        self._failed = False
        rows: dict[UUID, list[AgentRow]] = {}
        for session in sessions:
            if session not in adrift:
                session.latest = None
            if session.agent_id in self._roster.agents:
                rows.setdefault(session.tenant_id, []).append(session.row())
        self._uplink.rows(rows)
        self._say_again(adrift)

    def _say_again(self, adrift: set[AgentSession]) -> None:
        """Say that agents are here which the table does not count as ours, and then their readings.

        Their arrival is about to be written, or a sweep took this gateway for dead.
        """
        for session in adrift:
            socket = self._roster.agents.get(session.agent_id)
            if socket is not None and socket.session is session:
                if not self._changes.waits(session.agent_id):
                    self._changes.add(Change(session), key=session.agent_id)
                self._readings.setdefault(session.agent_id, session)

    def _keep(self, readings: dict[bytes, AgentSession], history: list[HistoryRow]) -> None:
        """Put back, before what came meanwhile, what was not written."""
        self._readings = readings | self._readings
        self._history = deque([*history, *self._history], maxlen=HISTORY_ROWS)

    async def _write_reports(self, reports: list[Report]) -> None:
        recorded = await self._commands.record(reports)
        for agent_id, command_id in recorded.acknowledged:
            self._send(agent_id, encode(ResultAck(command_id=command_id)))
        self._uplink.commands(recorded.live)
        if self._more:
            self._more = {agent_id: at for agent_id, at in self._more.items() if at > monotonic() - _MORE_S}
            self.due(list(self._more.keys() & {report.agent_id.bytes for report in reports}))

    async def _write_refusals(self, refusals: list[Refusal]) -> None:
        await self._order_refusals.record(refusals)
        recorded = await self._commands.refused(
            [Refused(each.tenant_id, each.agent_id, each.client_id, each.hostname, each.message) for each in refusals]
        )
        self._uplink.commands(recorded.live)

    async def _compare(self, offers: list[tuple[AgentSession, dict[str, bytes]]]) -> None:
        for session, names in await self._inventory.wanted(offers):
            if names:
                self._send(session.agent_id, encode(InventoryWanted(sections=list(names))))

    async def _write_uploads(self, uploads: list[Upload]) -> None:
        stored = await self._inventory.store(uploads)
        for session, name in stored.wanted:
            self._send(session.agent_id, encode(InventoryWanted(sections=[name])))
        for agent_id in {upload.session.agent_id for upload in uploads}:
            names = self._refused.pop(agent_id, None)
            if names:
                self._send(agent_id, encode(InventoryWanted(sections=sorted(names))))

    async def _deliver(self, orders: list[tuple[bytes, bool]]) -> None:
        for again in (True, False):
            present = {
                agent_id: (socket.session.tenant_id, socket.session.client_id)
                for agent_id, repeat in orders
                if repeat is again
                and (socket := self._roster.agents.get(agent_id)) is not None
                and socket.session is not None
            }
            if not present:
                continue
            deliveries, live = await self._commands.take(present, again=again)
            self.send_all(deliveries)
            self._uplink.commands(live)
            counts = Counter(delivery.agent_id for delivery in deliveries)
            for agent_id, count in counts.items():
                if count >= AT_ONCE or agent_id in self._more:
                    self._more[agent_id] = monotonic()

    def send_all(self, deliveries: list[Delivery]) -> None:
        """Give messages to those agents that are here."""
        for delivery in deliveries:
            self._send(delivery.agent_id, delivery.message)

    def _send(self, agent_id: bytes, message: bytes) -> None:
        socket = self._roster.agents.get(agent_id)
        if socket is not None:
            socket.send(message)
