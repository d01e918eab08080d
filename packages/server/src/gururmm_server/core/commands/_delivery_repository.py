"""SQL of commands between database and agent. A status only moves forward; a final one never changes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction
from gururmm_server.infra.outbox import Publishable, publishing
from gururmm_server.infra.sql import raw, sql

_TAKE = """
with ranked as (
  select c.command_id, c.tenant_id, c.batch_id, row_number() over waiting as place,
    sum(octet_length(c.signed_order) + coalesce(octet_length(shared.script), 0)) over waiting as bytes
  from core.commands c join unnest($1::uuid[], $2::uuid[]) as u(tenant_id, agent_id) using (tenant_id, agent_id)
  left join core.shared_scripts shared
    on shared.tenant_id = c.tenant_id and shared.batch_id = c.batch_id and c.script_at is not null
  where c.status in ('queued', 'delivered') and c.cancel_requested_at is null
    and c.deadline_at > now() and c.signed_order is not null
  window waiting as (partition by c.agent_id order by c.created_at, c.command_id)
)
update core.commands c set status = 'delivered', delivered_at = coalesce(c.delivered_at, now()), sent_at = now()
from ranked r
  left join core.shared_scripts shared on shared.tenant_id = r.tenant_id and shared.batch_id = r.batch_id
where c.command_id = r.command_id and r.place <= $4 and (r.bytes <= $5 or r.place = 1)
  and c.status in ('queued', 'delivered')
  and ($3 or c.sent_at is null or c.sent_at < now() - interval '10 seconds')
returning c.tenant_id, c.command_id, c.agent_id, c.created_at, case when c.script_at is null then c.signed_order
  else substring(c.signed_order for c.script_at) || convert_to(shared.script, 'UTF8')
    || substring(c.signed_order from c.script_at + 1) end as signed_order
"""

_WAITING = """
select distinct c.agent_id from core.commands c join core.machine_states s using (tenant_id, agent_id)
where c.status in ('queued', 'delivered') and s.gateway_id = $1 and s.online
  and ($2 or c.created_at < now() - interval '2 seconds'
    and (c.sent_at is null or c.sent_at < now() - interval '10 seconds'))
"""

# An agent follows no order that is older than a week.
_CANCELLED = """
select c.agent_id, c.signed_cancel from core.commands c join core.machine_states s using (tenant_id, agent_id)
where c.status in ('delivered', 'running') and c.signed_cancel is not null
  and c.cancel_requested_at > now() - interval '7 days'
  and ($2 or c.cancel_requested_at < now() - interval '2 seconds') and s.gateway_id = $1 and s.online
"""

_FACTS = """
select c.command_id, c.agent_id, c.tenant_id,
  (select coalesce(sum(octet_length(o.data)), 0) from core.command_output o
   where o.tenant_id = c.tenant_id and o.command_id = c.command_id)::bigint as held
from core.commands c where c.command_id = any($1::uuid[])
"""

_ACCEPT = """
update core.commands c set status = 'running', started_at = now(), delivered_at = coalesce(c.delivered_at, now()),
  sent_at = coalesce(c.sent_at, now())
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as u(command_id, tenant_id, agent_id)
where c.command_id = u.command_id and c.tenant_id = u.tenant_id and c.agent_id = u.agent_id
  and c.status in ('queued', 'delivered')
returning c.command_id, c.agent_id, c.tenant_id, c.status, extract(epoch from c.started_at)::float8 as started_at
"""

_NEW_OUTPUT = """
select u.command_id, u.seq from unnest($1::uuid[], $2::int[]) as u(command_id, seq)
where not exists (select from core.command_output o where o.command_id = u.command_id and o.seq = u.seq)
"""

_OUTPUT = """
insert into core.command_output (tenant_id, command_id, seq, stream, data, skipped)
select c.tenant_id, c.command_id, u.seq, u.stream, u.data, u.skipped
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::smallint[], $6::bytea[], $7::bigint[])
  as u(command_id, tenant_id, agent_id, seq, stream, data, skipped)
