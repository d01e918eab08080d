"""What our own processes say to each other over NATS core subjects (MessagePack). Nothing here is durable.

Subjects are made by the functions below, of the rows in `infra.subjects`, never by hand.
"""

from uuid import UUID

import msgspec

from gururmm_server.infra import subjects

encode = msgspec.msgpack.Encoder().encode


class Deliver(msgspec.Struct, array_like=True, frozen=True):
    """To a gateway: give this encoded wire message to that agent."""

    agent_id: bytes
    message: bytes


class Kick(msgspec.Struct, array_like=True, frozen=True):
    """To a gateway: close that agent's socket with this code."""

    agent_id: bytes
    code: int


class AgentMoved(msgspec.Struct, array_like=True, frozen=True):
    """To a gateway: that agent is under another Client now."""

    agent_id: bytes
    client_id: bytes


class AgentConnected(msgspec.Struct, array_like=True, frozen=True):
    """From a gateway, after each authentication: where that agent is now."""

    agent_id: bytes
    tenant_id: bytes
    gateway_id: str
    tunnel: bool = False
    """Not the agent itself, but its connection for the bytes of channels."""


class AgentReplaced(msgspec.Struct, array_like=True, frozen=True):
    """From a gateway that an agent came to, to the one it came from: what it has there is over."""

    agent_id: bytes
    before: int
    """The id of its connection now: older ones are meant."""
    gateway_id: str = ""
    """Where it is now."""
    instance: bytes | None = None
    """Which process it is, by its own word, and what its machine calls itself, and from where it comes."""
    hostname: str = ""
    address: str = ""


class TunnelNotice(msgspec.Struct, array_like=True, frozen=True):
    """To whoever relays a tech session: it has a new owner, or (`reason` is set) it was closed elsewhere."""

    owner: str
    reason: str | None = None
    channel: int | None = None
    """Only this channel of it was closed."""


ANY_AGENT_REMOVED = subjects.AGENT_REMOVED.pattern
"""Pattern of `agent_removed`."""
ANY_AGENT_REPLACED = subjects.AGENT_REPLACED.pattern
"""Pattern of `agent_replaced`."""
ANY_SETTINGS_CHANGED = subjects.SETTINGS_CHANGED.pattern
"""Pattern of `settings_changed`."""


def gateway_all(gateway_id: str) -> str:
    """Returns the pattern of all orders to a gateway."""
    return subjects.GATEWAY_ORDERS.of(gateway_id, "*")


def gateway_deliver(gateway_id: str) -> str:
    """Returns the subject with payload `Deliver`."""
    return subjects.GATEWAY_DELIVER.of(gateway_id)


def gateway_tunnel(gateway_id: str) -> str:
    """Returns the subject with payload `Deliver`: by the agent's connection for channels, if it has one there."""
    return subjects.GATEWAY_TUNNEL.of(gateway_id)


def gateway_kick(gateway_id: str) -> str:
    """Returns the subject with payload `Kick`."""
    return subjects.GATEWAY_KICK.of(gateway_id)


def gateway_moved(gateway_id: str) -> str:
    """Returns the subject with payload `AgentMoved`."""
    return subjects.GATEWAY_MOVED.of(gateway_id)


def agent_connected(agent_id: UUID) -> str:
    """Returns the subject with payload `AgentConnected`."""
    return subjects.AGENT_CONNECTED.of(agent_id.hex)


def agent_replaced(agent_id: UUID) -> str:
    """Returns the subject with payload `AgentReplaced`, for the gateway that held the agent before."""
    return subjects.AGENT_REPLACED.of(agent_id.hex)


def agent_removed(agent_id: UUID) -> str:
    """Returns the subject with an agent's id (16 bytes), for gateways that hold its connection for channels."""
    return subjects.AGENT_REMOVED.of(agent_id.hex)


def tunnel_up(session_id: UUID) -> str:
    """Returns the subject with an agent's id (16 bytes), `from_gateway`, and its wire messages, each `sized`."""
    return subjects.TUNNEL_UP.of(session_id.hex)


def from_gateway(gateway_id: str) -> bytes:
    """Returns which gateway a message came by: a byte with the id's length, and the id."""
    name = gateway_id.encode()
    return bytes((len(name),)) + name


def sized(message: bytes) -> bytes:
    """Returns a message behind 4 bytes of its size."""
    return len(message).to_bytes(4, "big") + message


def split_up(payload: bytes) -> tuple[bytes, str, list[memoryview]]:
    """Returns the parts of a payload of `tunnel_up`: agent id, gateway id, messages."""
    start, whole = 17 + payload[16], memoryview(payload)
    gateway_id, messages = payload[17:start].decode(), []
    while start < len(payload):
        size = int.from_bytes(whole[start : start + 4], "big")
        messages.append(whole[start + 4 : start + 4 + size])
        start += 4 + size
    return payload[:16], gateway_id, messages


def tunnel_notice(session_id: UUID) -> str:
    """Returns the subject with payload `TunnelNotice`."""
    return subjects.TUNNEL_NOTICE.of(session_id.hex)


def tunnel_all(session_id: UUID) -> str:
    """Returns the pattern of both subjects of a tech session."""
    return subjects.TUNNEL_SESSION.of(session_id.hex, "*")


def answer(query_id: UUID) -> str:
    """Returns the subject with an agent's id (16 bytes), then its wire `Answer` as it came."""
    return subjects.ANSWER.of(query_id.hex)


def live(tenant_id: UUID) -> str:
    """Returns the subject with payload `live.LiveBatch`, from an api or a worker."""
    return subjects.LIVE_SAID.of(tenant_id.hex)


def live_of_machines(tenant_id: UUID) -> str:
    """Returns the same for a gateway, of which only those kinds are taken that tell what a machine does."""
    return subjects.LIVE_OF_MACHINES.of(tenant_id.hex)


def live_all(tenant_id: UUID) -> str:
    """Returns the pattern of both."""
    return subjects.LIVE.of(tenant_id.hex, "*")


def settings_changed(tenant_id: UUID) -> str:
    """Returns the subject without payload on which gateways read that tenant's settings again and tell its agents."""
    return subjects.SETTINGS_CHANGED.of(tenant_id.hex)
