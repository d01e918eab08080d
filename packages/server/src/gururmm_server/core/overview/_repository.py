"""Counting a Partner's machines, or a Client's. Reads what others own too (commands, sessions); writes nothing."""

from gururmm_server.infra.database import Row, Transaction


async def sites(tx: Transaction) -> list[Row]:
    """Every Site with its counts; the Partner's totals are their sum."""
    return await tx.fetch(
        """select t.site_id, t.name, t.client_id, c.name as client_name, coalesce(n.total, 0) as total,
          coalesce(n.online, 0) as online, coalesce(n.problems, 0) as problems
        from core.sites t join core.clients c using (client_id) left join (
          select a.site_id, count(*) as total, count(*) filter (where s.online) as online,
            count(*) filter (where s.problems <> '{}') as problems
          from core.agents a join core.agent_state s using (agent_id) group by 1) n using (site_id)
        order by lower(c.name), lower(t.name)"""
    )


async def problems(tx: Transaction) -> dict[str, int]:
    """How many machines have each kind of problem."""
    rows = await tx.fetch(
        """select kind, count(*) as machines from core.agent_state s cross join unnest(s.problems) kind group by 1"""
    )
    return {row["kind"]: row["machines"] for row in rows}


async def commands(tx: Transaction) -> Row:
    row = await tx.fetchrow(
        """select
          (select count(*) from core.commands where status in ('queued', 'delivered')) as queued,
          (select count(*) from core.commands where status = 'running') as running,
          count(*) as finished_24h,
          count(*) filter (where status in ('failed', 'timed_out')) as failed_24h
        from core.commands where finished_at > now() - interval '24 hours'"""
    )
    assert row is not None
    return row


async def open_sessions(tx: Transaction) -> int:
    found: int = await tx.fetchval("select count(*) from core.tunnel_sessions where status <> 'closed'")
    return found


async def online_history(tx: Transaction) -> list[Row]:
    return await tx.fetch(
        "select at, online from core.online_history where at > now() - interval '24 hours' order by at desc limit 48"
    )


async def attention(tx: Transaction) -> list[Row]:
    """The ten machines that most need somebody: full disks, then memory, then the longest gone."""
    return await tx.fetch(
        """select a.agent_id, a.hostname, a.client_name, a.site_name, s.problems, s.disk, s.memory, s.online,
          s.changed_at, s.last_seen
        from core.agent_state s join core.agents a using (agent_id)
        where s.problems <> '{}'
        order by (s.online and 'disk_full' = any(s.problems)) desc, (s.online and 'memory_high' = any(s.problems)) desc,
          case when s.online then s.disk end desc nulls last, s.changed_at desc, a.agent_id
        limit 10"""
    )
