"""What our own processes say to each other over NATS core subjects (MessagePack). Nothing here is durable.

Subjects are made by the functions below, never by hand.
"""

from typing import Any, ClassVar
from uuid import UUID

import msgspec

from gururmm_server.core.access.audience import Audience

encode = msgspec.msgpack.Encoder().encode


class Deliver(msgspec.Struct, array_like=True, frozen=True):
    """To a gateway: give this encoded wire message to that agent."""

    agent_id: bytes
    message: bytes


class Kick(msgspec.Struct, array_like=True, frozen=True):
    """To a gateway: close that agent's socket with this code."""

    agent_id: bytes
    code: int
    before: int | None = None
    """Only if its connection is older than this connection id."""


class AgentMoved(msgspec.Struct, array_like=True, frozen=True):
    """To a gateway: that agent is under another Client now."""

    agent_id: bytes
    client_id: bytes


class AgentConnected(msgspec.Struct, array_like=True, frozen=True):
    """From a gateway, after each authentication: where that agent is now."""

    agent_id: bytes
    tenant_id: bytes
    gateway_id: str


class LiveItem(msgspec.Struct, array_like=True, frozen=True):
    """Base of what dashboards are told. A kind that declares no audience reaches nobody."""

    audience: ClassVar[Audience | None] = None


class AgentRow(LiveItem, array_like=True, frozen=True):
    """One machine's state as a dashboard shows it. Readings in permille; times in Unix seconds."""

    audience: ClassVar[Audience | None] = Audience("agents.read")

    agent_id: bytes
    client_id: bytes
    online: bool
    changed: bool
    """True when `online` changed: then every dashboard wants to know."""
    changed_at: float
    last_seen: float
    cpu: int | None = None
    memory: int | None = None
    disk: int | None = None


class CommandUpdate(LiveItem, array_like=True, frozen=True):
    """A command's new state; the receiver shows what is set."""

    audience: ClassVar[Audience | None] = Audience("commands.read")

    command_id: bytes
    agent_id: bytes
    client_id: bytes
    status: str
    exit_code: int | None = None
    message: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    duration_ms: int | None = None


class OutputPiece(LiveItem, array_like=True, frozen=True):
    """A piece of a command's output that is now in the database."""

    audience: ClassVar[Audience | None] = Audience("commands.read")

    command_id: bytes
    client_id: bytes
    seq: int
    stream: int
    data: bytes


class Sample(LiveItem, array_like=True, frozen=True):
    """A metrics sample of a machine that somebody looks at: the wire message as it came."""

    audience: ClassVar[Audience | None] = Audience("agents.read")

    agent_id: bytes
    client_id: bytes
    metrics: bytes


class FeedItem(LiveItem, array_like=True, frozen=True):
    """A new row of the activity feed, as GET /events gives it, and what a reader of it must be allowed to do."""

    client_id: bytes | None
    permission: str
    item: dict[str, Any]

    @property
    def audience(self) -> Audience:  # type: ignore[override]  # of each event its own, where other kinds have one
        return Audience(self.permission)


LIVE_KINDS: tuple[type[LiveItem], ...] = (AgentRow, CommandUpdate, OutputPiece, Sample)
"""Kinds whose audience stands on the class; a `FeedItem` has the one of its event."""


class LiveBatch(msgspec.Struct, array_like=True, frozen=True):
    """To every dashboard of a tenant: what changed."""

    agents: list[AgentRow] = msgspec.field(default_factory=list)
    commands: list[CommandUpdate] = msgspec.field(default_factory=list)
    output: list[OutputPiece] = msgspec.field(default_factory=list)
    samples: list[Sample] = msgspec.field(default_factory=list)
    feed: list[FeedItem] = msgspec.field(default_factory=list)


class TunnelNotice(msgspec.Struct, array_like=True, frozen=True):
    """To whoever relays a terminal: it has a new owner, or (`reason` is set) it was closed elsewhere."""

    owner: str
    reason: str | None = None


OUTBOX_WAKE = "outbox.wake"


def gateway_all(gateway_id: str) -> str:
    """Pattern of all orders to a gateway."""
    return f"gateway.{gateway_id}.*"


def gateway_deliver(gateway_id: str) -> str:
    """Payload `Deliver`."""
    return f"gateway.{gateway_id}.deliver"


def gateway_kick(gateway_id: str) -> str:
    """Payload `Kick`."""
    return f"gateway.{gateway_id}.kick"


def gateway_moved(gateway_id: str) -> str:
    """Payload `AgentMoved`."""
    return f"gateway.{gateway_id}.moved"


def agent_connected(agent_id: UUID) -> str:
    """Payload `AgentConnected`."""
    return f"agent.{agent_id.hex}.connected"


def tunnel_up(session_id: UUID) -> str:
    """Payload: 16 bytes of agent id, then the agent's wire message as it came."""
    return f"tunnel.{session_id.hex}.up"


def tunnel_notice(session_id: UUID) -> str:
    """Payload `TunnelNotice`."""
    return f"tunnel.{session_id.hex}.notice"


def tunnel_all(session_id: UUID) -> str:
    """Pattern of both subjects of a terminal."""
    return f"tunnel.{session_id.hex}.*"


def answer(query_id: UUID) -> str:
    """Payload: 16 bytes of agent id, then the agent's wire `Answer` as it came."""
    return f"answer.{query_id.hex}"


def live(tenant_id: UUID) -> str:
    """Payload `LiveBatch`."""
    return f"live.{tenant_id.hex}"


def settings_changed(tenant_id: UUID) -> str:
    """No payload: gateways read that tenant's settings again and tell its agents (they follow `settings.*.changed`)."""
    return f"settings.{tenant_id.hex}.changed"
