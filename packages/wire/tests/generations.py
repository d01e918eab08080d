"""Peers of other ages, made from the unions of messages: what they say, and what they make of what they hear.

A peer from the future knows one message, one field of everything, one name of every list and one capability more than
anybody does today; one from the past knows the newest of each not yet.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args

import msgspec
from gururmm_wire import capabilities, codec
from gururmm_wire.codec import tag_of
from gururmm_wire.v2.agent import AgentMessage, Message
from gururmm_wire.v2.names import OpenName
from gururmm_wire.v2.server import ServerMessage
from msgspec import inspect
from samples import FROM_AGENT, FROM_SERVER, ID

Side = Literal["agent", "server"]
NEW = "of_the_future"
"""The name that nobody knows yet."""

_SAID = {"agent": get_args(AgentMessage), "server": get_args(ServerMessage)}
_SAMPLES = {"agent": FROM_AGENT, "server": FROM_SERVER}
_HANDSHAKE = {"Authenticate", "Challenge", "Welcome"}
_OPEN = inspect.type_info(OpenName)


class Today:
    """A peer of this build."""

    def __init__(self, side: Side) -> None:
        self.side = side

    def encode(self, message: Message) -> bytes:
        """The message as this peer writes it."""
        return codec.encode(message)

    @property
    def capabilities(self) -> list[str]:
        """What it says that it can do."""
        return capabilities.said_by(self.side)

    def knows(self, message: Message) -> bool:
        """Whether it understands such a message of the other side."""
        return message is not None


class Future(Today):
    """A peer from the future."""

    def encode(self, message: Message) -> bytes:
        return _written(message, lambda items, _fields: [*items, {"a": ["field"]}])

    @property
    def capabilities(self) -> list[str]:
        return [*super().capabilities, NEW]

    def unknown(self) -> Iterator[bytes]:
        """A message that nobody knows, and every message that says a name out of a list, with one that nobody knows."""
        yield msgspec.msgpack.encode([max(map(tag_of, _SAID[self.side])) + 1, ID, {"any": ["thing"]}, NEW])
        for message in self.unknown_names():
            yield self.encode(message)

    def unknown_names(self) -> Iterator[Message]:
        """The second part of `unknown`."""
        for sample in _SAMPLES[self.side].values():
            renamed = _renamed(inspect.type_info(type(sample)), msgspec.to_builtins(sample, builtin_types=(bytes,)))
            message = msgspec.convert(renamed, type(sample))
            if message != sample and type(sample).__name__ not in _HANDSHAKE:
                yield message


class Past(Today):
    """A peer from the past. `shrinks`: without the newest field of everything; else only without the newest names."""

    shrinks = True

    def encode(self, message: Message) -> bytes:
        if not self.shrinks:
            return codec.encode(message)
        assert type(message) is not newest(self.side)
        return _written(message, lambda items, fields: items[:-1] if fields and not fields[-1].required else items)

    @property
    def capabilities(self) -> list[str]:
        return super().capabilities[:-1]

    def knows(self, message: Message) -> bool:
        return type(message) is not newest("server" if self.side == "agent" else "agent")


def newest(side: Side) -> type[Message]:
    """The message of a side that came last."""
    return max(_SAID[side], key=tag_of)


def open_names(kind: type[Message]) -> int:
    """How many fields of a message are names out of a list, those of its parts among them."""
    return sum(1 for info in _walk(inspect.type_info(kind)) if info == _OPEN)


def parts(kind: type[Message]) -> Iterator[inspect.Type]:
    """Every type that a message is made of."""
    return _walk(inspect.type_info(kind))


def _written(message: Message, change: Callable[[list[Any], tuple[inspect.Field, ...]], list[Any]]) -> bytes:
    whole = msgspec.msgpack.decode(codec.encode(message))
    return msgspec.msgpack.encode(_reshaped(inspect.type_info(type(message)), whole, change))


def _reshaped(info: inspect.Type, value: Any, change: Callable[..., list[Any]]) -> Any:
    """The value with `change` applied to every array that stands for a struct in it."""
    if isinstance(info, inspect.StructType) and isinstance(value, list):
        first = 0 if info.tag is None else 1
        fields = value[first:]
        inner = [_reshaped(field.type, item, change) for field, item in zip(info.fields, fields, strict=True)]
        return [*value[:first], *change(inner, info.fields)]
    if isinstance(info, inspect.ListType):
        return [_reshaped(info.item_type, item, change) for item in value]
    return value


def _renamed(info: inspect.Type, value: Any) -> Any:
    """The value with every name out of a list replaced by the one that nobody knows."""
    if info == _OPEN:
        return NEW
    if isinstance(info, inspect.UnionType) and value is not None:
        return NEW if _OPEN in info.types else value
    if isinstance(info, inspect.StructType):
        first = 0 if info.tag is None else 1
        renamed = [_renamed(field.type, item) for field, item in zip(info.fields, value[first:], strict=True)]
        return [*value[:first], *renamed]
    if isinstance(info, inspect.ListType):
        return [_renamed(info.item_type, item) for item in value]
    if isinstance(info, inspect.DictType) and info.key_type == _OPEN:
        return dict.fromkeys([NEW], next(iter(value.values())))
    return value


def _walk(info: inspect.Type) -> Iterator[inspect.Type]:
    yield info
    if isinstance(info, inspect.StructType):
        for field in info.fields:
            yield from _walk(field.type)
    elif isinstance(info, inspect.ListType):
        yield from _walk(info.item_type)
    elif isinstance(info, inspect.DictType):
        yield from _walk(info.key_type)
        yield from _walk(info.value_type)
    elif isinstance(info, inspect.UnionType):
        for member in info.types:
            yield from _walk(member)
