"""SQL of what presence does by the clock for all machines of all tenants. Runs in the worker's scope."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.presence.problems import CLOCK_SLACK_S
from gururmm_server.core.setting import ForPartners
from gururmm_server.infra.database import Transaction

_PROBLEMS = f"""(array_remove(array[
  case when s.disk > 10 * coalesce(own.disk, $1) then 'disk_full' end,
  case when s.online and s.memory > 10 * coalesce(own.memory, $2) then 'memory_high' end,
  case when not s.online and s.changed_at < now() - make_interval(hours => coalesce(own.hours, $3))
    then 'offline_long' end,
  case when exists (select from core.agent_doubles d where d.agent_id = s.agent_id) then 'cloned' end,
  case when s.online and abs(s.clock_s::bigint) > {CLOCK_SLACK_S} then 'clock_wrong' end], null) || s.faults)"""
# A problem that goes on keeps its time, or that nobody knows it; one that is new begins now.
_SINCE = """array(
  select case when kind = any(s.problems) then s.problems_since[array_position(s.problems, kind)] else now() end
  from unnest(c.problems) with ordinality as p(kind, place) order by place)"""
# Both lock the rows in the order of their ids, as gateways do.
_MARK = f"""
with changed as materialized (
  select s.agent_id, {_PROBLEMS} as problems from core.agent_state s
    left join unnest($4::uuid[], $5::int[], $6::int[], $7::int[]) as own(tenant_id, disk, memory, hours)
      on own.tenant_id = s.tenant_id
  where s.problems is distinct from {_PROBLEMS} order by s.agent_id for no key update of s
)
update core.agent_state s set problems = c.problems, problems_since = {_SINCE} from changed c
where s.agent_id = c.agent_id
"""
_BURY = """
with gone as materialized (
  select s.agent_id from core.agent_state s where s.gateway_id = any($1::text[]) and s.online
  order by s.agent_id for no key update
)
update core.agent_state s set online = false, gateway_id = null, connection_id = null, changed_at = now()
from gone g join core.machines a on a.agent_id = g.agent_id
where s.agent_id = g.agent_id and s.tenant_id = a.tenant_id
returning s.tenant_id, s.agent_id, s.client_id, a.hostname, s.changed_at, s.last_seen, s.cpu, s.memory, s.disk
"""


class Buried(msgspec.Struct, frozen=True):
    """A machine whose gateway died with it, as it is now. Readings in permille."""

    tenant_id: UUID
    agent_id: UUID
    client_id: UUID
    hostname: str
    changed_at: datetime
    last_seen: datetime | None
    cpu: int | None
    memory: int | None
    disk: int | None


async def mark_problems(
    tx: Transaction, disk: ForPartners[int], memory: ForPartners[int], hours: ForPartners[int]
) -> int:
    """Sets every machine's problems to what its state says: disk and memory in percent, offline for so many hours;
    and since when.

    Returns how many machines changed.
    """
    levels = (disk, memory, hours)
    own = sorted({tenant_id for level in levels for tenant_id in level.own})
    columns = [[level.of(tenant_id) for tenant_id in own] for level in levels]
    return await tx.execute(_MARK, *(level.most for level in levels), own, *columns)


async def sample_online(tx: Transaction) -> int:
    """Notes for every tenant how many machines are online, once each half hour. Returns for how many tenants.

    A tenant that has no machines any more goes on at zero; one that never had any has no history.
    """
    await tx.execute("delete from core.online_history where at < now() - interval '31 days'")
    return await tx.execute(
        """insert into core.online_history (tenant_id, at, online, total)
        select t.tenant_id, to_timestamp(floor(extract(epoch from now()) / 1800) * 1800),
          count(*) filter (where s.online), count(s.agent_id)
        from (select tenant_id from core.agent_state union
          select tenant_id from core.online_history where at > now() - interval '1 hour') t
        left join core.agent_state s using (tenant_id) group by t.tenant_id
        on conflict do nothing"""
    )


async def takes_writes(tx: Transaction) -> bool:
    """Tells whether the database takes writes: near the end of its disk it does not."""
    return not await tx.fetchval("select current_setting('transaction_read_only')::boolean")


async def gateway_beats(tx: Transaction) -> dict[str, datetime | None]:
    """Returns every gateway that is registered, with its last beat, and those that only machines still name."""
    rows = await tx.fetch(
        """select gateway_id, beat_at from core.gateways union all
        select distinct s.gateway_id, null::timestamptz from core.agent_state s
        where s.online and s.gateway_id is not null
          and not exists (select from core.gateways g where g.gateway_id = s.gateway_id)"""
    )
    return {row["gateway_id"]: row["beat_at"] for row in rows}


async def bury_gateways(tx: Transaction, gateway_ids: Sequence[str]) -> list[Buried]:
    """Removes gateways, and calls the machines offline that are still theirs. Returns those machines."""
    await tx.execute("delete from core.gateways where gateway_id = any($1::text[])", gateway_ids)
    rows = await tx.fetch(_BURY, gateway_ids)
    return [Buried(**row) for row in rows]
