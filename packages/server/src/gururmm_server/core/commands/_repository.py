"""SQL of commands between people and database."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.commands.filter import CommandFilter
from gururmm_server.core.commands.schemas import Status
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, read_page, search_words
from gururmm_server.infra.sql import all_of, raw, sql

FINAL = ("succeeded", "failed", "timed_out", "cancelled", "expired")

SORTS: dict[str, Sort] = {
    "created_at": Sort("c.created_at", "timestamptz"),
    "status": Sort("c.status"),
    "hostname": Sort("a.hostname_key"),
    "duration": Sort("c.duration_ms", "bigint", nullable=True),
    "triage": Sort(
        "case c.status when 'failed' then 0 when 'timed_out' then 1 when 'expired' then 2 when 'cancelled' then 3"
        " when 'running' then 4 when 'delivered' then 5 when 'queued' then 6 else 7 end",
        "bigint",
    ),
}
"""`triage`: what needs somebody first."""

_COLUMNS = """c.command_id, c.batch_id, c.agent_id, a.hostname, a.client_name, a.site_name, a.client_id, c.shell,
  coalesce(c.script, shared.script) as script, c.status, c.exit_code, c.message, c.created_at, c.created_by,
  c.delivered_at, c.started_at, c.finished_at, c.duration_ms, c.timeout_s, c.deadline_at, c.cancel_requested_at,
  c.dropped_bytes"""
_HEAD = (
    "(select substring(o.data for 400) from core.command_output o where o.command_id = c.command_id"
    " order by o.seq limit 1) as head"
)
# Of the last piece of stderr, or where there is none of the last piece of all, the end.
_TAIL = (
    "(select substring(o.data from greatest(1, length(o.data) - 399)) from core.command_output o"
    " where o.command_id = c.command_id order by o.stream desc, o.seq desc limit 1) as tail"
)
_MACHINE_ONLINE = "(select s.online from core.machine_states s where s.agent_id = c.agent_id) as machine_online"
_FROM = """core.commands c join core.machines a on a.agent_id = c.agent_id
  left join core.shared_scripts shared on shared.tenant_id = c.tenant_id and shared.batch_id = c.batch_id"""
_FIND = f"""
select {_COLUMNS}, {_MACHINE_ONLINE}, o.streams, o.pieces, o.skipped from {_FROM} cross join lateral (
  select coalesce(array_agg(stream order by seq), '{{}}') as streams, coalesce(array_agg(data order by seq), '{{}}')
    as pieces, coalesce(array_agg(skipped order by seq), '{{}}') as skipped
  from core.command_output where command_id = c.command_id) o
