"""SQL of one machine: its record, its state and its inventory, as their owners offer them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from gururmm_server.core.agents.record import Place
from gururmm_server.core.fleet._repository import JOIN, ROW_COLUMNS, FleetRow
from gururmm_server.infra.database import Transaction

_FIND = f"""
select {ROW_COLUMNS}, a.enrolled_at, a.protocol, s.latest, s.clock_s, s.gateway_id from {JOIN} where a.agent_id = $1
"""


class MachineRow(FleetRow, frozen=True):
    """A machine with all that its page shows. `latest`: its newest Metrics message, as the wire has it."""

    enrolled_at: datetime
    protocol: int
    latest: bytes | None
    clock_s: int | None
    gateway_id: str | None


class Section(msgspec.Struct, frozen=True):
    """A section of a machine's inventory, as its agent reported it."""

    section: str
    items: dict[str, Any]


class FormerRow(msgspec.Struct, frozen=True):
    """A machine that another one was before."""

    agent_id: UUID
    hostname: str
    client_name: str
    site_name: str
    last_seen: datetime | None


_FORMER = """
select f.agent_id, f.hostname, f.client_name, f.site_name, s.last_seen
from core.machines a join core.machines f on f.machine_id = a.machine_id and f.agent_id <> a.agent_id
join core.machine_states s on s.agent_id = f.agent_id
where a.agent_id = $1 and a.machine_id <> '' and not a.kept_apart and f.enrolled_at < a.enrolled_at and not s.online
order by s.last_seen desc nulls last limit 5
"""


async def former(tx: Transaction, agent_id: UUID) -> list[FormerRow]:
    """Returns who a machine was before: those that are offline, older, and call themselves by the same machine-id."""
    return [FormerRow(**row) for row in await tx.fetch(_FORMER, agent_id)]


async def find(tx: Transaction, agent_id: UUID) -> MachineRow | None:
    """Returns a machine with its state, or None where the scope does not see it."""
    row = await tx.fetchrow(_FIND, agent_id)
    return MachineRow(**row) if row is not None else None


async def inventory(tx: Transaction, agent_id: UUID) -> list[Section]:
    """Returns every section but software, which has a list of its own."""
    rows = await tx.fetch(
        "select section, items from core.machine_inventory where agent_id = $1 and section <> 'software'", agent_id
    )
    return [Section(**row) for row in rows]


async def running_settings(tx: Transaction, agent_id: UUID) -> int | None:
    """Returns which version of its settings a machine last said that it runs, None where it never did."""
    found: int | None = await tx.fetchval("select version from core.running_settings where agent_id = $1", agent_id)
    return found


async def gateway_of(tx: Transaction, agent_id: UUID) -> str | None:
    """Returns the gateway that holds a machine, if one does."""
    found: str | None = await tx.fetchval(
        "select gateway_id from core.machine_states where agent_id = $1 and online", agent_id
    )
    return found


async def place(tx: Transaction, site_id: UUID) -> Place | None:
    """Returns a Site as a place for machines, or None where the scope does not see it."""
    row = await tx.fetchrow(
        "select client_id, client_name, site_id, site_name from core.places where site_id = $1", site_id
    )
    return Place(**row) if row is not None else None
