"""SQL of what gateways write about their agents: always for many at once."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from gururmm_server.core.presence.session import AgentSession
from gururmm_server.infra.database import Transaction

_CANDIDATES = """
select a.agent_id, a.tenant_id, a.client_id, a.public_key, a.hostname, a.revoked, a.agent_version, s.connection_id,
  a.last_order, a.machine_id, exists (select from core.agent_doubles d where d.agent_id = a.agent_id) as doubled
from core.claimants a left join core.agent_state s using (tenant_id, agent_id)
where a.agent_id = any($1::uuid[])
"""

# The rows are locked in the order of their ids, as every other writer of presence and readings does: whoever has to
# wait holds none that another who is ahead of it needs.
_ARRIVE = """
with come as materialized (
  select * from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as u(tenant_id, agent_id, connection_id)
),
before as materialized (
  select s.tenant_id, s.agent_id, s.online, s.gateway_id, s.connection_id from core.agent_state s
  where s.agent_id = any($3::uuid[]) order by s.agent_id for update
)
update core.agent_state s set online = true, gateway_id = $1, connection_id = c.connection_id, last_seen = now(),
  changed_at = case when b.online then s.changed_at else now() end
from come c join before b using (tenant_id, agent_id)
where s.tenant_id = c.tenant_id and s.agent_id = c.agent_id
  and (b.connection_id is null or b.connection_id <= c.connection_id)
returning s.agent_id, s.client_id, b.online as was_online, b.gateway_id as old_gateway,
  extract(epoch from s.changed_at)::float8 as changed_at
"""

_DEPART = """
with gone as materialized (
  select s.agent_id from core.agent_state s join unnest($2::uuid[], $3::uuid[], $4::bigint[])
      as u(tenant_id, agent_id, connection_id)
    on s.tenant_id = u.tenant_id and s.agent_id = u.agent_id and s.connection_id <= u.connection_id
  where s.gateway_id || '' = $1 and s.online order by s.agent_id for update of s
)
update core.agent_state s set online = false, gateway_id = null, changed_at = now()
from gone where s.agent_id = gone.agent_id returning s.agent_id, s.client_id
"""

# A gateway's id is new at each start, so the planner's statistics say that it has no rows, and a plain comparison makes
# it loop over all that came for each of its agents (10 s where a hash takes 0.03). `|| ''` keeps it from that guess.
# A session whose Client is no longer the machine's is passed over, as one that has ended: it has to learn that first.
_HEARTBEATS = """
update core.agent_state s set last_seen = to_timestamp(u.seen), cpu = coalesce(u.cpu, s.cpu),
  memory = coalesce(u.memory, s.memory), clock_s = coalesce(u.clock_s, s.clock_s),
  settings_version = coalesce(u.settings_version, s.settings_version)
from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::float8[], $7::smallint[], $8::smallint[], $9::int[],
  $10::bigint[]) as u(tenant_id, agent_id, connection_id, client_id, seen, cpu, memory, clock_s, settings_version)
where s.tenant_id = u.tenant_id and s.agent_id = u.agent_id and s.connection_id = u.connection_id
  and s.client_id = u.client_id and s.gateway_id || '' = $1
"""

_METRICS = """
update core.agent_state s set last_seen = to_timestamp(u.seen), cpu = u.cpu, memory = u.memory, disk = u.disk,
  clock_s = u.clock_s, uptime_s = u.uptime, latest = u.latest, faults = string_to_array(u.faults, ' '),
  settings_version = coalesce(u.settings_version, s.settings_version)
from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::float8[], $7::smallint[], $8::smallint[], $9::int[],
  $10::smallint[], $11::bigint[], $12::bytea[], $13::text[], $14::bigint[])
  as u(tenant_id, agent_id, connection_id, client_id, seen, cpu, memory, clock_s, disk, uptime, latest, faults,
    settings_version)
where s.tenant_id = u.tenant_id and s.agent_id = u.agent_id and s.connection_id = u.connection_id
  and s.client_id = u.client_id and s.gateway_id || '' = $1
