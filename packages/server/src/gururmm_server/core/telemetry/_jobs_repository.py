"""SQL of what telemetry does by the clock for all machines of all tenants. Runs in the worker's scope."""

from datetime import datetime

from gururmm_server.infra.database import Transaction

_AVERAGED = ("cpu", "memory", "disk", "load", "receive_rate", "send_rate", "read_rate", "write_rate")
_AVERAGES = ", ".join(f"round(avg({name})) as {name}" for name in _AVERAGED)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in ("samples", *_AVERAGED, "temperature"))
_ROLL_UP = f"""
insert into core.agent_metrics_hourly as h (tenant_id, agent_id, at, samples, {", ".join(_AVERAGED)}, temperature)
select tenant_id, agent_id, $1::timestamptz, count(*), {_AVERAGES}, max(temperature)
from core.agent_metrics where at >= $1 and at < $1::timestamptz + interval '1 hour' group by tenant_id, agent_id
on conflict (tenant_id, agent_id, at) do update set {_REPLACED} where h.samples <> excluded.samples
"""


async def maintain_partitions(tx: Transaction, kept_days: int, kept_months: int) -> None:
    """Makes the partitions of the days to come, and drops samples and hourly averages that are older."""
    await tx.execute("select core.maintain_partitions($1, $2)", kept_days, kept_months)


async def roll_up_hour(tx: Transaction, hour: datetime) -> int:
    """Averages an hour's samples, again where there are more than before. Returns for how many machines it did."""
    return await tx.execute(_ROLL_UP, hour)
