"""SQL of what agents are told: a Partner's configuration for all of its agents, and those of Sites that differ."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

_OLD = "signed_at is null or signed_at < now() - interval '1 day'"
_STALE = (
    "a.version is distinct from s.version or a.signed_by is distinct from $1 or a.signed_at < now() - interval '1 day'"
)
"""What is signed for a machine (a) of a Site (s)."""
_LOCK = f"""
select tenant_id, version, last_version, told, signed_by is distinct from $2 or signed_order is null or {_OLD} as due
from core.tenant_settings where tenant_id = any($1::uuid[]) order by tenant_id for update
"""
_KEEP = """
update core.tenant_settings t set version = u.version, told = u.told::jsonb, signed_order = u.signed_order,
  signed_by = $5, signed_at = now()
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[]) as u(tenant_id, version, told, signed_order)
where t.tenant_id = u.tenant_id
"""
_KEEP_SITES = """
insert into core.site_settings (tenant_id, site_id, version, told)
select tenant_id, site_id, version, told::jsonb
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[]) as u(tenant_id, site_id, version, told)
on conflict (site_id) do update set version = excluded.version, told = excluded.told
"""
# In the order of their ids: two that sign for the same machines wait for each other, and never in a circle.
_UNTOLD = f"""
select s.tenant_id, m.agent_id, s.version, s.told
from core.site_settings s join core.machines m on m.tenant_id = s.tenant_id and m.site_id = s.site_id
  left join core.agent_settings a on a.agent_id = m.agent_id
where s.tenant_id = any($2::uuid[]) and m.revoked_at is null
  and ({_STALE})
order by m.agent_id limit $3
"""
_KEEP_MACHINES = """
insert into core.agent_settings (tenant_id, agent_id, version, signed_order, signed_by)
select u.*, $5 from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[]) u
on conflict (agent_id) do update set version = excluded.version, signed_order = excluded.signed_order,
  signed_by = excluded.signed_by, signed_at = now()
"""
_LET_GO = """
delete from core.agent_settings a using core.machines m
where a.tenant_id = any($1::uuid[]) and m.agent_id = a.agent_id
  and not exists (select from core.site_settings s where s.site_id = m.site_id)
returning a.tenant_id
"""
_DUE = f"""
select tenant_id from core.tenant_settings where signed_by is distinct from $1 or signed_order is null or {_OLD}
union
select s.tenant_id from core.site_settings s join core.machines m on m.tenant_id = s.tenant_id and m.site_id = s.site_id
  left join core.agent_settings a on a.agent_id = m.agent_id
where m.revoked_at is null
  and ({_STALE})
union
select a.tenant_id from core.agent_settings a join core.machines m on m.agent_id = a.agent_id
where not exists (select from core.site_settings s where s.site_id = m.site_id)
limit $2
"""
_MACHINE = """
select m.tenant_id, s.site_id is not null as apart, a.agent_id is not null as has_own,
  coalesce(a.version = coalesce(s.version, t.version), false) as same, coalesce(s.version, t.version) as version,
  coalesce(s.told, t.told) as told
from core.machines m join core.tenant_settings t on t.tenant_id = m.tenant_id
  left join core.site_settings s on s.tenant_id = m.tenant_id and s.site_id = m.site_id
  left join core.agent_settings a on a.agent_id = m.agent_id
where m.agent_id = $1
"""
_OF_PARTNERS = """
select t.tenant_id, t.signed_order,
  exists (select from core.agent_settings a where a.tenant_id = t.tenant_id) as some_own
from core.tenant_settings t where t.tenant_id = any($1::uuid[])
"""
_OWN = "select agent_id, signed_order from core.agent_settings where agent_id = any($1::uuid[])"
_OTHER = """
select u.agent_id, a.signed_order from unnest($1::uuid[], $2::bigint[]) as u(agent_id, version)
  left join core.agent_settings a on a.agent_id = u.agent_id
where a.version is distinct from u.version
"""

Told = Mapping[str, Any]


class PartnerRow(msgspec.Struct, frozen=True):
    """What a Partner's agents are told. `due`: its order has to be signed anew, whatever it says."""

    tenant_id: UUID
    version: int
    last_version: int
    """The highest that was given to any configuration of the Partner."""
    told: dict[str, Any] | None
    """None: it was never signed."""
    due: bool


class SiteRow(msgspec.Struct, frozen=True):
    """A Site whose agents are told something else than the others."""

    tenant_id: UUID
    site_id: UUID
    version: int
    told: dict[str, Any]


class Untold(msgspec.Struct, frozen=True):
    """A machine for which what its Site's agents are told is not signed yet."""

    tenant_id: UUID
    agent_id: UUID
    version: int
    told: dict[str, Any]


class MachineRow(msgspec.Struct, frozen=True):
    """What a machine is to be told: its Site's configuration where that is `apart`, else the Partner's.

    `same`: it has an order of its own that says it.
    """

    tenant_id: UUID
    apart: bool
    has_own: bool
    same: bool
    version: int
    told: dict[str, Any] | None


class PartnerOrder(msgspec.Struct, frozen=True):
    """The order for all of a Partner's agents, and whether some of them have one of their own."""

    tenant_id: UUID
    signed_order: bytes | None
    some_own: bool


