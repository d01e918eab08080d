"""What an agent says (protocol 2). All times are whole Unix seconds unless the name says otherwise."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gururmm_wire.v2.limits import (
    CAPABILITIES,
    CHANNEL_SEAL_BYTES,
    CHUNK_BYTES,
    METRICS_BACKLOG_ITEMS,
    SECTIONS,
    TUNNEL_OUTPUT_BYTES,
)
from gururmm_wire.v2.names import OpenName

Id = Annotated[bytes, Meta(min_length=16, max_length=16)]
Nonce = Annotated[bytes, Meta(min_length=32, max_length=32)]
Key = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
OrderKeyId = Annotated[bytes, Meta(min_length=8, max_length=8)]
Hash = Annotated[bytes, Meta(min_length=16, max_length=16)]
Name = Annotated[str, Meta(max_length=128)]
Label = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=2048)]
Chunk = Annotated[bytes, Meta(max_length=CHUNK_BYTES)]
Sealed = Annotated[bytes, Meta(max_length=CHUNK_BYTES + CHANNEL_SEAL_BYTES)]
"""A chunk as `channel_seal` seals it."""
SealedOutput = Annotated[bytes, Meta(max_length=TUNNEL_OUTPUT_BYTES + CHANNEL_SEAL_BYTES)]
"""A piece of a channel's output, likewise."""
Seconds = Annotated[int, Meta(ge=0, le=2**40)]
Count = Annotated[int, Meta(ge=0, le=2**62)]
Permille = Annotated[int, Meta(ge=0, le=1000)]
Channel = Annotated[int, Meta(ge=0, le=255)]
ExitCode = Annotated[int, Meta(ge=-(2**31), le=2**32)]
Capabilities = Annotated[list[OpenName], Meta(max_length=CAPABILITIES)]

PURPOSE_TUNNEL: Final = "tunnel"


