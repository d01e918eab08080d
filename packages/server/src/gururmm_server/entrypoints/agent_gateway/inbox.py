"""What becomes of each message of an authenticated agent."""

from collections.abc import Callable
from time import monotonic, time
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from gururmm_wire.codec import MalformedMessage, UnknownMessage, decode_from_agent
from gururmm_wire.v2.agent import (
    Answer,
    Authenticate,
    CommandAccepted,
    CommandOutput,
    CommandResult,
    Goodbye,
    Heartbeat,
    InventoryDelta,
    InventoryHashes,
    InventorySection,
    Metrics,
    MetricsBacklog,
    OrderRefused,
    SettingsApplied,
    TunnelClosed,
    TunnelInputAck,
    TunnelOpened,
    TunnelOutput,
)
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.names import OUTCOMES, SECTIONS, STREAMS

from gururmm_server.core.commands.delivery import Report
from gururmm_server.core.inventory.ingest import Upload
from gururmm_server.core.orders.refusals import Refusal
from gururmm_server.core.post import traffic
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.telemetry.ingest import history_row, in_time, note_clock, note_metrics
from gururmm_server.core.telemetry.live import Sample
from gururmm_server.core.telemetry.sample import HistoryRow
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket
from gururmm_server.entrypoints.agent_gateway.channels import Channels, FromAgent
from gururmm_server.entrypoints.agent_gateway.uplink import Uplink
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import AGENT_MESSAGES, AGENT_UNKNOWN
from gururmm_server.infra.peer_log import PeerLog

log = get_logger(__name__)
about_peers = PeerLog(log)

# What a message costs of the agent's budget beyond its frame.
_SAMPLE_UNITS: Final = 4
_INVENTORY_UNITS: Final = 200
_REFUSAL_UNITS: Final = 20
_SPACING: Final = 0.8


Handlers = dict[type[Any], Callable[[AgentSocket, AgentSession, Any, bytes], None]]


class Queues(Protocol):
    """Where messages go that end in the database."""

    def readings(self, session: AgentSession) -> None: ...
    def history(self, row: HistoryRow) -> None: ...
    def report(self, report: Report, *, lazy: bool) -> None: ...
    def refusal(self, refusal: Refusal) -> None: ...
    def offer(self, session: AgentSession, hashes: dict[str, bytes]) -> None: ...
    def upload(self, upload: Upload, weight: int) -> None: ...


