"""SQL of who a machine was before, as agents and presence offer it."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

_FORMER = """
select a.hostname, s.last_seen from core.machines a join core.machine_states s on s.agent_id = a.agent_id
where a.machine_id = $1 and a.machine_id <> '' and a.agent_id <> $2 and not s.online and a.revoked_at is null
  and a.client_id = $3
order by s.last_seen desc nulls last limit 1
"""


class Former(msgspec.Struct, frozen=True):
    """A machine that calls itself by the same machine-id, and is offline."""

    hostname: str
    last_seen: datetime | None


async def former(tx: Transaction, agent_id: UUID, machine_id: str, client_id: UUID) -> Former | None:
    """Returns who this machine was before, as far as its machine-id says it: the one of its Client that was seen last.

    Machines of other Clients are shown on its page, to those who may see them; what an enrolment says many hear.
    """
    row = await tx.fetchrow(_FORMER, machine_id, agent_id, client_id)
    return Former(**row) if row is not None else None
