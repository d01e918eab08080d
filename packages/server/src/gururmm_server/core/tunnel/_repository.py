"""SQL of the tech sessions. `session_id` alone never decides: the scope's tenant does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery

CHANNEL = 1
"""The terminal's channel. Others will follow for files, services and the registry."""

HOSTNAME = "coalesce(a.hostname, s.hostname)"
"""The machine's name: the one it had when the session was opened, where it has been removed since."""

_FIELDS = f"""
s.session_id, s.agent_id, {HOSTNAME} as hostname, s.status, s.opened_at, s.closed_at, s.close_reason, s.opened_by,
  s.opened_by_id, s.exit_code, s.input_audited, s.output_recorded, s.columns, s.rows, s.shell
"""
_FROM = "from core.tunnel_sessions s left join core.agents a using (agent_id)"
_GATEWAY = "(select gateway_id from core.agent_state t where t.agent_id = s.agent_id and t.online)"
_CLAIM = f"""
update core.tunnel_sessions s set lease_owner = $2, lease_until = now() + interval '60 seconds'
where session_id = $1 and opened_by_id = $3 and status <> 'closed'
returning session_id, tenant_id, agent_id, status, shell, columns, rows, input_audited, output_recorded,
  {_GATEWAY} as gateway_id
"""
_RENEW = f"""
update core.tunnel_sessions s set lease_until = now() + interval '60 seconds'
where session_id = $1 and lease_owner = $2 and status <> 'closed' returning {_GATEWAY} as gateway_id
"""
_APPEND_INPUT = """
with owned as (
  update core.tunnel_sessions set input_audited = $4
  where session_id = $1 and lease_owner = $2 and input_audited = $3 and status <> 'closed'
  returning session_id, agent_id)
select core.append_audit('tunnel_audit', 'terminal.input', $5, $6, agent_id, session_id, $7, $8, $9) from owned
"""
_RECORD = """
with owned as (
  update core.tunnel_sessions
  set output_recorded = $4, status = case status when 'opening' then 'open' else status end
  where session_id = $1 and lease_owner = $2 and output_recorded = $3
  returning tenant_id, session_id),
added as (
  insert into core.tunnel_recording (tenant_id, session_id, at, kind, output_offset, data)
  select tenant_id, session_id, r.at, r.kind::"char", r.output_offset, r.data
  from owned, unnest($5::timestamptz[], $6::text[], $7::bigint[], $8::bytea[])
    with ordinality r (at, kind, output_offset, data, n) order by n)
select true from owned
"""
_CLOSED = """
returning s.session_id, s.agent_id, s.opened_by,
  coalesce((select hostname from core.agents a where a.tenant_id = s.tenant_id and a.agent_id = s.agent_id), s.hostname)
    as hostname
"""
_CLOSE = f"""
update core.tunnel_sessions s set status = 'closed', closed_at = now(), close_reason = $2, exit_code = $3
where s.session_id = $1 and s.status <> 'closed' {_CLOSED}
"""
_CLOSE_ALL = f"""
update core.tunnel_sessions s set status = 'closed', closed_at = now(), close_reason = $2
where s.agent_id = $1 and s.status <> 'closed' {_CLOSED}
"""
_CLOSE_EXPIRED = f"""
update core.tunnel_sessions s set status = 'closed', closed_at = now(), close_reason = $2
where s.session_id = $1 and s.status <> 'closed' and s.lease_until < now() {_CLOSED}
"""
_HANG_UP = """
select s.session_id, s.agent_id, t.gateway_id
from core.tunnel_sessions s join core.agent_state t using (tenant_id, agent_id)
where s.status = 'closed' and s.closed_at > now() - interval '3 minutes' and t.online and t.gateway_id is not null
limit 1000
"""
_INPUT_SINCE = """
select (details->>'offset')::bigint as start, input from core.tunnel_audit
where session_id = $1 and operation = 'terminal.input' and (details->>'offset')::bigint + length(input) > $2
order by start
"""
_PAGE = """
select record_id, extract(epoch from at)::float8 as at, kind::text as kind, data from core.tunnel_recording
where session_id = $1 and record_id > $2 order by record_id limit 500
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A tech session as its new owner found it."""

    session_id: UUID
    tenant_id: UUID
    agent_id: UUID
    status: str
    shell: str
    columns: int
    rows: int
    input_audited: int
    output_recorded: int
    gateway_id: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of a recording: output that begins at `offset`, or (kind r) a window size at that point."""

    at: datetime
    kind: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ends:
    """How far a session's streams are written down."""

    open: bool
    input_audited: int
    output_recorded: int


