"""SQL of the tech sessions. `session_id` alone never decides: the scope's tenant does."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.tunnel.schemas import Status
from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Slice, read_page, search_words
from gururmm_server.infra.sql import Sql, all_of, raw, sql

HOSTNAME = "coalesce(a.hostname, s.hostname)"
"""The machine's name: the one it had when the session was opened, where it has been removed since."""
NATURAL_HOSTNAME = f"core.natural_key({HOSTNAME})"
"""What it is sorted by."""

_FIELDS = f"""
s.session_id, s.agent_id, {HOSTNAME} as hostname, s.status, s.reason, s.opened_at, s.closed_at, s.close_reason,
  s.opened_by, s.opened_by_id, s.left_at, s.grace_s
"""
_FROM = "core.tunnel_sessions s left join core.machines a using (agent_id)"
_GATEWAY = "(select gateway_id from core.machine_states t where t.agent_id = s.agent_id and t.online)"
_LEASE = "now() + make_interval(secs => s.grace_s + 15)"
"""Longer than its relay waits, which ends a session with all that was shown of it recorded."""
_CLAIM = f"""
update core.tunnel_sessions s set lease_owner = $2, lease_until = {_LEASE}, left_at = null
where session_id = $1 and opened_by_id = $3 and status <> 'closed'
returning session_id, tenant_id, agent_id, grace_s, {_GATEWAY} as gateway_id,
  (select public_key from core.machine_keys a where a.tenant_id = s.tenant_id and a.agent_id = s.agent_id) as public_key
"""
_RENEW = f"""
update core.tunnel_sessions s set lease_until = {_LEASE},
  left_at = case when $3 then null else coalesce(s.left_at, now()) end
where session_id = $1 and lease_owner = $2 and status <> 'closed' returning {_GATEWAY} as gateway_id
"""
_OWNED = "select true from core.tunnel_sessions where session_id = $1 and lease_owner = $2 for share"
_CLOSED = """
returning s.session_id, s.agent_id, s.opened_by,
  coalesce((select hostname from core.machines a where a.tenant_id = s.tenant_id and a.agent_id = s.agent_id),
    s.hostname) as hostname
"""
_CLOSE = f"""
update core.tunnel_sessions s set status = 'closed', closed_at = now(), close_reason = $2
where s.session_id = $1 and s.status <> 'closed' {_CLOSED}
"""
_CLOSE_IDLE = f"""
update core.tunnel_sessions s set status = 'closed', closed_at = now(), close_reason = $2
where s.session_id = $1 and s.status <> 'closed' and not exists (
  select from core.tunnel_channels c where c.session_id = s.session_id and c.state <> 'closed') {_CLOSED}
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
from core.tunnel_sessions s join core.machine_states t using (tenant_id, agent_id)
where s.status = 'closed' and s.closed_at > now() - interval '3 minutes' and t.online and t.gateway_id is not null
limit 1000
"""


_FIND = f"select {_FIELDS} from {_FROM} where s.session_id = $1"
_OPEN_ONES = f"""
select {_FIELDS} from {_FROM} where s.opened_by_id = $1 and s.status <> 'closed' order by s.opened_at desc, s.session_id
"""


class Claimed(msgspec.Struct, frozen=True):
    """A tech session as its new owner found it."""

    session_id: UUID
    tenant_id: UUID
    agent_id: UUID
    gateway_id: str | None
    public_key: bytes
    """The agent's."""
    grace_s: int


class SessionRow(msgspec.Struct, frozen=True):
    """A tech session, and its machine's name."""

    session_id: UUID
    agent_id: UUID
    hostname: str
    status: Status
    reason: str
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    opened_by: str
    opened_by_id: UUID
    left_at: datetime | None
    grace_s: int


class HeldSession(msgspec.Struct, frozen=True):
    """A tech session that nobody claims, closes or adds to meanwhile."""

    status: Status
    lease_owner: str | None


class ClosedSession(msgspec.Struct, frozen=True):
    """A tech session that was closed by this statement."""

    session_id: UUID
    agent_id: UUID
    opened_by: str
    hostname: str


class Expired(msgspec.Struct, frozen=True):
    """A tech session whose lease is over."""

    tenant_id: UUID
    session_id: UUID


class HangUp(msgspec.Struct, frozen=True):
    """A tech session that was closed a moment ago, and the gateway that holds its agent."""

    session_id: UUID
    agent_id: UUID
    gateway_id: str


async def count_open(tx: Transaction, user_id: UUID) -> tuple[int, int]:
    """Returns how many sessions this person has open, without those that were left and with them.

    Two requests of theirs at once count one after the other.
    """
    await tx.fetchval("select pg_advisory_xact_lock(hashtextextended($1, 7))", str(user_id))
    row = await tx.fetchrow(
        "select count(*) filter (where left_at is null) as here, count(*) as all_of_them"
        " from core.tunnel_sessions where opened_by_id = $1 and status <> 'closed'",
        user_id,
    )
    assert row is not None
    return row["here"], row["all_of_them"]