"""


class Claimant(msgspec.Struct, frozen=True):
    """Who may claim an id with a key. One that was removed has no Client any more."""

    agent_id: UUID
    tenant_id: UUID
    client_id: UUID | None
    public_key: bytes
    hostname: str
    revoked: bool
    agent_version: str
    connection_id: int | None
    last_order: bytes | None
    machine_id: str
    doubled: bool


class Arrived(msgspec.Struct, frozen=True):
    """An agent that came, and where it was before. `changed_at`: Unix seconds."""

    agent_id: UUID
    client_id: UUID
    was_online: bool
    old_gateway: str | None
    changed_at: float


async def candidates(tx: Transaction, agent_ids: list[UUID]) -> list[Claimant]:
    """Returns what is on record about these ids."""
    return [Claimant(**row) for row in await tx.fetch(_CANDIDATES, agent_ids)]


async def add(tx: Transaction, tenant_id: UUID, agent_id: UUID, client_id: UUID) -> None:
    """Adds a new machine's state. Where there is one, it follows its machine to the new Client by itself."""
    await tx.execute(
        "insert into core.agent_state (tenant_id, agent_id, client_id) values ($1, $2, $3)"
        " on conflict (agent_id) do nothing",
        tenant_id,
        agent_id,
        client_id,
    )


async def lock(tx: Transaction, sessions: Sequence[AgentSession]) -> None:
    """Locks these agents' rows in the order of their ids, before several statements write them in their own."""
    await tx.execute(
        "select from core.agent_state where agent_id = any($1::uuid[]) order by agent_id for no key update",
        [session.agent_uuid for session in sessions],
    )


async def arrive(tx: Transaction, gateway_id: str, sessions: Sequence[AgentSession]) -> list[Arrived]:
    """Notes that these agents are connected here now. Returns those that have no newer connection."""
    return [Arrived(**row) for row in await tx.fetch(_ARRIVE, gateway_id, *_connections(sessions))]


async def depart(tx: Transaction, gateway_id: str, sessions: Sequence[AgentSession]) -> dict[bytes, UUID]:
    """Notes that these agents are gone. Returns (id to client_id) those that still counted as connected here."""
    rows = await tx.fetch(_DEPART, gateway_id, *_connections(sessions))
    return {row[0].bytes: row[1] for row in rows}


async def write_heartbeats(tx: Transaction, gateway_id: str, sessions: Sequence[AgentSession]) -> int:
    """Keeps what heartbeats said. Returns how many of the agents still count as connected here."""
    return await tx.execute(
        _HEARTBEATS,
        gateway_id,
        *_connections(sessions),
        [s.client_id for s in sessions],
        [s.last_seen for s in sessions],
        [s.cpu for s in sessions],
        [s.memory for s in sessions],
        [s.clock_s for s in sessions],
        [s.settings_version for s in sessions],
    )


async def write_metrics(tx: Transaction, gateway_id: str, sessions: Sequence[AgentSession]) -> int:
    """Keeps the newest readings. Returns how many of the agents still count as connected here."""
    return await tx.execute(
        _METRICS,
        gateway_id,
        *_connections(sessions),
        [s.client_id for s in sessions],
        [s.last_seen for s in sessions],
        [s.cpu for s in sessions],
        [s.memory for s in sessions],
        [s.clock_s for s in sessions],
        [s.disk for s in sessions],
        [s.uptime for s in sessions],
        [s.latest for s in sessions],
        [" ".join(s.faults) for s in sessions],
        [s.settings_version for s in sessions],
    )


async def connected_here(
    tx: Transaction, gateway_id: str, sessions: Sequence[AgentSession]
) -> dict[bytes, tuple[int, UUID]]:
    """Returns (connection id, client_id) of those sessions' machines that count as connected to this gateway."""
    tenant_ids, agent_ids, _ = _connections(sessions)
    rows = await tx.fetch(
        "select s.agent_id, s.connection_id, s.client_id from core.agent_state s"
        " join unnest($1::uuid[], $2::uuid[]) as u(tenant_id, agent_id) using (tenant_id, agent_id)"
        " where s.gateway_id || '' = $3",
        tenant_ids,
        agent_ids,
        gateway_id,
    )
    return {row[0].bytes: (row[1], row[2]) for row in rows}


def _connections(sessions: Sequence[AgentSession]) -> tuple[list[UUID], list[UUID], list[int]]:
    """Returns whose each agent session is: the tenant, the machine and the connection, a column each."""
    return [s.tenant_id for s in sessions], [s.agent_uuid for s in sessions], [s.connection_id for s in sessions]