where c.command_id = $1
"""
_HELD = f"""
select {_COLUMNS}, c.sent_at, case when s.online then s.gateway_id end as gateway_id
from {_FROM} join core.machine_states s on s.agent_id = a.agent_id
"""
_BATCH_SUMS = f"""
select c.status, s.online, count(*) as commands from {_FROM} join core.machine_states s on s.agent_id = a.agent_id
where c.batch_id = $1 group by 1, 2
"""
_LOCK = f"{_HELD} where c.command_id = $1 for update of c"
_LOCK_UNFINISHED = f"""
{_HELD} where c.agent_id = $1 and c.status in ('queued', 'delivered', 'running')
order by c.created_at, c.command_id for update of c
"""


class CommandRow(msgspec.Struct, frozen=True):
    """A command, and the machine that it is for."""

    command_id: UUID
    batch_id: UUID
    agent_id: UUID
    hostname: str
    client_name: str
    site_name: str
    client_id: UUID
    shell: str
    script: str
    status: Status
    exit_code: int | None
    message: str | None
    created_at: datetime
    created_by: str
    delivered_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    timeout_s: int
    deadline_at: datetime
    cancel_requested_at: datetime | None
    dropped_bytes: int


class ListedRow(CommandRow, frozen=True):
    """A command in the list, with the beginning and the end of what it said, and whether its machine is online."""

    head: bytes | None
    tail: bytes | None
    machine_online: bool | None


class DetailRow(CommandRow, frozen=True):
    """A command with what it said, piece by piece in the order it came; before each so many bytes are left out."""

    machine_online: bool | None
    streams: list[int]
    pieces: list[bytes]
    skipped: list[int]


class FailedRunRow(msgspec.Struct, frozen=True):
    """A run with commands that failed; of one on a single machine, that machine and command."""

    batch_id: UUID
    command_id: UUID
    script: str
    hostname: str
    total: int
    failed: int
    at: datetime


class HeldRow(CommandRow, frozen=True):
    """A command that nobody else changes meanwhile, and the gateway that holds its machine."""

    sent_at: datetime | None
    gateway_id: str | None


class MadeRow(msgspec.Struct, frozen=True):
    """A command that was just queued, and the gateway that holds its machine."""

    command_id: UUID
    agent_id: UUID
    hostname: str
    client_id: UUID
    client_name: str
    site_name: str
    gateway_id: str | None
    created_at: datetime


# Everything that has to be true at once, in one round trip: the commands, an audit row for each, an event for each.
# `sent_at` is set where the machine is online, since it is sent there as soon as this is committed. Where several run
# one script ($13 is its hash), none of their rows has it, and of each Client the first row in the audit.
_CREATE = """
with target as materialized (
  select u.command_id, u.event_id, u.signed_order, u.script_at, u.place, a.agent_id, a.hostname, a.client_id,
    a.client_name, a.site_name, case when s.online then s.gateway_id end as gateway_id,
    row_number() over (partition by a.client_id order by u.place) = 1 as first_of_client
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $11::bytea[], $12::int[]) with ordinality
    u(agent_id, command_id, event_id, signed_order, script_at, place)
  join core.machines a on a.agent_id = u.agent_id join core.machine_states s on s.agent_id = a.agent_id
  where a.revoked_at is null
), command as (
  insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s, deadline_at,
    created_by, signed_order, script_at, sent_at)
  select core.current_tenant(), command_id, $4, agent_id, $5, case when $13::text is null then $6::text end, $7, $8, $9,
    signed_order, script_at,
    case when gateway_id is not null then now() end from target
), published as materialized (
  select count(core.publish_event(event_id, 'command.queued', 1, jsonb_build_object('command_id', command_id,
    'agent_id', agent_id, 'hostname', hostname, 'actor', $9::text))) as rows from target
), audited as materialized (
  select count(core.append_audit('tunnel_audit', 'command.queued', $9, $10, agent_id, null, null,
    jsonb_build_object('command_id', command_id, 'batch_id', $4::uuid, 'shell', $5::text, 'timeout_s', $7::int)
      || case when $13::text is null then '{}' else jsonb_build_object('script_sha256', $13::text) end
      || case when $13::text is null or first_of_client then jsonb_build_object('script', $6::text) else '{}' end,
    null)) as rows from target
)
select command_id, agent_id, hostname, client_id, client_name, site_name, gateway_id, now() as created_at,
  (select rows from audited) as audited, (select rows from published) as published from target order by place
