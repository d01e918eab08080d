"""What the server says to an agent (protocol 2)."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gururmm_wire.v2.agent import (
    Capabilities,
    Channel,
    Count,
    Id,
    Key,
    Message,
    Name,
    Nonce,
    OrderKeyId,
    Part,
    Sealed,
    Seconds,
    Signature,
    Text,
)
from gururmm_wire.v2.limits import CHANGE_BYTES, MAX_MESSAGE_BYTES, ORDER_KEYS, SCRIPT_BYTES, SECTIONS
from gururmm_wire.v2.names import OpenName

Parameters = Annotated[dict[Name, Any], Meta(max_length=32)]


class Settings(Part, frozen=True):
    """How the agent behaves, ordered after the welcome and at every change; applied live."""

    version: Count = 0
    heartbeat_s: Annotated[int, Meta(ge=5, le=3600)] = 30
    metrics_s: Annotated[int, Meta(ge=5, le=3600)] = 60
    inventory_s: Annotated[int, Meta(ge=60, le=86400)] = 900
    log_level: OpenName = "INFO"


class Challenge(Message, frozen=True, tag=1):
    """First message on every socket, in the clear."""

    nonce: Nonce
    server_time: Seconds


class Welcome(Message, frozen=True, tag=2):
    """Both sides are proved. The first sealed message."""

    capabilities: Capabilities = msgspec.field(default_factory=list)


class SettingsPush(Message, frozen=True, tag=3):
    """New settings. Only inside of an `Order`."""

    settings: Settings


class InventoryWanted(Message, frozen=True, tag=4):
    """Send these sections whole."""

    sections: Annotated[list[OpenName], Meta(max_length=SECTIONS)]


class RunCommand(Message, frozen=True, tag=5):
    """Run a script once. Only inside of an `Order`.

    An id that the agent already knows is answered with what it knows, and never run again.
    """

    command_id: Id
    shell: Name
    script: Annotated[str, Meta(max_length=SCRIPT_BYTES)]
    timeout_s: Annotated[int, Meta(ge=1, le=86400)]


class CancelCommand(Message, frozen=True, tag=6):
    """Kill the process tree of this command. Only inside of an `Order`."""

    command_id: Id


class ResultAck(Message, frozen=True, tag=7):
    """Result and output are in the database: the agent may forget them, but keeps the id."""

    command_id: Id


class TunnelOpen(Message, frozen=True, tag=8):
    """Open a channel of a tech session, or say again that it is open. An unknown kind is refused by `TunnelClosed`.

    Only inside of an `Order`.
    """

    session_id: Id
    channel: Channel
    kind: OpenName
    parameters: Parameters
    """The kind's own: a terminal has `columns`, `rows`, `shell`, `directory`. Unknown ones are ignored."""
    rights: Annotated[list[OpenName], Meta(max_length=32)]
    """What the technician may do on the channel: a terminal takes input only with `input`."""
    credit: Count
    """The channel may send its output before this offset."""
    half: Key | None
    """The api's half of the key that seals the channel's bytes (`channel_seal`); null: a later order has it."""


class TunnelInput(Message, frozen=True, tag=9):
    """Input for the channel, sealed; bytes before the agent's own input offset are a repetition and are dropped."""

    session_id: Id
    channel: Channel
    offset: Count
    data: Sealed


class TunnelChange(Message, frozen=True, tag=10):
    """Some of a channel's parameters have other values: a terminal's window has another size.

    `number` rises from change to change under one key: an older one is dropped. `sealed` holds `Parameters`.
    """

    session_id: Id
    channel: Channel
    number: Count
    sealed: Annotated[bytes, Meta(max_length=CHANGE_BYTES)]


class TunnelOutputAck(Message, frozen=True, tag=11):
    """All output before `offset` is recorded and shown: forget it. The channel may send what lies before `credit`."""

    session_id: Id
    channel: Channel
    offset: Count
    credit: Count


class TunnelResume(Message, frozen=True, tag=12):
    """Send the output again from `offset`, then `TunnelInputAck`; answered by `TunnelClosed` if the channel is gone."""

    session_id: Id
    channel: Channel
    offset: Count
    credit: Count


class TunnelClose(Message, frozen=True, tag=13):
    """End a channel, or (null) every channel of the session; their programs are hung up, then killed."""

    session_id: Id
    channel: Channel | None = None


class Query(Message, frozen=True, tag=14):
    """A question answered once, on demand: `processes` {}, `folders` {path}, `temperatures` {}, `smart` {}."""

    query_id: Id
    kind: OpenName
    arguments: dict[Name, Any] = msgspec.field(default_factory=dict)


class Watch(Message, frozen=True, tag=15):
    """Somebody looks at this machine: send `Metrics` every `interval_s` for the next `for_s` seconds."""

    interval_s: Annotated[int, Meta(ge=1, le=60)]
    for_s: Annotated[int, Meta(ge=1, le=600)]


class MoveOver(Message, frozen=True, tag=16):
    """The gateway is stopping: say hello again after a random wait of up to `within_s`."""

    within_s: Annotated[int, Meta(ge=0, le=600)]


class Order(Message, frozen=True, tag=17):
    """Something to do, by the holder of an order key: `body` is an encoded `orders.Body`, and `signature` is over it.

    Whoever carries an order can neither read a key out of it nor change it.
    """

    key_id: OrderKeyId
    body: Annotated[bytes, Meta(max_length=MAX_MESSAGE_BYTES)]
    signature: Signature


class KeyChange(Message, frozen=True, tag=18):
    """This key (Ed25519) signs orders, too, and the retired ones no more. Only inside of an `Order`."""

    public_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    retired: Annotated[list[OrderKeyId], Meta(max_length=ORDER_KEYS)] = msgspec.field(default_factory=list)


class TunnelRekey(Message, frozen=True, tag=19):
    """Another api process has the session: speak on this channel under a key agreed with this half.

    Only inside of an `Order`. Answered by `TunnelOpened`, and by `TunnelClosed` if the channel is gone.
    """

    session_id: Id
    channel: Channel
    half: Key


class Uninstall(Message, frozen=True, tag=20):
    """The machine was removed: end what runs, take the agent and its key away. Only inside of an `Order`.

    It has no last moment, for the machine may have been off for a year. `reason` is for its log.
    """

    reason: Text = ""


class ChangeIdentity(Message, frozen=True, tag=21):
    """Be another machine to the server from now on. Only inside of an `Order`, which has no last moment.

    With `agent_id`: this one, with the same key. Without: one of its own, by a new key that is enrolled with
    `site_code`. `instance` is the process that is meant, where several have one key; null where there is only one.
    """

    agent_id: Id | None = None
    site_code: Name = ""
    instance: Id | None = None


ServerMessage = (
    Challenge
    | Welcome
    | SettingsPush
    | InventoryWanted
    | RunCommand
    | CancelCommand
    | ResultAck
    | TunnelOpen
    | TunnelInput
    | TunnelChange
    | TunnelOutputAck
    | TunnelResume
    | TunnelClose
    | Query
    | Watch
    | MoveOver
    | Order
    | KeyChange
    | TunnelRekey
    | Uninstall
    | ChangeIdentity
)