async def begin(tx: Transaction, tenant_id: UUID) -> None:
    """Adds a new Partner's configuration, in a Platform scope."""
    await tx.execute("insert into core.tenant_settings (tenant_id) values ($1)", tenant_id)


async def lock(tx: Transaction, tenant_ids: Iterable[UUID], key_id: bytes) -> list[PartnerRow]:
    """Returns what the agents of Partners are told, which nobody else changes before the transaction ends."""
    return [PartnerRow(**row) for row in await tx.fetch(_LOCK, list(tenant_ids), key_id)]


async def hold(tx: Transaction) -> None:
    """Waits until nobody changes the Partner's configurations; nobody does until the transaction ends."""
    await tx.execute("select from core.tenant_settings where tenant_id = $1 for share", tx.tenant_id)


async def keep(tx: Transaction, rows: Sequence[tuple[UUID, int, Told, bytes]], key_id: bytes) -> None:
    """Keeps each Partner's configuration (tenant, version, what is told, the signed order of it)."""
    packed = [(tenant_id, version, _packed(told), order) for tenant_id, version, told, order in rows]
    await tx.execute(_KEEP, *_columns(packed, 4), key_id)


async def note_versions(tx: Transaction, last_versions: Mapping[UUID, int]) -> None:
    """Keeps the highest version that each Partner's configurations have had."""
    await tx.execute(
        "update core.tenant_settings t set last_version = u.version"
        " from unnest($1::uuid[], $2::bigint[]) as u(tenant_id, version) where t.tenant_id = u.tenant_id",
        list(last_versions),
        list(last_versions.values()),
    )


async def sites(tx: Transaction, tenant_ids: Iterable[UUID]) -> list[SiteRow]:
    """Returns the Sites of Partners whose agents are told something else than the others."""
    rows = await tx.fetch(
        "select tenant_id, site_id, version, told from core.site_settings where tenant_id = any($1::uuid[])",
        list(tenant_ids),
    )
    return [SiteRow(**row) for row in rows]


async def keep_sites(tx: Transaction, rows: Sequence[SiteRow]) -> None:
    """Keeps what the agents of Sites are told."""
    packed = [(row.tenant_id, row.site_id, row.version, _packed(row.told)) for row in rows]
    await tx.execute(_KEEP_SITES, *_columns(packed, 4))


async def forget_sites(tx: Transaction, site_ids: Iterable[UUID]) -> None:
    """Lets the agents of Sites be told what all are told."""
    await tx.execute("delete from core.site_settings where site_id = any($1::uuid[])", list(site_ids))


async def untold(tx: Transaction, tenant_ids: Iterable[UUID], key_id: bytes, limit: int) -> list[Untold]:
    """Returns some machines at such Sites whose own order is missing, of another version, old, or of another key."""
    return [Untold(**row) for row in await tx.fetch(_UNTOLD, key_id, list(tenant_ids), limit)]


async def keep_machines(tx: Transaction, rows: Sequence[tuple[UUID, UUID, int, bytes]], key_id: bytes) -> None:
    """Keeps each machine's own order (tenant, machine, version, order)."""
    await tx.execute(_KEEP_MACHINES, *_columns(rows, 4), key_id)


async def let_go(tx: Transaction, tenant_ids: Iterable[UUID]) -> set[UUID]:
    """Forgets the own orders of machines that are at no such Site any more. Returns the Partners that had some."""
    return {row["tenant_id"] for row in await tx.fetch(_LET_GO, list(tenant_ids))}


async def due(tx: Transaction, key_id: bytes, limit: int) -> list[UUID]:
    """Returns Partners with something to be signed, in a scope that sees them all."""
    return [row["tenant_id"] for row in await tx.fetch(_DUE, key_id, limit)]


async def make_due(tx: Transaction) -> None:
    """Has every Partner's configuration looked at and signed anew, in a Platform scope."""
    await tx.execute("update core.tenant_settings set signed_at = null")


async def machine(tx: Transaction, agent_id: UUID) -> MachineRow | None:
    """Returns what a machine is to be told, and what it has; None where the scope does not see it."""
    row = await tx.fetchrow(_MACHINE, agent_id)
    return MachineRow(**row) if row is not None else None


async def of_partners(tx: Transaction, tenant_ids: Iterable[UUID]) -> list[PartnerOrder]:
    """Returns the orders of Partners, in a gateway's scope."""
    return [PartnerOrder(**row) for row in await tx.fetch(_OF_PARTNERS, list(tenant_ids))]


async def own(tx: Transaction, agent_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Returns the own orders of those machines that have one, in a gateway's scope."""
    return {row["agent_id"]: row["signed_order"] for row in await tx.fetch(_OWN, list(agent_ids))}


async def other_than(tx: Transaction, versions: Mapping[UUID, int | None]) -> dict[UUID, bytes | None]:
    """Returns the own orders of those machines that were told another version of one.

    None where it is said to have been told one, and has none any more.
    """
    rows = await tx.fetch(_OTHER, list(versions), list(versions.values()))
    return {row["agent_id"]: row["signed_order"] for row in rows}


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(count)]


def _packed(told: Told) -> str:
    return msgspec.json.encode(told).decode()