"""


class Target(msgspec.Struct, frozen=True):
    """A machine that is to run a script: the new ids, and its order without the script where it is shared."""

    agent_id: UUID
    command_id: UUID
    event_id: UUID
    signed_order: bytes
    script_at: int | None = None
    """Where the script was cut out."""


async def clients_of(tx: Transaction, agent_ids: Sequence[UUID]) -> int:
    """Returns how many Clients these machines belong to."""
    count: int = await tx.fetchval(
        "select count(distinct client_id) from core.machines where agent_id = any($1::uuid[])", agent_ids
    )
    return count


async def create(
    tx: Transaction,
    targets: Sequence[Target],
    *,
    batch_id: UUID,
    shell: str,
    script: str,
    timeout_s: int,
    deadline_at: datetime,
    created_by: str,
    created_by_id: UUID | None,
) -> list[MadeRow]:
    """Queues a script for each target whose machine is here. Where several run it, it is kept once for them all.

    Returns the commands that were made, in the order of `targets`.
    """
    shared = len(targets) > 1
    rows = await tx.fetch(
        _CREATE,
        [target.agent_id for target in targets],
        [target.command_id for target in targets],
        [target.event_id for target in targets],
        batch_id,
        shell,
        script,
        timeout_s,
        deadline_at,
        created_by,
        created_by_id,
        [target.signed_order for target in targets],
        [target.script_at for target in targets],
        hashlib.sha256(script.encode()).hexdigest() if shared else None,
    )
    if shared:  # behind its commands: who sees some Clients only may keep it because of them
        await tx.execute(
            "insert into core.shared_scripts (tenant_id, batch_id, script) values ($1, $2, $3)",
            tx.tenant_id,
            batch_id,
            script,
        )
    return [MadeRow(*row[:8]) for row in rows]


async def find(tx: Transaction, command_id: UUID) -> DetailRow | None:
    """Returns a command and its output."""
    row = await tx.fetchrow(_FIND, command_id)
    return DetailRow(**row) if row is not None else None


async def page(tx: Transaction, wanted: CommandFilter, query: PageQuery) -> Slice[ListedRow]:
    """Returns a page of commands."""
    text = raw("core.folded(concat_ws(' ', a.hostname, c.script, shared.script, c.created_by, c.status))")
    asked = [sql("{text} like all({words}::text[])", text=text, words=search_words(query.search))]
    if wanted.agent_id is not None:
        asked.append(sql("c.agent_id = {agent}", agent=wanted.agent_id))
    if wanted.batch_id is not None:
        asked.append(sql("c.batch_id = {batch}", batch=wanted.batch_id))
    if wanted.statuses is not None:
        asked.append(sql("c.status = any({statuses}::text[])", statuses=wanted.statuses))
    return await read_page(
        tx,
        ListedRow,
        query,
        columns=f"{_COLUMNS}, {_HEAD}, {_TAIL}, {_MACHINE_ONLINE}",
        source=_FROM,
        where=all_of(asked),
        tie_break="c.command_id",
    )


async def batch_sums(tx: Transaction, batch_id: UUID) -> list[tuple[Status, bool, int]]:
    """Returns how many commands of a run are where: by status, and by whether the machine is online."""
    rows = await tx.fetch(_BATCH_SUMS, batch_id)
    return [(row["status"], row["online"], row["commands"]) for row in rows]


async def failed_runs(tx: Transaction) -> list[FailedRunRow]:
    """Returns the newest runs of which something failed within a day, whole or for one machine."""
    rows = await tx.fetch(
        f"""select c.batch_id, min(c.command_id::text)::uuid as command_id,
          coalesce(min(c.script), (select s.script from core.shared_scripts s where s.batch_id = c.batch_id)) as script,
          min(a.hostname) as hostname, count(*) as total,
          count(*) filter (where c.status in ('failed', 'timed_out', 'expired')) as failed,
          max(c.finished_at) as at
        from {_FROM} where c.batch_id in (
          select f.batch_id from core.commands f where f.status in ('failed', 'timed_out', 'expired')
            and f.finished_at > now() - interval '24 hours')
        group by c.batch_id order by at desc limit 5"""
    )
    return [FailedRunRow(**row) for row in rows]


async def machine_exists(tx: Transaction, agent_id: UUID) -> bool:
    """Tells whether the scope sees such a machine."""
    return bool(await tx.fetchval("select true from core.machines where agent_id = $1", agent_id))


async def lock(tx: Transaction, command_id: UUID) -> HeldRow | None:
    """Returns a command, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK, command_id)
    return HeldRow(**row) if row is not None else None


async def lock_unfinished(tx: Transaction, agent_id: UUID) -> list[HeldRow]:
    """Returns what is not over of a machine's commands, oldest first, held until the transaction ends."""
    return [HeldRow(**row) for row in await tx.fetch(_LOCK_UNFINISHED, agent_id)]


async def cancel_at_once(tx: Transaction, command_id: UUID) -> None:
    """Ends a command that no machine has seen."""
    await tx.execute(
        "update core.commands set status = 'cancelled', cancel_requested_at = now(), finished_at = now(),"
        " message = 'cancelled before it was sent' where command_id = $1",
        command_id,
    )


async def request_cancel(tx: Transaction, command_id: UUID, signed_cancel: bytes) -> None:
    """Notes that a command which a machine has, or may have, is to end; the machine's answer settles it."""
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
    """Deletes the commands that are over, of one machine or of all. Returns how many those were."""
    return await tx.execute(
        "delete from core.commands where status = any($1::text[]) and ($2::uuid is null or agent_id = $2)",
        list(FINAL),
        agent_id,
    )