async def find_agent(tx: Transaction, agent_id: UUID) -> Row | None:
    """hostname and gateway_id (null: offline) of a machine in the scope; it is not removed meanwhile."""
    return await tx.fetchrow(
        "select a.hostname, case when t.online then t.gateway_id end as gateway_id"
        " from core.agents a left join core.agent_state t using (agent_id)"
        " where a.agent_id = $1 and a.revoked_at is null"
        " for share of a",
        agent_id,
    )


async def count_open(tx: Transaction, user_id: UUID) -> int:
    """How many sessions this person has open. Holds a lock, so that two requests at once count each other."""
    await tx.fetchval("select pg_advisory_xact_lock(hashtextextended($1, 7))", str(user_id))
    count: int = await tx.fetchval(
        "select count(*) from core.tunnel_sessions where opened_by_id = $1 and status <> 'closed'", user_id
    )
    return count


async def insert(
    tx: Transaction,
    session_id: UUID,
    *,
    agent_id: UUID,
    hostname: str,
    email: str,
    user_id: UUID,
    size: tuple[int, int],
    shell: str,
) -> None:
    """A new session, status opening."""
    await tx.execute(
        "insert into core.tunnel_sessions"
        " (tenant_id, session_id, agent_id, hostname, opened_by, opened_by_id, columns, rows, shell)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.tenant_id,
        session_id,
        agent_id,
        hostname,
        email,
        user_id,
        *size,
        shell,
    )


async def find(tx: Transaction, session_id: UUID) -> Row | None:
    """One session with its machine's name."""
    return await tx.fetchrow(f"select {_FIELDS} {_FROM} where s.session_id = $1", session_id)


async def claim(tx: Transaction, session_id: UUID, owner: str, user_id: UUID) -> Claimed | None:
    """Take the session over; from the commit on, an earlier owner can neither audit nor record. None: closed."""
    row = await tx.fetchrow(_CLAIM, session_id, owner, user_id)
    return Claimed(**row) if row is not None else None


async def renew(tx: Transaction, session_id: UUID, owner: str) -> tuple[bool, str | None]:
    """Whether the session is still open and `owner`'s, and the gateway that holds its agent now."""
    row = await tx.fetchrow(_RENEW, session_id, owner)
    return (True, row["gateway_id"]) if row is not None else (False, None)


async def append_input(
    tx: Transaction, session_id: UUID, owner: str, offset: int, data: bytes, *, email: str, user_id: UUID
) -> bool:
    """Audit input and count it, in one statement. False: not the owner's any more, closed, or counted already."""
    seq = await tx.fetchval(
        _APPEND_INPUT,
        session_id,
        owner,
        offset,
        offset + len(data),
        email,
        user_id,
        CHANNEL,
        {"offset": offset},
        data,
    )
    return seq is not None


async def record(tx: Transaction, session_id: UUID, owner: str, span: tuple[int, int], rows: list[Recorded]) -> bool:
    """Add to the recording and move its end from `start` to `end`. False as for `append_input`."""
    done = await tx.fetchval(
        _RECORD,
        session_id,
        owner,
        *span,
        [row.at for row in rows],
        [row.kind for row in rows],
        [row.offset for row in rows],
        [row.data for row in rows],
    )
    return done is not None


async def ends(tx: Transaction, session_id: UUID, owner: str) -> Ends | None:
    """How far input is audited and output recorded, if the session is still `owner`'s."""
    row = await tx.fetchrow(
        "select status <> 'closed' as open, input_audited, output_recorded from core.tunnel_sessions"
        " where session_id = $1 and lease_owner = $2",
        session_id,
        owner,
    )
    return Ends(**row) if row is not None else None


async def close(tx: Transaction, session_id: UUID, reason: str, exit_code: int | None) -> Row | None:
    """Close; agent_id, hostname and opened_by, or None where it was closed already."""
    return await tx.fetchrow(_CLOSE, session_id, reason, exit_code)