join core.commands c using (command_id, tenant_id, agent_id)
on conflict do nothing returning command_id, seq
"""

_FINISH = """
with finished as (
  update core.commands c set status = u.status, exit_code = u.exit_code, message = nullif(u.message, ''),
    duration_ms = u.duration_ms, dropped_bytes = u.dropped_bytes, finished_at = now(),
    delivered_at = coalesce(c.delivered_at, now()), sent_at = coalesce(c.sent_at, now()),
    started_at = case when u.status = 'expired' then c.started_at
      else coalesce(c.started_at, now() - make_interval(secs => least(u.duration_ms, 172800000) / 1000.0)) end
  from unnest({ids}::uuid[], {tenants}::uuid[], {agents}::uuid[], {statuses}::text[], {codes}::bigint[],
    {messages}::text[], {durations}::bigint[], {dropped}::bigint[])
    as u(command_id, tenant_id, agent_id, status, exit_code, message, duration_ms, dropped_bytes)
  where c.command_id = u.command_id and c.tenant_id = u.tenant_id and c.agent_id = u.agent_id
    and c.status in ('queued', 'delivered', 'running')
  returning c.command_id, c.agent_id, c.tenant_id, c.status, c.exit_code, c.message, c.duration_ms, c.started_at,
    c.finished_at
), published as ({published})
select command_id, agent_id, tenant_id, status, exit_code, message, duration_ms,
  extract(epoch from started_at)::float8 as started_at, extract(epoch from finished_at)::float8 as finished_at
from finished
"""

_REFUSED = """
update core.commands c set status = 'failed', message = u.message, finished_at = now(),
  delivered_at = coalesce(c.delivered_at, now()), sent_at = coalesce(c.sent_at, now())
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) as u(command_id, tenant_id, agent_id, message)
where c.command_id = u.command_id and c.tenant_id = u.tenant_id and c.agent_id = u.agent_id
  and c.status in ('queued', 'delivered')
returning c.command_id, c.agent_id, c.tenant_id, c.status, c.exit_code, c.message, c.duration_ms,
  extract(epoch from c.started_at)::float8 as started_at, extract(epoch from c.finished_at)::float8 as finished_at
"""


class Taken(msgspec.Struct, frozen=True):
    """A command to be delivered, as its order was signed."""

    tenant_id: UUID
    command_id: UUID
    agent_id: UUID
    signed_order: bytes
    created_at: datetime


class ToCancel(msgspec.Struct, frozen=True):
    """What should have stopped by now: the order that says so."""

    agent_id: UUID
    signed_cancel: bytes


class OutputHeld(msgspec.Struct, frozen=True):
    """Whose a command is, and how many bytes of its output are held."""

    command_id: UUID
    agent_id: UUID
    tenant_id: UUID
    held: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A command's state as it was just written. Times in Unix seconds."""

    command_id: UUID
    agent_id: UUID
    tenant_id: UUID
    status: str
    started_at: float | None
    exit_code: int | None = None
    message: str | None = None
    duration_ms: int | None = None
    finished_at: float | None = None


class Ending(msgspec.Struct, frozen=True):
    """How a command ended, as its machine says, and the event that tells of it."""

    command_id: UUID
    tenant_id: UUID
    agent_id: UUID
    status: str
    exit_code: int | None
    message: str
    duration_ms: int
    dropped_bytes: int
    event: Publishable


Machine = tuple[UUID, UUID]
"""(tenant, agent): the gateway's role sees every tenant's rows, so each statement says whose it means."""


async def take(
    tx: Transaction, machines: Sequence[Machine], *, limit: int, limit_bytes: int, again: bool
) -> list[Taken]:
    """Marks commands for those machines as delivered and returns them, oldest first.

    Each machine has at most `limit`, of `limit_bytes` together unless the first is longer, that it did not accept yet.

    With `again`, commands that were sent a moment ago are among them once more.
    """
    rows = await tx.fetch(_TAKE, [m[0] for m in machines], [m[1] for m in machines], again, limit, limit_bytes)
    return sorted((Taken(**row) for row in rows), key=lambda row: (row.created_at, row.command_id))


