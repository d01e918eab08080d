"""SQL that ends commands which nobody will run any more. Runs in the worker's scope."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.commands.schemas import Status
from gururmm_server.core.setting import ForPartners
from gururmm_server.infra.database import Transaction

# What was sent to a machine may run there already; its word is waited for a minute longer. One that did begin is given
# up only when the agent has forgotten it too (it keeps results for seven days).
_EXPIRE = """
with over as (
  select c.command_id, case
      when c.status = 'running' then 'failed'
      when c.cancel_requested_at is not null then 'cancelled' else 'expired' end as status,
    case when c.status = 'running' then 'the machine never reported how it ended'
      when c.cancel_requested_at is not null then 'cancelled; the machine never said that it ran'
      else 'the machine was not there before the deadline' end as message
  from core.commands c
  where (c.status in ('queued', 'delivered') and c.deadline_at < now()
      and (c.sent_at is null or c.deadline_at < now() - interval '60 seconds'))
    or (c.status = 'running' and c.started_at + make_interval(secs => c.timeout_s) < now() - interval '7 days')
  order by c.deadline_at limit 1000 for update skip locked
)
update core.commands c set status = o.status, message = o.message, finished_at = now()
from over o join core.commands k on k.command_id = o.command_id
  join core.machines a on a.tenant_id = k.tenant_id and a.agent_id = k.agent_id
where c.command_id = o.command_id
returning c.tenant_id, c.command_id, c.agent_id, a.client_id, a.hostname, c.status, c.exit_code, c.message,
  c.started_at, c.finished_at, c.duration_ms
"""


_FORGET = """
with old as (
  select c.command_id from core.commands c
  left join unnest($2::uuid[], $3::int[]) as own(tenant_id, days) on own.tenant_id = c.tenant_id
  where c.finished_at < now() - make_interval(days => $4)
    and c.finished_at < now() - make_interval(days => coalesce(own.days, $1)) and exists (
    select from core.command_output o where o.command_id = c.command_id)
  limit 500
), gone as (
  delete from core.command_output o using old where o.command_id = old.command_id
)
select count(*) from old
"""


_FORGET_SCRIPTS = """
delete from core.shared_scripts s where not exists (
  select from core.commands c where c.tenant_id = s.tenant_id and c.batch_id = s.batch_id)
"""


class ExpiredRow(msgspec.Struct, frozen=True):
    """A command that nobody will run any more, as it ended."""

    tenant_id: UUID
    command_id: UUID
    agent_id: UUID
    client_id: UUID
    hostname: str
    status: Status
    exit_code: int | None
    message: str | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None


async def expire(tx: Transaction) -> list[ExpiredRow]:
    """Ends up to 1,000 commands whose time is over, and returns them."""
    return [ExpiredRow(**row) for row in await tx.fetch(_EXPIRE)]


async def forget_scripts(tx: Transaction) -> int:
    """Deletes the scripts of batches all of whose commands are deleted. Returns how many."""
    return await tx.execute(_FORGET_SCRIPTS)


async def forget_output(tx: Transaction, kept: ForPartners[int]) -> int:
    """Deletes the output of some commands that ended longer ago than their Partner keeps them.

    Returns of how many commands; 0: there are no more.
    """
    commands: int = await tx.fetchval(_FORGET, kept.most, list(kept.own), list(kept.own.values()), kept.least)
    return commands
