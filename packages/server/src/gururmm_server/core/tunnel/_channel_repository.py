"""SQL of the channels and their recordings. Every write is fenced by the channel's owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from gururmm_server.core.tunnel.recording import Block
from gururmm_server.core.tunnel.schemas import Status
from gururmm_server.infra.database import Transaction

_CLAIMED = "channel, kind, parameters, rights, state, input_audited, output_recorded"
_CLAIM = f"""
update core.tunnel_channels set owner = $2
where session_id = $1 and state <> 'closed' and ($3::int is null or channel = $3) returning {_CLAIMED}
"""
_APPEND_INPUT = """
with owned as (
  update core.tunnel_channels set input_audited = $5
  where session_id = $1 and channel = $2 and owner = $3 and input_audited = $4 and state <> 'closed'
  returning true)
select core.append_audit('tunnel_audit', $6, $7, $8, $9, $1, $2, $10, $11) from owned
"""
_RECORD = """
with owned as (
  update core.tunnel_channels set output_recorded = $5, left_out = left_out + $5::bigint - $4::bigint - $8::int,
    recorded_bytes = recorded_bytes + coalesce(length($10::bytea), 0)
  where session_id = $1 and channel = $2 and owner = $3 and output_recorded = $4
  returning tenant_id),
added as (
  insert into core.tunnel_recording (tenant_id, session_id, channel, at, output_offset, output_bytes, codec, data)
  select tenant_id, $1, $2, $6::timestamptz, $7::bigint, $8, $9::text::"char", $10 from owned where $10 is not null)
select true from owned
"""
_RECORDED = """
select extract(epoch from at)::float8 as at, output_offset, output_bytes, codec::text as codec, data
from core.tunnel_recording
where session_id = $1 and channel = $2 and output_bytes > 0 and output_offset < $4 and output_offset + output_bytes > $3
order by output_offset
"""
_SPANS = """
select output_offset, output_bytes from core.tunnel_recording
where session_id = $1 and channel = $2 and output_bytes > 0 and output_offset < $4 and output_offset + output_bytes > $3
order by output_offset
"""
_PAGE = """
select record_id, extract(epoch from at)::float8 as at, output_offset, output_bytes, codec::text as codec, data
from core.tunnel_recording where session_id = $1 and channel = $2 and record_id > $3 order by record_id limit 100
"""
_OPEN = """
with opened as (
  update core.tunnel_channels set state = 'open'
  where session_id = $1 and channel = $2 and owner = $3 and state = 'opening' returning session_id)
update core.tunnel_sessions s set status = 'open' from opened where s.session_id = $1 and s.status = 'opening'
"""
_CLOSE = """
update core.tunnel_channels set state = 'closed', closed_at = now(), close_reason = $2, exit_code = $3
where session_id = any($1) and ($4::int is null or channel = $4) and state <> 'closed'
returning session_id, channel, kind
"""
_CLOSE_AS_WORKER = """
update core.tunnel_channels set state = 'closed', closed_at = now(), close_reason = $2
where session_id = any($1) and state <> 'closed' returning session_id, channel, kind
"""


@dataclass(frozen=True, slots=True)
class Owned:
    """A channel and the token of the relay that writes its rows."""

    session_id: UUID
    channel: int
    owner: str


@dataclass(frozen=True, slots=True)
class ClaimedChannel:
    """A channel as its new owner found it."""

    channel: int
    kind: str
    parameters: dict[str, Any]
    rights: list[str]
    state: str
    input_audited: int
    output_recorded: int


@dataclass(frozen=True, slots=True)
class Ends:
    """How far a channel's streams are written down."""

    open: bool
    input_audited: int
    output_recorded: int


@dataclass(frozen=True, slots=True)
class ClosedChannel:
    """A channel that was closed by this statement."""

    session_id: UUID
    channel: int
    kind: str


class ChannelRow(msgspec.Struct, frozen=True):
    """A channel of a session."""

    session_id: UUID
    channel: int
    kind: str
    parameters: dict[str, Any]
    rights: list[str]
    state: Status
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    exit_code: int | None
    input_audited: int
    output_recorded: int
    left_out: int


async def insert(
    tx: Transaction,
    session_id: UUID,
    channel: int,
    *,
    kind: str,
    parameters: dict[str, Any],
    rights: Sequence[str],
    owner: str | None = None,
) -> None:
    """Adds a channel in the state opening, for the session's owner if it has one."""
    await tx.execute(
        "insert into core.tunnel_channels (tenant_id, session_id, channel, kind, parameters, rights, owner)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant_id,
        session_id,
        channel,
        kind,
        parameters,
        list(rights),
        owner,
    )


