"""SQL that forgets old recordings. Runs in the worker's scope."""

from gururmm_server.core.setting import ForPartners
from gururmm_server.infra.database import Transaction

_FORGET = """
with old as (
  select s.tenant_id, s.session_id from core.tunnel_sessions s
  left join unnest($2::uuid[], $3::int[]) as own(tenant_id, days) on own.tenant_id = s.tenant_id
  where s.status = 'closed' and s.closed_at < now() - make_interval(days => $4)
    and s.closed_at < now() - make_interval(days => coalesce(own.days, $1)) and exists (
    select from core.tunnel_recording r where r.tenant_id = s.tenant_id and r.session_id = s.session_id)
  limit 50
), gone as (
  delete from core.tunnel_recording r using old
  where r.tenant_id = old.tenant_id and r.session_id = old.session_id
)
select count(*) from old
"""


async def forget_recordings(tx: Transaction, kept: ForPartners[int]) -> int:
    """Deletes the recordings of some sessions that closed longer ago than their Partner keeps them.

    Returns of how many sessions; 0: there are no more.
    """
    sessions: int = await tx.fetchval(_FORGET, kept.most, list(kept.own), list(kept.own.values()), kept.least)
    return sessions
