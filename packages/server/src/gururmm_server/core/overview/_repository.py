"""Counting a Partner's machines, or a Client's, by what their owners offer; writes nothing."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.infra.database import Transaction


class SiteRow(msgspec.Struct, frozen=True):
    """A Site with its machines counted."""

    site_id: UUID
    name: str
    client_id: UUID
    client_name: str
    total: int
    online: int
    problems: int
    offline_since: datetime | None
    """When the last of its machines that are offline went."""


class CommandRow(msgspec.Struct, frozen=True):
    """How many commands are where."""

    queued: int = 0
    running: int = 0
    finished_24h: int = 0
    failed_24h: int = 0


class OnlineRow(msgspec.Struct, frozen=True):
    """How many machines were online at a moment."""

    at: datetime
    online: int


class AttentionRow(msgspec.Struct, frozen=True):
    """A machine that needs somebody. Readings in permille; `changed_at`: since when it is online, or not."""

    agent_id: UUID
    hostname: str
    client_name: str
    site_name: str
    problems: list[ProblemKind]
    problems_since: list[datetime | None]
    """In the order of the problems; those that nobody has a time of may be missing at its end."""
    online: bool
    disk: int | None
    memory: int | None
    changed_at: datetime
    clock_s: int | None
    latest: bytes | None
    """Its newest Metrics message, as the wire has it."""


async def sites(tx: Transaction) -> list[SiteRow]:
    """Returns every Site with its counts; the Partner's totals are their sum."""
    rows = await tx.fetch(
        """select p.site_id, p.site_name as name, p.client_id, p.client_name, coalesce(n.total, 0) as total,
          coalesce(n.online, 0) as online, coalesce(n.problems, 0) as problems,
          n.offline_since
        from core.places p left join (
          select a.site_id, count(*) as total, count(*) filter (where s.online) as online,
            count(*) filter (where s.problems <> '{}') as problems,
            max(s.changed_at) filter (where not s.online) as offline_since
          from core.machines a join core.machine_states s using (agent_id) group by 1) n using (site_id)
        order by core.natural_key(p.client_name), core.natural_key(p.site_name)"""
    )
    return [SiteRow(**row) for row in rows]


async def problems(tx: Transaction) -> dict[str, int]:
    """Returns how many machines have each kind of problem."""
    rows = await tx.fetch(
        "select kind, count(*) as machines from core.machine_states s cross join unnest(s.problems) kind group by 1"
    )
    return {row["kind"]: row["machines"] for row in rows}


async def commands(tx: Transaction) -> CommandRow:
    """Returns how many commands wait and run, and how many ended within a day."""
    row = await tx.fetchrow(
        """select
          (select count(*) from core.command_states where status in ('queued', 'delivered')) as queued,
          (select count(*) from core.command_states where status = 'running') as running,
          count(*) as finished_24h,
          count(*) filter (where status in ('failed', 'timed_out')) as failed_24h
        from core.command_states where finished_at > now() - interval '24 hours'"""
    )
    assert row is not None
    return CommandRow(**row)


async def jobs_this_month(tx: Transaction) -> int:
    """Returns how many commands succeeded since this month began."""
    found: int = await tx.fetchval(
        "select count(*) from core.command_states"
        " where status = 'succeeded' and finished_at >= date_trunc('month', now())"
    )
    return found


async def open_sessions(tx: Transaction) -> int:
    """Returns how many tech sessions are open."""
    found: int = await tx.fetchval("select count(*) from core.tech_sessions where status <> 'closed'")
    return found


async def machines(tx: Transaction) -> int:
    """Returns how many machines the Partner has."""
    found: int | None = await tx.fetchval("select agents from core.machine_counts")
    return found or 0


async def online_history(tx: Transaction) -> list[OnlineRow]:
    """Returns how many machines were online in the last day, the newest first."""
    rows = await tx.fetch(
        "select at, online from core.online_points where at > now() - interval '24 hours' order by at desc limit 48"
    )
    return [OnlineRow(**row) for row in rows]


async def attention(tx: Transaction) -> list[AttentionRow]:
    """Returns the ten machines that most need somebody: copies, full and failed disks, then memory, then what else is
    wrong with those that are online, then the longest gone.
    """
    rows = await tx.fetch(
        """select a.agent_id, a.hostname, a.client_name, a.site_name, s.problems, s.problems_since, s.online,
          s.disk, s.memory, s.changed_at, s.clock_s, s.latest
        from core.machine_states s join core.machines a using (agent_id)
        where s.problems <> '{}'
        order by ('cloned' = any(s.problems)) desc, (s.online and 'disk_full' = any(s.problems)) desc,
          (s.online and s.problems && '{disk_read_only,disk_not_answering}') desc,
          (s.online and 'memory_high' = any(s.problems)) desc, s.online desc,
          case when s.online then s.disk end desc nulls last, s.changed_at desc, a.agent_id
        limit 10"""
    )
    return [AttentionRow(**row) for row in rows]
