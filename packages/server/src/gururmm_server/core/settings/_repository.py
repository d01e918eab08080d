"""SQL of the values that are set. Some scopes see every tenant's rows, so each statement names whose it means."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.setting import Level, Value
from gururmm_server.infra.database import Transaction

_PLATFORM = "select null::uuid as tenant_id, null::uuid as site_id, key, value from core.platform_settings"
_SET = f"""
{_PLATFORM} where key = any($2::text[])
union all
select tenant_id, site_id, key, value from core.setting_values
where tenant_id = any($1::uuid[]) and key = any($2::text[]) and (site_id is null or $3 or site_id = $4)
"""
_OF_PARTNERS = f"""
{_PLATFORM} where key = $1
union all
select tenant_id, site_id, key, value from core.setting_values where key = $1 and site_id is null
"""
_PAGE = f"""
select tenant_id, site_id, key, value, null::timestamptz as changed_at, null as changed_by from ({_PLATFORM}) p
union all
select tenant_id, site_id, key, value, changed_at, changed_by from core.setting_values
where tenant_id = $1 and (site_id is null or site_id = $2)
"""
_PLATFORM_PAGE = """
select null::uuid as tenant_id, null::uuid as site_id, key, value, changed_at, changed_by from core.platform_settings
"""
_KEEP = """
insert into core.setting_values (tenant_id, site_id, key, value, changed_by)
select $1, $2, key, value::jsonb, $5 from unnest($3::text[], $4::text[]) as given(key, value)
"""
_FORGET = """
delete from core.setting_values where tenant_id = $1 and site_id is not distinct from $2 and key = any($3::text[])
"""
_KEEP_PLATFORM = """
insert into core.platform_settings (key, value, changed_by)
select key, value::jsonb, $3 from unnest($1::text[], $2::text[]) as given(key, value)
"""


class SetRow(msgspec.Struct, frozen=True):
    """A value that is set: for everybody, for a Partner, or for a Site of it."""

    tenant_id: UUID | None
    site_id: UUID | None
    key: str
    value: Value

    @property
    def level(self) -> Level:
        """Returns at which level it is set."""
        if self.site_id is not None:
            return Level.SITE
        return Level.PLATFORM if self.tenant_id is None else Level.PARTNER


class ShownRow(SetRow, frozen=True):
    """The same, and since when, by whom; a Partner does not see that of the Platform's."""

    changed_at: datetime | None
    changed_by: str | None


async def values(
    tx: Transaction, tenant_ids: Iterable[UUID], keys: Iterable[str], site_id: UUID | None = None
) -> list[SetRow]:
    """Returns what is set of these keys, on the way from the Platform to these Partners, or to a Site of theirs."""
    rows = await tx.fetch(_SET, list(tenant_ids), list(keys), False, site_id)
    return [SetRow(**row) for row in rows]


async def values_everywhere(tx: Transaction, tenant_ids: Iterable[UUID], keys: Iterable[str]) -> list[SetRow]:
    """Returns what is set of these keys for these Partners, and for each of their Sites."""
    rows = await tx.fetch(_SET, list(tenant_ids), list(keys), True, None)
    return [SetRow(**row) for row in rows]


async def partners_values(tx: Transaction, key: str) -> list[SetRow]:
    """Returns what is set of a key for everybody, and by Partners, in a scope that sees them all."""
    return [SetRow(**row) for row in await tx.fetch(_OF_PARTNERS, key)]


async def page(tx: Transaction, site_id: UUID | None) -> list[ShownRow]:
    """Returns all that is set on the way to the scope's Partner, or to a Site of it."""
    return [ShownRow(**row) for row in await tx.fetch(_PAGE, tx.tenant_id, site_id)]


async def platform_page(tx: Transaction) -> list[ShownRow]:
    """Returns all that is set for everybody, in a Platform scope."""
    return [ShownRow(**row) for row in await tx.fetch(_PLATFORM_PAGE)]


async def change(tx: Transaction, site_id: UUID | None, changes: Mapping[str, Value | None], actor: str) -> None:
    """Sets values for the scope's Partner, or for a Site of it; None takes the one away that is there."""
    await tx.execute(_FORGET, tx.tenant_id, site_id, list(changes))
    keys, kept = _kept(changes)
    await tx.execute(_KEEP, tx.tenant_id, site_id, keys, kept, actor)


async def lock_platform(tx: Transaction) -> None:
    """Waits until nobody else changes what holds for everybody; nobody does until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('core.platform_settings'))")


async def change_platform(tx: Transaction, changes: Mapping[str, Value | None], actor: str) -> None:
    """Sets values for everybody, in a Platform scope; None takes the one away that is there."""
    await tx.execute("delete from core.platform_settings where key = any($1::text[])", list(changes))
    keys, kept = _kept(changes)
    await tx.execute(_KEEP_PLATFORM, keys, kept, actor)


async def partners(tx: Transaction) -> list[UUID]:
    """Returns every Partner, in a Platform scope."""
    return [row["tenant_id"] for row in await tx.fetch("select tenant_id from core.tenant_settings order by tenant_id")]


async def enter(tx: Transaction, tenant_id: UUID) -> None:
    """Makes a Platform scope this Partner's from here on, as far as its audit goes."""
    await tx.execute("select set_config('gururmm.tenant_id', $1, true)", str(tenant_id))


def _kept(changes: Mapping[str, Value | None]) -> tuple[list[str], list[str]]:
    """Returns the keys that are set, and their values as JSON."""
    kept = {key: msgspec.json.encode(value).decode() for key, value in changes.items() if value is not None}
    return list(kept), list(kept.values())
