"""The only encoder and decoder of the agent's socket (protocol 2)."""

import hashlib
from typing import Any

import msgspec

from gururmm_wire.v2.agent import AgentMessage, Authenticate, Message
from gururmm_wire.v2.server import ServerMessage

_encoder = msgspec.msgpack.Encoder()
_agent_decoder: msgspec.msgpack.Decoder[AgentMessage] = msgspec.msgpack.Decoder(AgentMessage)
_authenticate_decoder: msgspec.msgpack.Decoder[Authenticate] = msgspec.msgpack.Decoder(Authenticate)
_server_decoder: msgspec.msgpack.Decoder[ServerMessage] = msgspec.msgpack.Decoder(ServerMessage)
_canonical = msgspec.msgpack.Encoder(order="deterministic")


class MalformedMessage(ValueError):
    """The bytes are not a message of this protocol."""


def encode(message: Message) -> bytes:
    """Encode one message."""
    return _encoder.encode(message)


def decode_from_agent(data: bytes | memoryview) -> AgentMessage:
    """Decode what an agent sent, checking every type and bound. Raises `MalformedMessage`."""
    try:
        return _agent_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(str(error)) from error


def decode_authenticate(data: bytes | memoryview) -> Authenticate:
    """Decode the only message that is read before authentication. Raises `MalformedMessage`."""
    try:
        return _authenticate_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(str(error)) from error


def decode_from_server(data: bytes | memoryview) -> ServerMessage:
    """Decode what the server sent. Raises `MalformedMessage`."""
    try:
        return _server_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(str(error)) from error


def inventory_hash(items: dict[str, Any]) -> bytes:
    """16 bytes that stand for a section's items: BLAKE2b over MessagePack with sorted keys."""
    return hashlib.blake2b(_canonical.encode(items), digest_size=16).digest()
