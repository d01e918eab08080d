"""SQL of the record of machines: which there are, whose, where, and by which key each proves itself."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction


class Place(msgspec.Struct, frozen=True):
    """Where a machine belongs, with the names that people know."""

    client_id: UUID
    client_name: str
    site_id: UUID
    site_name: str


class Machine(msgspec.Struct, frozen=True):
    """A machine's record."""

    agent_id: UUID
    hostname: str
    client_id: UUID
    client_name: str
    site_id: UUID
    site_name: str


class NewAgent(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that asks to be registered."""

    tenant_id: UUID
    agent_id: UUID
    place: Place
    public_key: bytes
    hostname: str
    machine_id: str
    os_name: str
    os_family: str
    arch: str
    agent_version: str
    protocol: int


class Described(msgspec.Struct, frozen=True):
    """What an agent says of itself when it connects. An empty architecture and the family `other` say nothing."""

    tenant_id: UUID
    agent_id: UUID
    agent_version: str
    arch: str
    os_family: str
    machine_id: str = ""


class Facts(msgspec.Struct, frozen=True):
    """What a machine's inventory says of it; None says nothing."""

    hostname: str | None = None
    os_name: str | None = None
    os_family: str | None = None
    arch: str | None = None
    addresses: list[str] | None = None
    macs: list[str] | None = None
    username: str | None = None
    serial: str | None = None
    ram: int | None = None
    cores: int | None = None
    model: str | None = None
    processor: str | None = None


_MACHINE = "select agent_id, hostname, client_id, client_name, site_id, site_name from core.agents where agent_id = $1"
_HOLD = f"{_MACHINE} and revoked_at is null for share"
_REGISTER = """
insert into core.agents (tenant_id, agent_id, client_id, client_name, site_id, site_name, public_key, hostname,
  machine_id, os_name, os_family, arch, agent_version, protocol)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (agent_id) do update set client_id = excluded.client_id, client_name = excluded.client_name,
  site_id = excluded.site_id, site_name = excluded.site_name, hostname = excluded.hostname, enrolled_at = now(),
  revoked_at = null
"""
# Most come back as they went: what a record is found by is made anew with each write of it.
_DESCRIBE_ALL = """
update core.agents a set agent_version = u.agent_version, protocol = 2,
  arch = case when u.arch = '' then a.arch else u.arch end,
  os_family = case when a.os_family = 'other' then u.os_family else a.os_family end,
  machine_id = case when u.machine_id = '' then a.machine_id else u.machine_id end
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
  as u(tenant_id, agent_id, agent_version, arch, os_family, machine_id)
where a.tenant_id = u.tenant_id and a.agent_id = u.agent_id and (a.agent_version <> u.agent_version or a.protocol <> 2
  or a.arch <> u.arch and u.arch <> '' or a.machine_id <> u.machine_id and u.machine_id <> ''
  or a.os_family = 'other' and u.os_family <> 'other')
"""
# Only what the inventory said anything about is set.
_DESCRIBE = """
update core.agents set hostname = coalesce($3, hostname), os_name = coalesce($4, os_name),
  os_family = coalesce($5, os_family), arch = coalesce($6, arch), addresses = coalesce($7, addresses),
  macs = coalesce($8, macs), username = coalesce($9, username), serial = coalesce($10, serial),
  ram = coalesce($11, ram), cores = coalesce($12, cores), model = coalesce($13, model),
  processor = coalesce($14, processor)
where tenant_id = $1 and agent_id = $2
"""


async def find(tx: Transaction, agent_id: UUID) -> Machine | None:
    """Returns a machine, or None where the scope does not see it."""
    row = await tx.fetchrow(_MACHINE, agent_id)
    return Machine(**row) if row is not None else None


async def hold(tx: Transaction, agent_id: UUID) -> Machine | None:
    """Returns a machine that is not being removed, and will not be before the transaction ends."""
    row = await tx.fetchrow(_HOLD, agent_id)
    return Machine(**row) if row is not None else None


async def of_key(tx: Transaction, public_key: bytes) -> UUID | None:
    """Returns the id of the machine that proves itself by this key, None where there is none."""
    found: UUID | None = await tx.fetchval(
        "select agent_id from core.agents where public_key = $1 and revoked_at is null", public_key
    )
    return found


async def is_taken(tx: Transaction, agent_id: UUID, public_key: bytes) -> bool:
    """Tells whether a machine with another key has this id."""
    return bool(
        await tx.fetchval("select true from core.agents where agent_id = $1 and public_key <> $2", agent_id, public_key)
    )


async def was_removed(tx: Transaction, agent_id: UUID) -> bool:
    """Tells whether there was such a machine, which was removed."""
    return bool(await tx.fetchval("select true from core.removed_agents where agent_id = $1", agent_id))


async def give_key(tx: Transaction, agent_id: UUID, public_key: bytes) -> None:
    """Lets a machine prove itself by another key from now on, and by the one before no more."""
    await tx.execute("update core.agents set public_key = $2 where agent_id = $1", agent_id, public_key)


async def key_of(tx: Transaction, agent_id: UUID) -> bytes | None:
    """Returns the key of a machine, None where the scope does not see it."""
    found: bytes | None = await tx.fetchval("select public_key from core.agents where agent_id = $1", agent_id)
    return found


async def forget_machine_id(tx: Transaction, agent_id: UUID) -> None:
    """Lets the machine say at its next connection what it calls itself, and be known by that."""
    await tx.execute("update core.agents set machine_id = '' where agent_id = $1", agent_id)


async def keep_apart(tx: Transaction, agent_id: UUID) -> bool:
    """Notes that a machine stays one of its own, whoever it was before. Returns False where there is none."""
    return bool(await tx.execute("update core.agents set kept_apart = true where agent_id = $1", agent_id))


async def count(tx: Transaction) -> int:
    """Returns how many machines the scope's Partner has."""
    found: int = await tx.fetchval("select count(*) from core.agents where tenant_id = $1", tx.tenant_id)
    return found


async def register(tx: Transaction, new: NewAgent) -> None:
    """Adds a machine, or lets one that was revoked or removed in again, at this place."""
    first = (new.tenant_id, new.agent_id)
    rest: tuple[Any, ...] = msgspec.structs.astuple(new)[3:]
    await tx.execute(_REGISTER, *first, *msgspec.structs.astuple(new.place), *rest)
    await tx.execute("delete from core.removed_agents where agent_id = $1", new.agent_id)


async def describe_all(tx: Transaction, agents: Sequence[Described]) -> None:
    """Keeps what agents say of their own version and machine."""
    await tx.execute(
        _DESCRIBE_ALL,
        [each.tenant_id for each in agents],
        [each.agent_id for each in agents],
        [each.agent_version for each in agents],
        [each.arch for each in agents],
        [each.os_family for each in agents],
        [each.machine_id for each in agents],
    )


async def describe(tx: Transaction, tenant_id: UUID, agent_id: UUID, facts: Facts) -> None:
    """Keeps what a machine's inventory says of it."""
    await tx.execute(_DESCRIBE, tenant_id, agent_id, *msgspec.structs.astuple(facts))


async def rename_client(tx: Transaction, client_id: UUID, name: str) -> None:
    """Keeps a Client's new name on its machines."""
    await tx.execute("update core.agents set client_name = $2 where client_id = $1", client_id, name)


async def rename_site(tx: Transaction, site_id: UUID, name: str) -> None:
    """Keeps a Site's new name on its machines."""
    await tx.execute("update core.agents set site_name = $2 where site_id = $1", site_id, name)


async def move(tx: Transaction, agent_id: UUID, place: Place) -> None:
    """Puts a machine under a Site; what hangs on it follows."""
    await tx.execute(
        "update core.agents set client_id = $2, client_name = $3, site_id = $4, site_name = $5 where agent_id = $1",
        agent_id,
        *msgspec.structs.astuple(place),
    )


async def revoke(tx: Transaction, agent_id: UUID) -> bool:
    """Lets nothing begin at a machine; whoever opens a terminal there waits. Returns False where there is none."""
    return bool(await tx.execute("update core.agents set revoked_at = now() where agent_id = $1", agent_id))


async def delete(tx: Transaction, agent_id: UUID, last_order: bytes | None = None) -> None:
    """Removes a machine and all that hangs on it, but for its key; `last_order` is what it hears when it comes back."""
    await tx.execute(
        "insert into core.removed_agents (tenant_id, agent_id, public_key, last_order)"
        " select tenant_id, agent_id, public_key, $2 from core.agents where agent_id = $1 on conflict do nothing",
        agent_id,
        last_order,
    )
    await tx.execute("delete from core.agents where agent_id = $1", agent_id)
