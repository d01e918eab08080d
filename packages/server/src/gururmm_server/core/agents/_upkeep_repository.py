"""SQL of what has to be done by the clock for all machines of all tenants. Runs in the worker's scope."""

from collections.abc import Sequence
from datetime import datetime

from gururmm_server.infra.database import Row, Transaction

_PROBLEMS = """array_remove(array[
  case when s.disk > 900 then 'disk_full' end,
  case when s.online and s.memory > 950 then 'memory_high' end,
  case when not s.online and s.changed_at < now() - interval '24 hours' then 'offline_long' end], null)"""

_AVERAGED = ("cpu", "memory", "disk", "load", "receive_rate", "send_rate", "read_rate", "write_rate")
_AVERAGES = ", ".join(f"round(avg({name})) as {name}" for name in _AVERAGED)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in ("samples", *_AVERAGED, "temperature"))


async def maintain_partitions(tx: Transaction) -> None:
    """Make the partitions of the days to come and drop those past their time."""
    await tx.execute("select core.maintain_partitions()")


async def mark_problems(tx: Transaction) -> int:
    """Set every machine's problems to what its state says; how many changed."""
    return await tx.execute(
        f"update core.agent_state s set problems = {_PROBLEMS} where s.problems is distinct from {_PROBLEMS}"
    )


async def roll_up_hour(tx: Transaction, hour: datetime) -> int:
    """Average an hour's samples; again where there are more than before. How many machines' hours were written."""
    return await tx.execute(
        f"""insert into core.agent_metrics_hourly as h (tenant_id, agent_id, at, samples, {", ".join(_AVERAGED)},
          temperature)
        select tenant_id, agent_id, $1::timestamptz, count(*), {_AVERAGES}, max(temperature)
        from core.agent_metrics where at >= $1 and at < $1::timestamptz + interval '1 hour' group by tenant_id, agent_id
        on conflict (agent_id, at) do update set {_REPLACED} where h.samples <> excluded.samples""",
        hour,
    )


async def sample_online(tx: Transaction) -> int:
    """Note for every tenant how many machines are online, once each half hour; how many tenants were noted."""
    await tx.execute("delete from core.online_history where at < now() - interval '31 days'")
    return await tx.execute(
        """insert into core.online_history (tenant_id, at, online, total)
        select t.tenant_id, to_timestamp(floor(extract(epoch from now()) / 1800) * 1800),
          count(*) filter (where s.online), count(s.agent_id)
        from core.tenants t left join core.agent_state s using (tenant_id) group by t.tenant_id
        on conflict do nothing"""
    )


async def forget_changes(tx: Transaction, limit: int) -> int:
    """Delete up to `limit` rows of the inventory's history that are a year old; how many those were."""
    return await tx.execute(
        "delete from core.inventory_changes where change_id in"
        " (select change_id from core.inventory_changes where at < now() - interval '1 year' limit $1)",
        limit,
    )


async def gateway_beats(tx: Transaction) -> dict[str, datetime | None]:
    """Every gateway that is registered or that machines count as theirs, and its last beat."""
    rows = await tx.fetch(
        """select gateway_id, beat_at from core.gateways union all
        select distinct s.gateway_id, null::timestamptz from core.agent_state s
        where s.online and s.gateway_id is not null
          and not exists (select from core.gateways g where g.gateway_id = s.gateway_id)"""
    )
    return {row["gateway_id"]: row["beat_at"] for row in rows}


async def bury_gateways(tx: Transaction, gateway_ids: Sequence[str]) -> list[Row]:
    """Remove gateways, and call the machines offline that are still theirs: those."""
    await tx.execute("delete from core.gateways where gateway_id = any($1::text[])", gateway_ids)
    return await tx.fetch(
        """update core.agent_state s set online = false, gateway_id = null, connection_id = null, changed_at = now()
        from core.agents a where a.agent_id = s.agent_id and s.gateway_id = any($1::text[]) and s.online
        returning s.tenant_id, s.agent_id, s.client_id, a.hostname, s.changed_at, s.last_seen, s.cpu, s.memory,
          s.disk""",
        gateway_ids,
    )