class Message(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Base of all messages: encoded as an array whose first element is the tag."""


class Part(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Base of what stands inside of messages. No tuples: a tuple's length is fixed, and a part may grow at its end."""


class Authenticate(Message, frozen=True, tag=1):
    """The answer to `Challenge`, behind its signature (`handshake`).

    `server_key` is the key that the agent pinned; `capabilities`: see that module. `order_key` is the newest order key
    that it pinned; null where it has none. `instance` is made anew by every process: two that live at the same time
    with one key are told apart by it. `hostname` and `machine_id` are what the machine calls itself.
    """

    agent_id: Id
    ephemeral: Key
    server_key: Key
    agent_version: Name
    os: Name = ""
    arch: Name = ""
    purpose: Name = ""
    """Empty for the agent's own connection; `PURPOSE_TUNNEL` for the one that carries its channels' bytes."""
    capabilities: Capabilities = msgspec.field(default_factory=list)
    order_key: OrderKeyId | None = None
    instance: Id | None = None
    hostname: Label = ""
    machine_id: Name = ""


class Heartbeat(Message, frozen=True, tag=2):
    """I am here. Every `Settings.heartbeat_s`."""

    at: Seconds
    cpu: Permille
    memory: Permille


class FilesystemUse(Part, frozen=True):
    """One mounted filesystem, in bytes."""

    mount: Label
    used: Count
    total: Count
    reserved: Count = 0
    """What is neither in use nor to be had by ordinary users, in units of 512 bytes: it goes with every sample."""
    access: OpenName | None = None
    """One of `names.ACCESS`; null where it can be written to. The sizes of one that does not answer are its last."""

    @property
    def available(self) -> int:
        """What an ordinary user can still take of it."""
        return max(0, self.total - self.used - 512 * self.reserved)


class SensorReading(Part, frozen=True):
    """One temperature, in tenths of °C."""

    label: Label
    tenths: Annotated[int, Meta(ge=-2730, le=20000)]


class Fault(Part, frozen=True):
    """Something that the agent cannot do: `kind` is one of `names.FAULTS`, `text` says it to people."""

    kind: OpenName
    text: Text = ""


class Metrics(Message, frozen=True, tag=3):
    """One sample. Sizes in bytes, rates in bytes a second, `load` in hundredths."""

    at: Seconds
    cpu: Permille
    memory_used: Count
    memory_total: Count
    swap_used: Count
    load: Count
    receive_rate: Count
    send_rate: Count
    read_rate: Count
    write_rate: Count
    disks: Annotated[list[FilesystemUse], Meta(max_length=64)]
    temperatures: Annotated[list[SensorReading], Meta(max_length=64)]
    uptime: Count = 0
    clock: Seconds | None = None
    """What the machine's own clock said, where that is not `at`, which an agent reckons by the server's."""
    faults: Annotated[list[Fault], Meta(max_length=16)] = msgspec.field(default_factory=list)


class MetricsBacklog(Message, frozen=True, tag=4):
    """Samples that were taken while there was no connection, oldest first."""

    samples: Annotated[list[Metrics], Meta(max_length=METRICS_BACKLOG_ITEMS)]


class InventoryHashes(Message, frozen=True, tag=5):
    """After `Welcome`: the hash of every section the agent has. The server asks for those it does not hold."""

    hashes: Annotated[dict[OpenName, Hash], Meta(max_length=SECTIONS)]


class InventorySection(Message, frozen=True, tag=6):
    """A whole section: item key to item (JSON-like). `hash` is over the canonical encoding (`codec.inventory_hash`)."""

    section: OpenName
    hash: Hash
    items: Annotated[dict[Label, Any], Meta(max_length=5000)]


class InventoryDelta(Message, frozen=True, tag=7):
    """What changed in a section since `base_hash`. Refused (and the whole asked for) if the server holds another."""

    section: OpenName
    base_hash: Hash
    hash: Hash
    changed: Annotated[dict[Label, Any], Meta(max_length=5000)]
    removed: Annotated[list[Label], Meta(max_length=5000)]


class CommandAccepted(Message, frozen=True, tag=8):
    """The command's id is on disk: it will run once, or be reported as interrupted."""

    command_id: Id
    started_at_ms: Count


class CommandOutput(Message, frozen=True, tag=9):
    """A piece of output. `seq` counts from 0 over all streams, as the command wrote; `stream` 1 is stdout, 2 stderr.

    `skipped` bytes of the stream were left out before this piece. Sent again until acknowledged.
    """

    command_id: Id
    seq: Count
    stream: Annotated[int, Meta(ge=1, le=255)]
    data: Chunk
    skipped: Count = 0


class CommandResult(Message, frozen=True, tag=10):
    """How a command ended: `outcome` is one of `names.OUTCOMES`.

    `chunks` is how many `CommandOutput` it had; the server acknowledges once it holds them all.
    """

    command_id: Id
    outcome: OpenName
    exit_code: ExitCode | None
    duration_ms: Count
    chunks: Count
    dropped_bytes: Count = 0
    message: Text = ""


class TunnelOpened(Message, frozen=True, tag=11):
    """The channel is open. `program` is what runs on it, if anything does.

    `half` and `signature` answer the half in the order: from then on what the channel says is sealed (`channel_seal`).
    Null where the order had none: then the channel is silent.
    """

    session_id: Id
    channel: Channel
    half: Key | None
    signature: Signature | None
    program: Label = ""


class TunnelOutput(Message, frozen=True, tag=12):
    """Output of a channel, sealed: `offset` is the number of bytes before it since the channel opened."""

    session_id: Id
    channel: Channel
    offset: Count
    data: SealedOutput


class TunnelInputAck(Message, frozen=True, tag=13):
    """The channel has taken all input before `offset`: a terminal has given it to its program."""

    session_id: Id
    channel: Channel
    offset: Count


class TunnelClosed(Message, frozen=True, tag=14):
    """The channel is over (or never began: `message` says why, and `code` says it to a program).

    `output_end` is the total output offset; `proof`, where there is a seal, says that this is the agent's own word.
    """

    session_id: Id
    channel: Channel
    exit_code: ExitCode | None = None
    message: Text = ""
    output_end: Count = 0
    code: OpenName | None = None
    proof: Sealed = b""


class Answer(Message, frozen=True, tag=15):
    """The answer to `Query`; `data` is JSON-like when `ok`, else `message` says why not, and `code` to a program."""

    query_id: Id
    ok: bool
    message: Text = ""
    data: Any = None
    code: OpenName | None = None


class Goodbye(Message, frozen=True, tag=16):
    """A clean stop: presence changes at once."""

    reason: Name = ""


class SettingsApplied(Message, frozen=True, tag=17):
    """The agent now runs with this settings version."""

    version: Count


class OrderRefused(Message, frozen=True, tag=18):
    """Nothing of an order was done: `code` (one of `names.REFUSALS`) says why to a program, `message` to people.

    `order_id` and `kind` are the order's own words, and mean nothing where it was not signed.
    """

    order_id: Id
    kind: OpenName
    code: OpenName
    message: Text = ""


AgentMessage = (
    Authenticate
    | Heartbeat
    | Metrics
    | MetricsBacklog
    | InventoryHashes
    | InventorySection
    | InventoryDelta
    | CommandAccepted
    | CommandOutput
    | CommandResult
    | TunnelOpened
    | TunnelOutput
    | TunnelInputAck
    | TunnelClosed
    | Answer
    | Goodbye
    | SettingsApplied
    | OrderRefused
)
