"""SQL of samples: always for many agents at once on the way in, one machine's over time on the way out."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from gururmm_server.core.telemetry.sample import HistoryRow
from gururmm_server.infra.database import Transaction

_HISTORY = """
insert into core.agent_metrics (tenant_id, agent_id, at, cpu, memory, disk, temperature, load, receive_rate, send_rate,
  read_rate, write_rate)
select tenant_id, agent_id, to_timestamp(at), cpu, memory, disk, temperature, load, receive_rate, send_rate, read_rate,
  write_rate
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::smallint[], $5::smallint[], $6::smallint[], $7::smallint[],
  $8::int[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[])
  as u(tenant_id, agent_id, at, cpu, memory, disk, temperature, load, receive_rate, send_rate, read_rate, write_rate,
    may_be_there)
where not u.may_be_there or not exists (select from core.agent_metrics m where m.agent_id = u.agent_id
  and m.at between to_timestamp(u.at - 2) and to_timestamp(u.at + 2))
"""

_READINGS = ("cpu", "memory", "load", "receive_rate", "send_rate", "read_rate", "write_rate", "disk")
_AVERAGES = ", ".join(f"avg({name})::float8 as {name}" for name in _READINGS)
_STEPS = f"""
select (floor(extract(epoch from at) / $4) * $4)::bigint as bucket, {_AVERAGES}, max(temperature) as temperature
from {{table}} where agent_id = $1 and at >= to_timestamp($2) and at < to_timestamp($3) group by 1 order by 1
"""
_RAW = _STEPS.format(table="core.agent_metrics")
_HOURLY = _STEPS.format(table="core.agent_metrics_hourly")


class Step(msgspec.Struct, frozen=True):
    """Readings averaged over a step of time (the temperature: its maximum), as stored. `bucket`: its start."""

    bucket: int
    cpu: float
    memory: float
    load: float
    receive_rate: float
    send_rate: float
    read_rate: float
    write_rate: float
    disk: float | None
    temperature: int | None


async def write_history(tx: Transaction, rows: Sequence[HistoryRow]) -> None:
    """Appends samples to the history of their machines."""
    await tx.execute(
        _HISTORY,
        [r.tenant_id for r in rows],
        [r.agent_id for r in rows],
        [r.at for r in rows],
        [r.cpu for r in rows],
        [r.memory for r in rows],
        [r.disk for r in rows],
        [r.temperature for r in rows],
        [r.load for r in rows],
        [r.receive_rate for r in rows],
        [r.send_rate for r in rows],
        [r.read_rate for r in rows],
        [r.write_rate for r in rows],
        [r.may_be_there for r in rows],
    )


async def raw_history(tx: Transaction, agent_id: UUID, start: float, end: float, step_s: int) -> list[Step]:
    """Returns the samples between two moments (Unix seconds), averaged over steps."""
    return [Step(**row) for row in await tx.fetch(_RAW, agent_id, start, end, step_s)]


async def hourly_history(tx: Transaction, agent_id: UUID, start: float, end: float, step_s: int) -> list[Step]:
    """Returns the same from the hourly roll-up."""
    return [Step(**row) for row in await tx.fetch(_HOURLY, agent_id, start, end, step_s)]