async def waiting_agents(tx: Transaction, gateway_id: str, *, at_once: bool) -> list[UUID]:
    """Returns the agents of a gateway for whom a command is not delivered, or was never accepted.

    `at_once`: also one that was sent a moment ago.
    """
    return [row[0] for row in await tx.fetch(_WAITING, gateway_id, at_once)]


async def cancelled(tx: Transaction, gateway_id: str, *, at_once: bool) -> list[ToCancel]:
    """Returns the cancellations of what should have stopped by now, or, `at_once`, in a moment."""
    return [ToCancel(**row) for row in await tx.fetch(_CANCELLED, gateway_id, at_once)]


async def facts(tx: Transaction, command_ids: list[UUID]) -> list[OutputHeld]:
    """Returns what is held of each of these commands."""
    return [OutputHeld(**row) for row in await tx.fetch(_FACTS, command_ids)]


async def accept(tx: Transaction, begun: Sequence[tuple[UUID, Machine]]) -> list[Progress]:
    """Notes for each (command, machine) that it began to run. Returns the commands that are that machine's."""
    rows = await tx.fetch(
        _ACCEPT,
        [command_id for command_id, _ in begun],
        [tenant_id for _, (tenant_id, _) in begun],
        [agent_id for _, (_, agent_id) in begun],
    )
    return [Progress(**row) for row in rows]


async def new_output(tx: Transaction, pieces: Sequence[tuple[UUID, int]]) -> set[tuple[bytes, int]]:
    """Returns which (command, seq) of these are not held yet."""
    rows = await tx.fetch(_NEW_OUTPUT, [piece[0] for piece in pieces], [piece[1] for piece in pieces])
    return {(row[0].bytes, row[1]) for row in rows}


async def insert_output(
    tx: Transaction, pieces: Sequence[tuple[UUID, UUID, UUID, int, int, bytes, int]]
) -> set[tuple[bytes, int]]:
    """Appends output, each (command, tenant, agent, seq, stream, data, bytes left out before it).

    Returns which (command, seq) are new.
    """
    rows = await tx.fetch(_OUTPUT, *[list(column) for column in zip(*pieces, strict=True)])
    return {(row[0].bytes, row[1]) for row in rows}


async def finish(tx: Transaction, ends: Sequence[Ending]) -> list[Progress]:
    """Writes how each command ended, with an event for it, in one statement.

    Returns the commands that are that machine's and had not ended before.
    """
    statement = sql(
        _FINISH,
        ids=[end.command_id for end in ends],
        tenants=[end.tenant_id for end in ends],
        agents=[end.agent_id for end in ends],
        statuses=[end.status for end in ends],
        codes=[end.exit_code for end in ends],
        messages=[end.message for end in ends],
        durations=[end.duration_ms for end in ends],
        dropped=[end.dropped_bytes for end in ends],
        published=publishing(
            [(end.command_id, end.tenant_id, end.event) for end in ends], raw("select command_id from finished")
        ),
    )
    rows = await tx.fetch(*statement.bound())
    if rows:
        tx.ring_relay()
    return [Progress(**row) for row in rows]


async def refused(tx: Transaction, refusals: Sequence[tuple[UUID, UUID, UUID, str]]) -> list[Progress]:
    """Ends commands that an agent will not run, each (command, tenant, agent, why).

    Returns the commands that are that agent's and had not begun.
    """
    rows = await tx.fetch(_REFUSED, *[list(column) for column in zip(*refusals, strict=True)])
    return [Progress(**row) for row in rows]


async def chunks_held(tx: Transaction, command_ids: list[UUID]) -> dict[bytes, int]:
    """Returns how many pieces of output are held of each command; one without output is left out."""
    rows = await tx.fetch(
        "select command_id, count(*) from core.command_output where command_id = any($1::uuid[]) group by command_id",
        command_ids,
    )
    return {row[0].bytes: row[1] for row in rows}
