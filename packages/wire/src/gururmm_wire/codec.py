"""The only encoder and decoder of the agent's socket (protocol 2)."""

import hashlib
from typing import Annotated, Any, Final, TypeVar, get_args

import msgspec
from msgspec import Meta

from gururmm_wire.v2.agent import AgentMessage, Authenticate, Message
from gururmm_wire.v2.server import ServerMessage

_encoder = msgspec.msgpack.Encoder()
_agent_decoder: msgspec.msgpack.Decoder[AgentMessage] = msgspec.msgpack.Decoder(AgentMessage)
_authenticate_decoder: msgspec.msgpack.Decoder[Authenticate] = msgspec.msgpack.Decoder(Authenticate)
_server_decoder: msgspec.msgpack.Decoder[ServerMessage] = msgspec.msgpack.Decoder(ServerMessage)
NOT_DECODED: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the decoder raises at hostile bytes."""
_canonical = msgspec.msgpack.Encoder(order="deterministic")

Decoded = TypeVar("Decoded")


class _Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The tag of any message. What follows is walked over without being built, so this is quick whatever it is."""

    tag: Annotated[int, Meta(ge=1, le=65_535)]


_head_decoder: msgspec.msgpack.Decoder[_Head] = msgspec.msgpack.Decoder(_Head)


class MalformedMessage(ValueError):
    """The bytes are not a message of this protocol."""


class UnknownMessage(MalformedMessage):
    """The bytes are a whole message whose tag only a newer peer knows. A connection passes over it and stays."""

    def __init__(self, tag: int) -> None:
        super().__init__(f"no message has the tag {tag} here")
        self.tag = tag


def tag_of(kind: type[Message]) -> int:
    """Returns the tag that messages of this type begin with."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


AGENT_TAGS: Final = frozenset(map(tag_of, get_args(AgentMessage)))
SERVER_TAGS: Final = frozenset(map(tag_of, get_args(ServerMessage)))


def encode(message: Message) -> bytes:
    """Encode one message."""
    return _encoder.encode(message)


def decode_from_agent(data: bytes | memoryview) -> AgentMessage:
    """Decode what an agent sent, checking every type and bound. Raises `UnknownMessage`, `MalformedMessage`."""
    return _decode(_agent_decoder, AGENT_TAGS, data)


def decode_authenticate(data: bytes | memoryview) -> Authenticate:
    """Decode the only message that is read before authentication. Raises `MalformedMessage`."""
    try:
        return _authenticate_decoder.decode(data)
    except NOT_DECODED as error:
        raise MalformedMessage(str(error)) from error


def decode_from_server(data: bytes | memoryview) -> ServerMessage:
    """Decode what the server sent. Raises `UnknownMessage`, `MalformedMessage`."""
    return _decode(_server_decoder, SERVER_TAGS, data)


def tag_in(data: bytes | memoryview) -> int | None:
    """Returns the tag of an encoded message, of whichever side; None when the bytes are no message of anybody."""
    try:
        return _head_decoder.decode(data).tag
    except NOT_DECODED:
        return None


def _decode(decoder: msgspec.msgpack.Decoder[Decoded], tags: frozenset[int], data: bytes | memoryview) -> Decoded:
    try:
        return decoder.decode(data)
    except NOT_DECODED as error:
        tag = tag_in(data)
        if tag is not None and tag not in tags:
            raise UnknownMessage(tag) from error
        raise MalformedMessage(str(error)) from error


def inventory_hash(items: dict[str, Any]) -> bytes:
    """16 bytes that stand for a section's items: BLAKE2b over MessagePack with sorted keys."""
    return hashlib.blake2b(_canonical.encode(items), digest_size=16).digest()
