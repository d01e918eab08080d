"""SQL that forgets old recordings. Runs in the worker's scope."""

from gururmm_server.infra.database import Transaction

_FORGET = """
with old as (
  select s.tenant_id, s.session_id from core.tunnel_sessions s
  where s.status = 'closed' and s.closed_at < now() - make_interval(days => $1) and exists (
    select from core.tunnel_recording r where r.tenant_id = s.tenant_id and r.session_id = s.session_id)
  limit 50
), gone as (
  delete from core.tunnel_recording r using old
  where r.tenant_id = old.tenant_id and r.session_id = old.session_id
)
select count(*) from old
"""


async def forget_recordings(tx: Transaction, kept_days: int) -> int:
    """Deletes the recordings of some sessions that closed longer ago. Returns of how many; 0: there are no more."""
    sessions: int = await tx.fetchval(_FORGET, kept_days)
    return sessions
