"""SQL of commands between people and database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Sort, search_words

FINAL = ("succeeded", "failed", "timed_out", "cancelled", "expired")

SORTS: dict[str, Sort] = {
    "created_at": Sort("c.created_at", "timestamptz"),
    "status": Sort("c.status"),
    "hostname": Sort("lower(a.hostname)"),
    "duration": Sort("c.duration_ms", "bigint", nullable=True),
}

_COLUMNS = """c.command_id, c.batch_id, c.agent_id, a.hostname, a.client_name, a.site_name, a.client_id, c.shell,
  c.script, c.status, c.exit_code, c.message, c.created_at, c.created_by, c.delivered_at, c.started_at, c.finished_at,
  c.duration_ms, c.timeout_s, c.deadline_at, c.cancel_requested_at, c.dropped_bytes"""
_HEAD = (
    "(select substring(o.data for 400) from core.command_output o where o.command_id = c.command_id"
    " order by o.seq limit 1) as head"
)
_FROM = "core.commands c join core.agents a on a.agent_id = c.agent_id"

# Everything that has to be true at once, in one round trip: the commands, an audit row for each, an event for each.
# `sent_at` is set where the machine is online, since it is sent there as soon as this is committed.
_CREATE = """
with target as materialized (
  select u.command_id, u.event_id, u.signed_order, u.place, a.agent_id, a.hostname, a.client_id, a.client_name,
    a.site_name, case when s.online then s.gateway_id end as gateway_id
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $11::bytea[]) with ordinality
    u(agent_id, command_id, event_id, signed_order, place)
  join core.agents a on a.agent_id = u.agent_id join core.agent_state s on s.agent_id = a.agent_id
  where a.revoked_at is null
), command as (
  insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s, deadline_at,
    created_by, signed_order, sent_at)
  select core.current_tenant(), command_id, $4, agent_id, $5, $6, $7, $8, $9, signed_order,
    case when gateway_id is not null then now() end from target
), event as (
  insert into core.outbox (event_id, tenant_id, name, version, payload)
  select event_id, core.current_tenant(), 'command.queued', 1, convert_to(jsonb_build_object('command_id', command_id,
    'agent_id', agent_id, 'hostname', hostname, 'actor', $9::text)::text, 'utf8') from target
), audited as materialized (
  select count(core.append_audit('tunnel_audit', 'command.queued', $9, $10, agent_id, null, null,
    jsonb_build_object('command_id', command_id, 'batch_id', $4::uuid, 'shell', $5::text, 'script', $6::text,
      'timeout_s', $7::int), null)) as rows from target
)
select command_id, agent_id, hostname, client_id, client_name, site_name, gateway_id, now() as created_at,
  (select rows from audited) as audited from target order by place
"""


async def create(
    tx: Transaction,
    targets: Sequence[tuple[UUID, UUID, UUID, bytes]],
    *,
    batch_id: UUID,
    shell: str,
    script: str,
    timeout_s: int,
    deadline_at: datetime,
    created_by: str,
    created_by_id: UUID | None,
) -> list[Row]:
    """Queue a script for each (agent, new command id, new event id, signed order).

    Returns a row for each machine that exists here.
    """
    return await tx.fetch(
        _CREATE,
        [target[0] for target in targets],
        [target[1] for target in targets],
        [target[2] for target in targets],
        batch_id,
        shell,
        script,
        timeout_s,
        deadline_at,
        created_by,
        created_by_id,
        [target[3] for target in targets],
    )


async def find(tx: Transaction, command_id: UUID) -> Row | None:
    """A command and its output."""
    return await tx.fetchrow(
        f"""select {_COLUMNS}, o.stdout, o.stderr from {_FROM} cross join lateral (
          select string_agg(data, ''::bytea order by seq) filter (where stream = 1) as stdout,
            string_agg(data, ''::bytea order by seq) filter (where stream = 2) as stderr
          from core.command_output where command_id = c.command_id) o
        where c.command_id = $1""",
        command_id,
    )


async def page(tx: Transaction, filters: dict[str, Any], query: PageQuery) -> tuple[list[Row], int]:
    """A page of commands. `filters`: agent_id, batch_id, statuses."""
    values = [filters.get("agent_id"), filters.get("batch_id"), filters.get("statuses"), search_words(query.search)]
    where = (
        "($1::uuid is null or c.agent_id = $1) and ($2::uuid is null or c.batch_id = $2)"
        " and ($3::text[] is null or c.status = any($3))"
        " and lower(concat_ws(' ', a.hostname, c.script, c.created_by, c.status)) like all($4::text[])"
    )
    after, bound = query.after_sql("c.command_id", 5)
    rows = await tx.fetch(
        f"select {_COLUMNS}, {_HEAD}, {query.sort.expression} as sort_value, c.command_id as sort_id from {_FROM}"
        f" where {where} and {after} {query.order_by('c.command_id')} limit {query.fetch_count}",
        *values,
        *bound,
    )
    total: int = await tx.fetchval(f"select count(*) from {_FROM} where {where}", *values)
    return rows, total


async def lock(tx: Transaction, command_id: UUID) -> Row | None:
    """A command and where its machine is, held until the transaction ends."""
    return await tx.fetchrow(
        f"select {_COLUMNS}, c.sent_at, case when s.online then s.gateway_id end as gateway_id"
        f" from {_FROM} join core.agent_state s on s.agent_id = a.agent_id where c.command_id = $1 for update of c",
        command_id,
    )


async def lock_unfinished(tx: Transaction, agent_id: UUID) -> list[Row]:
    """What is not over of a machine's commands, oldest first, held until the transaction ends."""
    return await tx.fetch(
        f"select {_COLUMNS}, c.sent_at from {_FROM} where c.agent_id = $1"
        " and c.status in ('queued', 'delivered', 'running') order by c.created_at, c.command_id for update of c",
        agent_id,
    )


async def cancel_at_once(tx: Transaction, command_id: UUID) -> None:
    """End a command that no machine has seen."""
    await tx.execute(
        "update core.commands set status = 'cancelled', cancel_requested_at = now(), finished_at = now(),"
        " message = 'cancelled before it was sent' where command_id = $1",
        command_id,
    )


async def request_cancel(tx: Transaction, command_id: UUID, signed_cancel: bytes) -> None:
    """Ask for the end of a command that a machine has, or may have: its answer settles it."""
    await tx.execute(
        "update core.commands set cancel_requested_at = coalesce(cancel_requested_at, now()),"
        " delivered_at = coalesce(delivered_at, sent_at),"
        " status = case when status = 'queued' then 'delivered' else status end, signed_cancel = $2"
        " where command_id = $1",
        command_id,
        signed_cancel,
    )


async def delete(tx: Transaction, command_id: UUID) -> None:
    await tx.execute("delete from core.commands where command_id = $1", command_id)


async def clear(tx: Transaction, agent_id: UUID | None) -> int:
    """Delete what is over; how many those were."""
    return await tx.execute(
        "delete from core.commands where status = any($1::text[]) and ($2::uuid is null or agent_id = $2)",
        list(FINAL),
        agent_id,
    )
