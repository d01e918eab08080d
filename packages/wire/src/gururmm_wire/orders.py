"""Orders: what an agent does because the holder of the order key says so, whoever carries the message.

The api and the worker sign; gateways and the bus carry `Order` as it is, and can neither make one nor change one. What
is signed is `signed_bytes` of the encoded `Body`, so that the bytes themselves are what is checked. A body binds its
message to one addressee, an id, a last moment and a counter. The counter rises from order to order (it is the signer's
clock in nanoseconds): an agent remembers those that it followed, and refuses one again, and one below all that it
remembers. Signing and checking are the peers' own business, for this package holds no keys.

Why an order is refused (`names.REFUSALS`): it came bare (`not_signed`); the agent pinned no order key (`no_key`), or
not this one (`unknown_key`); the signature does not fit (`forged`); what is signed is no order (`malformed`), or of a
kind that only newer agents know (`unknown_kind`); it is meant for somebody else (`other_addressee`); its last moment is
over (`expired`), or lies further ahead than any order's may (`too_far_ahead`); its counter is below the window
(`behind`), or was followed before (`repeated`).
"""

from hashlib import blake2b
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from gururmm_wire.codec import NOT_DECODED, MalformedMessage, UnknownMessage, decode_from_server, encode
from gururmm_wire.v2.agent import Count, Id, Message, Part, Seconds
from gururmm_wire.v2.limits import MAX_MESSAGE_BYTES
from gururmm_wire.v2.names import OpenName
from gururmm_wire.v2.server import (
    CancelCommand,
    ChangeIdentity,
    KeyChange,
    Order,
    RunCommand,
    SettingsPush,
    TunnelOpen,
    TunnelRekey,
    Uninstall,
)

EVERY_AGENT: Final = bytes(16)
"""The addressee of a change of the order key, which is the same for all agents of an installation."""

KINDS: Final[dict[str, type[Message]]] = {
    "run_command": RunCommand,
    "cancel_command": CancelCommand,
    "tunnel_open": TunnelOpen,
    "settings": SettingsPush,
    "key_change": KeyChange,
    "tunnel_rekey": TunnelRekey,
    "uninstall": Uninstall,
    "change_identity": ChangeIdentity,
}
"""What an order of each kind has in it. None of these counts without an order around it."""

_NAMES: Final = {message: kind for kind, message in KINDS.items()}
_CONTEXT: Final = b"gururmm order v1\0"
_KEY_ID: Final = b"gururmm orderkey"


class Body(Part, frozen=True):
    """What is signed: who is to follow it, until when (Unix seconds), and the encoded message."""

    addressee: Id
    id: Id
    kind: OpenName
    not_after: Seconds
    counter: Count
    message: Annotated[bytes, Meta(max_length=MAX_MESSAGE_BYTES)]


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Body] = msgspec.msgpack.Decoder(Body)


class UnknownKind(MalformedMessage):
    """The order is of a kind that only a newer peer knows."""


def key_id(public_key: bytes) -> bytes:
    """Returns the 8 bytes by which an order names the key that signed it."""
    return blake2b(public_key, digest_size=8, person=_KEY_ID).digest()


def kind_of(message: Message) -> str | None:
    """Returns the kind of order that such a message belongs in; None for one that needs no order around it."""
    return _NAMES.get(type(message))


def encode_body(addressee: bytes, order_id: bytes, message: Message, *, not_after: int, counter: int) -> bytes:
    """Returns the body of an order. Raises `KeyError` for a message that is never ordered."""
    return _encoder.encode(Body(addressee, order_id, _NAMES[type(message)], not_after, counter, encode(message)))


def signed_bytes(body: bytes) -> bytes:
    """Returns what the order key signs: the body, behind a context that belongs to orders alone."""
    return _CONTEXT + body


def read(order: Order) -> tuple[Body, Message]:
    """Returns what an order says. Checks no signature. Raises `UnknownKind`, `MalformedMessage`."""
    body = read_body(order)
    expected = KINDS.get(body.kind)
    if expected is None:
        raise UnknownKind(f"no order is of the kind {body.kind} here")
    try:
        message = decode_from_server(body.message)
    except UnknownMessage as error:
        raise MalformedMessage(str(error)) from error
    if type(message) is not expected:
        raise MalformedMessage(f"an order of the kind {body.kind} has a {type(message).__name__} in it")
    return body, message


def read_body(order: Order) -> Body:
    """Returns the body of an order, whatever its kind. Checks no signature. Raises `MalformedMessage`."""
    try:
        return _decoder.decode(order.body)
    except NOT_DECODED as error:
        raise MalformedMessage(str(error)) from error