async def of_sessions(tx: Transaction, session_ids: list[UUID]) -> list[ChannelRow]:
    """Returns the channels of those sessions, in their order."""
    rows = await tx.fetch(
        "select session_id, channel, kind, parameters, rights, state, opened_at, closed_at, close_reason, exit_code,"
        " input_audited, output_recorded, left_out from core.tunnel_channels"
        " where session_id = any($1) order by session_id, channel",
        session_ids,
    )
    return [ChannelRow(**row) for row in rows]


async def find(tx: Transaction, session_id: UUID, channel: int) -> ChannelRow | None:
    """Returns one channel, as `of_sessions` does."""
    for row in await of_sessions(tx, [session_id]):
        if row.channel == channel:
            return row
    return None


async def claim(tx: Transaction, session_id: UUID, owner: str, channel: int | None = None) -> list[ClaimedChannel]:
    """Takes all channels of a session over, or one. From the commit on, an earlier owner neither audits nor records."""
    return [ClaimedChannel(**row) for row in await tx.fetch(_CLAIM, session_id, owner, channel)]


async def stored(tx: Transaction, session_id: UUID) -> int:
    """Returns how many bytes of recordings a session has."""
    found: int = await tx.fetchval(
        "select coalesce(sum(recorded_bytes), 0)::bigint from core.tunnel_channels where session_id = $1", session_id
    )
    return found


async def mark_open(tx: Transaction, owned: Owned) -> None:
    """Notes that the agent opened the channel."""
    await tx.execute(_OPEN, owned.session_id, owned.channel, owned.owner)


async def append_input(
    tx: Transaction,
    owned: Owned,
    offset: int,
    data: bytes,
    *,
    operation: str,
    email: str,
    user_id: UUID,
    agent_id: UUID,
) -> bool:
    """Audits input and counts it. Returns False for a channel that is closed or another's, or input counted already."""
    seq = await tx.fetchval(
        _APPEND_INPUT,
        owned.session_id,
        owned.channel,
        owned.owner,
        offset,
        offset + len(data),
        operation,
        email,
        user_id,
        agent_id,
        {"offset": offset},
        data,
    )
    return seq is not None


async def record(tx: Transaction, owned: Owned, span: tuple[int, int], block: Block | None) -> bool:
    """Adds a block (None: leaves the span out) and moves the recording's end. Returns False as `append_input` does."""
    values: tuple[Any, ...] = (None, None, 0, None, None)
    if block is not None:
        at = datetime.fromtimestamp(block.at, UTC)
        values = (at, block.offset, block.size, block.codec, block.data)
    return await tx.fetchval(_RECORD, owned.session_id, owned.channel, owned.owner, *span, *values) is not None


async def ends(tx: Transaction, owned: Owned) -> Ends | None:
    """Returns how far input is audited and output recorded, if the channel is still `owner`'s."""
    row = await tx.fetchrow(
        "select state <> 'closed' as open, input_audited, output_recorded from core.tunnel_channels"
        " where session_id = $1 and channel = $2 and owner = $3",
        owned.session_id,
        owned.channel,
        owned.owner,
    )
    return Ends(**row) if row is not None else None


async def close(
    tx: Transaction, session_ids: list[UUID], reason: str, exit_code: int | None = None, channel: int | None = None
) -> list[ClosedChannel]:
    """Closes all channels of those sessions, or the one of that number. Returns those that were open."""
    return [ClosedChannel(**row) for row in await tx.fetch(_CLOSE, session_ids, reason, exit_code, channel)]


async def close_as_worker(tx: Transaction, session_ids: list[UUID], reason: str) -> list[ClosedChannel]:
    """Closes all channels of those sessions, in a worker's scope. Returns those that were open."""
    return [ClosedChannel(**row) for row in await tx.fetch(_CLOSE_AS_WORKER, session_ids, reason)]


async def recorded(tx: Transaction, session_id: UUID, channel: int, start: int, end: int) -> list[Block]:
    """Returns the blocks that hold output of [start, end), in order."""
    return [Block(*row) for row in await tx.fetch(_RECORDED, session_id, channel, start, end)]


async def spans(tx: Transaction, session_id: UUID, channel: int, start: int, end: int) -> list[tuple[int, int]]:
    """Returns where the blocks of `recorded` begin and how much output each holds, in order."""
    return [tuple(row) for row in await tx.fetch(_SPANS, session_id, channel, start, end)]


async def recording_page(tx: Transaction, session_id: UUID, channel: int, after: int) -> list[tuple[int, Block]]:
    """Returns up to 100 blocks of a recording after a record id, each with its own."""
    return [(row[0], Block(*row[1:])) for row in await tx.fetch(_PAGE, session_id, channel, after)]
