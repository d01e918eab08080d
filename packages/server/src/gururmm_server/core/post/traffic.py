"""What our own processes say to each other over NATS core subjects (MessagePack). Nothing here is durable.

Subjects are made by the functions below, never by hand.
"""

from uuid import UUID

import msgspec

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


class TunnelNotice(msgspec.Struct, array_like=True, frozen=True):
    """To whoever relays a terminal: it has a new owner, or (`reason` is set) it was closed elsewhere."""

    owner: str
    reason: str | None = None


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
    """Payload `live.LiveBatch`."""
    return f"live.{tenant_id.hex}"


def settings_changed(tenant_id: UUID) -> str:
    """No payload: gateways read that tenant's settings again and tell its agents (they follow `settings.*.changed`)."""
    return f"settings.{tenant_id.hex}.changed"
