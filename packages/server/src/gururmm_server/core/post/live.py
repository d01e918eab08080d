"""What dashboards are told while they look: messages of many kinds, each its component's own, in one batch a tenant."""

from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from gururmm_server.core.access.audience import Audience
from gururmm_server.core.component import LiveKind
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

# What a browser is told has to be sayable: another process may send anything.
Id = Annotated[bytes, Meta(min_length=16, max_length=16)]
"""The bytes of an id."""
UnixSeconds = Annotated[float, Meta(ge=0, le=253_402_300_799)]
"""A moment that a date has: until the end of the year 9999."""

Item = TypeVar("Item", bound=LiveKind)

_encode = msgspec.msgpack.Encoder().encode
_each = msgspec.msgpack.Decoder(list[msgspec.Raw])
_decoders: dict[type[LiveKind], "msgspec.msgpack.Decoder[list[Any]]"] = {}


class LiveItem(msgspec.Struct, array_like=True, frozen=True):
    """Base of live messages. A kind that declares no audience reaches nobody.

    Its first fields are its own; `client_id` is one of them: the Client that it is about, None for the whole Partner.
    """

    kind: ClassVar[str]
    """How it is called in a batch, and on the browser's stream."""
    audience: ClassVar[Audience | None] = None
    of_machines: ClassVar[bool] = False
    """It tells what a machine does, so gateways say it."""

    if TYPE_CHECKING:

        @property
        def client_id(self) -> bytes | None: ...

    def for_whom(self) -> Audience | None:
        """Returns who may receive it."""
        return self.audience

    def weight(self) -> int:
        """Returns about how many bytes it takes on the bus."""
        return 100

    def shown(self) -> dict[str, Any]:
        """Returns it as a browser gets it; by itself its fields, ids in words."""
        fields = msgspec.structs.asdict(self).items()
        return {name: str(UUID(bytes=value)) if name.endswith("_id") and value else value for name, value in fields}


class LiveBatch(msgspec.Struct, array_like=True, dict=True):
    """To every dashboard of a tenant: what changed, by kind. Kinds that only a newer process knows stay unread."""

    said: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)

    def of(self, kind: type[Item]) -> list[Item]:
        """Returns the messages of a kind, in their order, without what is none. Decoded once, however many ask."""
        found: list[Item] | None = self._decoded.get(kind)
        if found is None:
            raw = self.said.get(kind.kind)
            found = self._decoded[kind] = [] if raw is None else _readable(kind, raw)
        return found

    @cached_property
    def _decoded(self) -> dict[type[LiveKind], list[Any]]:
        return {}


class GatewayBatch(LiveBatch, array_like=True, dict=True):
    """What a gateway says: of kinds that are not for it to say there is nothing in it."""

    def of(self, kind: type[Item]) -> list[Item]:
        return super().of(kind) if kind.of_machines else []


def encode(items: Iterable[LiveKind]) -> bytes:
    """Returns the `LiveBatch` of these messages as it goes over the bus."""
    by_kind: dict[str, list[LiveKind]] = {}
    for item in items:
        by_kind.setdefault(item.kind, []).append(item)
    return _encode([by_kind])


def _decoder(kind: type[Item]) -> "msgspec.msgpack.Decoder[list[Item]]":
    if kind not in _decoders:
        _decoders[kind] = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]
    return _decoders[kind]


def _readable(kind: type[Item], raw: msgspec.Raw) -> list[Item]:
    """Returns those messages of a list that are of this kind."""
    try:
        return _decoder(kind).decode(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        log.warning("live messages that are none are passed over", kind=kind.kind, error=str(error))
    found: list[Item] = []
    with suppress(msgspec.MsgspecError, RecursionError):
        for each in _each.decode(raw):
            with suppress(msgspec.MsgspecError, RecursionError):
                found.append(msgspec.msgpack.decode(each, type=kind))
    return found