async def count_open_of_partner(tx: Transaction) -> int:
    """Returns how many sessions the scope's Partner has open."""
    count: int = await tx.fetchval(
        "select count(*) from core.tunnel_sessions where tenant_id = $1 and status <> 'closed'", tx.tenant_id
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
    reason: str,
    grace_s: int,
) -> None:
    """Adds a session in the status opening."""
    await tx.execute(
        "insert into core.tunnel_sessions"
        " (tenant_id, session_id, agent_id, hostname, opened_by, opened_by_id, reason, grace_s)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.tenant_id,
        session_id,
        agent_id,
        hostname,
        email,
        user_id,
        reason,
        grace_s,
    )


async def open_ones(tx: Transaction, user_id: UUID) -> list[SessionRow]:
    """Returns the sessions that this person has open, the newest first."""
    rows = await tx.fetch(_OPEN_ONES, user_id)
    return [SessionRow(**row) for row in rows]


async def find(tx: Transaction, session_id: UUID) -> SessionRow | None:
    """Returns one session."""
    row = await tx.fetchrow(_FIND, session_id)
    return SessionRow(**row) if row is not None else None


async def lock(tx: Transaction, session_id: UUID) -> HeldSession | None:
    """Returns a session, which nobody claims, closes or adds to until the transaction ends."""
    row = await tx.fetchrow(
        "select status, lease_owner from core.tunnel_sessions where session_id = $1 for update", session_id
    )
    return HeldSession(**row) if row is not None else None


async def claim(tx: Transaction, session_id: UUID, owner: str, user_id: UUID) -> Claimed | None:
    """Takes a session over and returns it; None where it is closed. The transaction claims its channels as well."""
    row = await tx.fetchrow(_CLAIM, session_id, owner, user_id)
    return Claimed(**row) if row is not None else None


async def renew(tx: Transaction, session_id: UUID, owner: str, *, attached: bool) -> tuple[bool, str | None]:
    """Renews the lease and notes whether a browser is `attached`.

    Returns whether the session is open and `owner`'s, and the gateway that holds its agent.
    """
    row = await tx.fetchrow(_RENEW, session_id, owner, attached)
    return (True, row["gateway_id"]) if row is not None else (False, None)


async def is_owner(tx: Transaction, session_id: UUID, owner: str) -> bool:
    """Tells whether the session is `owner`'s; the answer holds until the transaction ends."""
    return await tx.fetchval(_OWNED, session_id, owner) is not None


async def close(tx: Transaction, session_id: UUID, reason: str) -> ClosedSession | None:
    """Closes a session and returns it; None where it was closed already."""
    return _closed(await tx.fetchrow(_CLOSE, session_id, reason))


async def close_idle(tx: Transaction, session_id: UUID, reason: str) -> ClosedSession | None:
    """Closes a session that has no open channel and returns it; None where it has one, or was closed already."""
    return _closed(await tx.fetchrow(_CLOSE_IDLE, session_id, reason))


async def close_all(tx: Transaction, agent_id: UUID, reason: str) -> list[ClosedSession]:
    """Closes every session that is open to a machine, and returns them."""
    return [ClosedSession(**row) for row in await tx.fetch(_CLOSE_ALL, agent_id, reason)]


async def gateway_of(tx: Transaction, agent_id: UUID) -> str | None:
    """Returns the gateway that holds this agent now; None where it is offline."""
    gateway_id: str | None = await tx.fetchval(
        "select gateway_id from core.machine_states where agent_id = $1 and online", agent_id
    )
    return gateway_id


async def page(tx: Transaction, query: PageQuery, agent_id: UUID | None, status: str | None) -> Slice[SessionRow]:
    """Returns a page of the sessions."""
    asked: list[Sql] = []
    if words := search_words(query.search):
        text = raw(f"core.folded(concat_ws(' ', {HOSTNAME}, s.opened_by, s.reason, s.close_reason))")
        asked.append(sql("{text} like all ({words}::text[])", text=text, words=words))
    if agent_id is not None:
        asked.append(sql("s.agent_id = {agent}", agent=agent_id))
    if status is not None:
        asked.append(sql("s.status = {status}", status=status))
    return await read_page(
        tx, SessionRow, query, columns=_FIELDS, source=_FROM, where=all_of(asked), tie_break="s.session_id"
    )


async def expired(tx: Transaction) -> list[Expired]:
    """Returns sessions of every tenant whose lease is over."""
    rows = await tx.fetch(
        "select tenant_id, session_id from core.tunnel_sessions"
        " where status <> 'closed' and lease_until < now() order by lease_until limit 200"
    )
    return [Expired(**row) for row in rows]


async def close_expired(tx: Transaction, session_id: UUID, reason: str) -> ClosedSession | None:
    """Closes a session whose lease is still over, in the worker's scope, and returns it; None where it was renewed."""
    return _closed(await tx.fetchrow(_CLOSE_EXPIRED, session_id, reason))


async def to_hang_up(tx: Transaction) -> list[HangUp]:
    """Returns sessions closed a moment ago whose agents are online."""
    return [HangUp(**row) for row in await tx.fetch(_HANG_UP)]


def _closed(row: Row | None) -> ClosedSession | None:
    return ClosedSession(**row) if row is not None else None
