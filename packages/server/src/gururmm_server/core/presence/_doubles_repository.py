"""SQL of the machines that prove themselves by one key."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

MOST = 16
"""As many of one machine are kept; those that were seen last."""
_KEEP = """
insert into core.agent_doubles (tenant_id, agent_id, instance, hostname, machine_id, address)
values ($1, $2, $3, $4, $5, $6)
on conflict (agent_id, instance) do update set hostname = excluded.hostname, machine_id = excluded.machine_id,
  address = excluded.address, last_seen = now()
returning signed_order
"""
_TIDY = """
delete from core.agent_doubles where agent_id = $1 and instance not in
  (select instance from core.agent_doubles where agent_id = $1 order by last_seen desc limit $2)
"""


class Double(msgspec.Struct, frozen=True):
    """One process of an agent that proved the machine's key while it is not the only one."""

    instance: bytes
    hostname: str
    machine_id: str
    address: str


class DoubleRow(msgspec.Struct, frozen=True):
    """The same, as it is kept."""

    instance: bytes
    hostname: str
    address: str
    last_seen: datetime
    ordered: bool
    """It is told to make a key of its own when it comes back."""


async def is_doubled(tx: Transaction, agent_id: UUID) -> bool:
    """Tells whether a machine is known to be ambiguous."""
    return bool(await tx.fetchval("select true from core.agent_doubles where agent_id = $1 limit 1", agent_id))


async def keep(tx: Transaction, tenant_id: UUID, agent_id: UUID, double: Double) -> bytes | None:
    """Notes one, or that it is still there. Returns the order that waits for it."""
    order: bytes | None = await tx.fetchval(_KEEP, tenant_id, agent_id, *msgspec.structs.astuple(double))
    await tx.execute(_TIDY, agent_id, MOST)
    return order


async def of_machine(tx: Transaction, agent_id: UUID) -> list[DoubleRow]:
    """Returns those of a machine, the one that was seen first at the top."""
    rows = await tx.fetch(
        "select instance, hostname, address, last_seen, signed_order is not null as ordered from core.agent_doubles"
        " where agent_id = $1 order by first_seen, instance",
        agent_id,
    )
    return [DoubleRow(**row) for row in rows]


async def order(tx: Transaction, agent_id: UUID, instance: bytes, signed_order: bytes) -> bool:
    """Keeps what one of them is told when it comes back. Returns False where there is no such one."""
    return bool(
        await tx.execute(
            "update core.agent_doubles set signed_order = $3 where agent_id = $1 and instance = $2",
            agent_id,
            instance,
            signed_order,
        )
    )


async def settle(tx: Transaction, agent_id: UUID, hostname: str | None = None) -> None:
    """Forgets those with this name, which are another machine by now, or (None) all.

    Where at most one is left, the machine is not ambiguous any more.
    """
    await tx.execute(
        "delete from core.agent_doubles where agent_id = $1 and ($2::text is null or hostname = $2)", agent_id, hostname
    )
    await tx.execute(
        "delete from core.agent_doubles where agent_id = $1"
        " and (select count(*) from core.agent_doubles where agent_id = $1) < 2",
        agent_id,
    )


async def names(tx: Transaction, agent_id: UUID) -> list[str]:
    """Returns what those of a machine call themselves, and from where they come."""
    return [f"{row.hostname} ({row.address})" for row in await of_machine(tx, agent_id)]