class Inbox:
    """Decodes and hands on. A message that is none closes the connection; what only a newer agent knows does not."""

    def __init__(self, queues: Queues, uplink: Uplink, channels: Channels) -> None:
        self._queues = queues
        self._uplink = uplink
        self._channels = channels
        self._counts: dict[type[Any], int] = {}
        self._handlers: Handlers = {
            Authenticate: self._second_proof,
            Heartbeat: self._heartbeat,
            Metrics: self._metrics,
            MetricsBacklog: self._backlog,
            InventoryHashes: self._offer,
            InventorySection: self._upload,
            InventoryDelta: self._upload,
            CommandAccepted: self._report,
            CommandOutput: self._report,
            CommandResult: self._report,
            TunnelOpened: self._tunnel,
            TunnelOutput: self._tunnel,
            TunnelInputAck: self._tunnel,
            TunnelClosed: self._tunnel,
            Answer: self._answer,
            Goodbye: self._goodbye,
            SettingsApplied: self._settings_applied,
            OrderRefused: self._refusal,
        }
        self._tunnel_handlers: Handlers = {
            TunnelOpened: self._tunnel,
            TunnelOutput: self._tunnel,
            TunnelInputAck: self._tunnel,
            TunnelClosed: self._tunnel,
            Goodbye: self._goodbye,
        }

    def take(self, socket: AgentSocket, data: bytes) -> None:
        """Take one message of an agent."""
        session = socket.session
        assert session is not None
        try:
            message = decode_from_agent(data)
        except UnknownMessage as error:
            _passed_over("tag", session, error.tag)
            return
        except MalformedMessage as error:
            about_peers.info(session.agent_id, "malformed message", **_ids(session), error=str(error)[:200])
            socket.close(Close.MALFORMED, "that is no message of protocol 2")
            return
        kind = type(message)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        handler = (self._tunnel_handlers if socket.tunnel else self._handlers).get(kind)
        if handler is None:
            socket.close(Close.MALFORMED, f"{kind.__name__} does not belong on this connection")
            return
        handler(socket, session, message, data)

    def count(self) -> None:
        """Move the counts of messages to the process's metrics."""
        counts, self._counts = self._counts, {}
        for kind, number in counts.items():
            AGENT_MESSAGES.labels(kind.__name__).inc(number)

    def _second_proof(self, socket: AgentSocket, _session: AgentSession, _message: Authenticate, _data: bytes) -> None:
        socket.close(Close.MALFORMED, "already authenticated")

    def _heartbeat(self, _socket: AgentSocket, session: AgentSession, message: Heartbeat, _data: bytes) -> None:
        session.last_seen = time()
        note_clock(session, message.at)
        session.cpu = message.cpu
        session.memory = message.memory
        self._queues.readings(session)

    def _metrics(self, socket: AgentSocket, session: AgentSession, message: Metrics, data: bytes) -> None:
        session.last_seen = time()
        message, data = in_time(session, message, data)
        note_metrics(session, message, data)
        self._queues.readings(session)
        row = history_row(session, message, _spacing(session))
        if row is not None:
            self._queues.history(row)
        if socket.watched_until > monotonic():
            self._uplink.sample(
                session.tenant_id,
                Sample(agent_id=session.agent_id, client_id=session.client_id.bytes, metrics=data),
            )

    def _backlog(self, socket: AgentSocket, session: AgentSession, message: MetricsBacklog, _data: bytes) -> None:
        socket.charge(_SAMPLE_UNITS * len(message.samples))
        spacing = _spacing(session)
        for sample in message.samples:
            row = history_row(session, sample, spacing, backlog=True)
            if row is not None:
                self._queues.history(row)

    def _offer(self, socket: AgentSocket, session: AgentSession, message: InventoryHashes, _data: bytes) -> None:
        socket.charge(_INVENTORY_UNITS)
        known = {name: digest for name, digest in message.hashes.items() if name in SECTIONS}
        for name in message.hashes.keys() - known.keys():
            _passed_over("section", session, name)
        self._queues.offer(session, known)

    def _upload(
        self, socket: AgentSocket, session: AgentSession, message: InventorySection | InventoryDelta, data: bytes
    ) -> None:
        socket.charge(_INVENTORY_UNITS)
        if message.section not in SECTIONS:
            _passed_over("section", session, message.section)
            return
        # Decoded it takes several times the room that it took on the way.
        self._queues.upload(Upload(session, message), 8 * len(data))

    def _report(
        self,
        _socket: AgentSocket,
        session: AgentSession,
        message: CommandAccepted | CommandOutput | CommandResult,
        _data: bytes,
    ) -> None:
        if isinstance(message, CommandOutput) and message.stream not in STREAMS:
            _passed_over("stream", session, message.stream)
            message = msgspec.structs.replace(message, stream=STREAMS[0])
        elif isinstance(message, CommandResult) and message.outcome not in OUTCOMES:
            _passed_over("outcome", session, message.outcome)
        report = Report(session.tenant_id, session.agent_uuid, session.client_id, session.hostname, message)
        # A quick command's result is a few milliseconds behind: one transaction then takes both.
        self._queues.report(report, lazy=type(message) is CommandAccepted)

    def _tunnel(self, _socket: AgentSocket, session: AgentSession, message: FromAgent, data: bytes) -> None:
        self._channels.take(session, message, data)

    def _answer(self, _socket: AgentSocket, session: AgentSession, message: Answer, data: bytes) -> None:
        self._uplink.post(traffic.answer(UUID(bytes=message.query_id)), session.agent_id + data)

    def _goodbye(self, socket: AgentSocket, _session: AgentSession, _message: Goodbye, _data: bytes) -> None:
        socket.clean = True
        socket.close(1000, "goodbye")

    def _settings_applied(
        self, _socket: AgentSocket, session: AgentSession, message: SettingsApplied, _data: bytes
    ) -> None:
        session.settings_version = message.version
        self._queues.readings(session)

    def _refusal(self, socket: AgentSocket, session: AgentSession, message: OrderRefused, _data: bytes) -> None:
        socket.charge(_REFUSAL_UNITS)
        refusal = Refusal(session.tenant_id, session.agent_uuid, session.client_id, session.hostname, message)
        self._queues.refusal(refusal)


def _passed_over(what: str, session: AgentSession, name: object) -> None:
    AGENT_UNKNOWN.labels(what).inc()
    log.debug("passed over what only a newer agent knows", **_ids(session), what=what, name=name)


def _spacing(session: AgentSession) -> float:
    """Returns how far apart an agent's samples are kept, which it takes as often as it was told."""
    return session.told.settings.metrics_s * _SPACING


def _ids(session: AgentSession) -> dict[str, str]:
    return {"agent_id": str(session.agent_uuid), "tenant_id": str(session.tenant_id)}