async def close_all(tx: Transaction, agent_id: UUID, reason: str) -> list[Row]:
    """Close what is open to a machine; session_id, agent_id, hostname and opened_by of each."""
    return await tx.fetch(_CLOSE_ALL, agent_id, reason)


async def recorded_output(tx: Transaction, session_id: UUID, start: int, end: int) -> bytes:
    """The recorded output in [start, end)."""
    rows = await tx.fetch(
        "select output_offset, data from core.tunnel_recording where session_id = $1 and kind = 'o'"
        " and output_offset < $3 and output_offset + length(data) > $2 order by output_offset",
        session_id,
        start,
        end,
    )
    return b"".join(row["data"][max(0, start - row["output_offset"]) : end - row["output_offset"]] for row in rows)


async def recording_page(tx: Transaction, session_id: UUID, after: int) -> list[Row]:
    """Up to 500 rows of a recording after a record id: record_id, at (Unix seconds), kind, data."""
    return await tx.fetch(_PAGE, session_id, after)


async def audited_input(tx: Transaction, session_id: UUID, start: int) -> bytes | None:
    """The audited input from `start` on; None where the audit has a hole. In an audit reader's scope."""
    await tx.execute(
        "insert into core.audit_reads (tenant_id, read_id, actor, query) values ($1, gen_random_uuid(), $2, $3)",
        tx.tenant_id,
        "terminal relay",
        {"session_id": str(session_id), "input_from": start},
    )
    found = b""
    for row in await tx.fetch(_INPUT_SINCE, session_id, start):
        skip = start + len(found) - row["start"]
        if skip < 0:
            return None
        found += row["input"][skip:]
    return found


async def gateway_of(tx: Transaction, agent_id: UUID) -> str | None:
    """The gateway that holds this agent now; None: it is offline."""
    gateway_id: str | None = await tx.fetchval(
        "select gateway_id from core.agent_state where agent_id = $1 and online", agent_id
    )
    return gateway_id


async def page(
    tx: Transaction, query: PageQuery, words: list[str], agent_id: UUID | None, status: str | None
) -> tuple[list[Row], int]:
    """Rows of one page (one more than it holds) and how many match."""
    where = (
        f"($1::text[] = '{{}}' or lower(concat_ws(' ', {HOSTNAME}, s.opened_by, s.close_reason)) like all ($1))"
        " and ($2::uuid is null or s.agent_id = $2) and ($3::text is null or s.status = $3)"
    )
    after, values = query.after_sql("s.session_id", 4)
    rows = await tx.fetch(
        f"select {_FIELDS}, {query.sort.expression} as sort_value, s.session_id as sort_id {_FROM}"
        f" where {where} and {after} {query.order_by('s.session_id')} limit {query.fetch_count}",
        words,
        agent_id,
        status,
        *values,
    )
    total: int = await tx.fetchval(
        f"select count(*) {_FROM} where {where}",
        words,
        agent_id,
        status,
    )
    return rows, total


async def expired(tx: Transaction) -> list[Row]:
    """Sessions of every tenant whose lease is over: tenant_id, session_id."""
    return await tx.fetch(
        "select tenant_id, session_id from core.tunnel_sessions"
        " where status <> 'closed' and lease_until < now() order by lease_until limit 200"
    )


async def close_expired(tx: Transaction, session_id: UUID, reason: str) -> Row | None:
    """As `close`, in the worker's scope and only while the lease is still over."""
    return await tx.fetchrow(_CLOSE_EXPIRED, session_id, reason)


async def to_hang_up(tx: Transaction) -> list[Row]:
    """Sessions closed a moment ago whose agents are online: session_id, agent_id, gateway_id."""
    return await tx.fetch(_HANG_UP)


def as_json(row: Row) -> dict[str, Any]:
    """The status object of the API."""
    return {
        "session_id": row["session_id"],
        "agent_id": row["agent_id"],
        "hostname": row["hostname"],
        "status": row["status"],
        "opened_at": row["opened_at"],
        "closed_at": row["closed_at"],
        "close_reason": row["close_reason"],
        "opened_by": row["opened_by"],
        "exit_code": row["exit_code"],
        "input_bytes": row["input_audited"],
        "output_bytes": row["output_recorded"],
    }
