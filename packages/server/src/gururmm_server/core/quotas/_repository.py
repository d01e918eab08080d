"""SQL over what Partners may use and have used. Runs in a tenant's scope, giving in a Platform one."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

# One statement, so that two at once never count past the end. It touches no row where the amount does not fit.
_SPEND = """
with quota as (
  select least(coalesce((select most from core.partner_quotas where tenant_id = $1 and resource = $2), $4::bigint),
    $5::bigint) as most,
  coalesce((select sum(used) from core.partner_usage
    where tenant_id = $1 and resource = $2 and day between current_date - $6::int and current_date - 1), 0) as before
)
insert into core.partner_usage as u (tenant_id, resource, day, used)
  select $1, $2, current_date, $3::bigint from quota where before + $3::bigint <= most and $3::bigint <= most / $7::int
on conflict (tenant_id, resource, day) do update set used = u.used + excluded.used
  where (select before + u.used + excluded.used <= most and u.used + excluded.used <= most / $7::int from quota)
returning true
"""
# The same for amounts of several Partners, each of which fits or does not. All lock in one order, so none waits in a
# circle.
_SPEND_EACH = """
with said as (
  select u.tenant_id, u.amount,
    least(coalesce((select q.most from core.partner_quotas q where q.tenant_id = u.tenant_id and q.resource = $1),
      $4::bigint), $5::bigint) as most,
    coalesce((select sum(p.used) from core.partner_usage p where p.tenant_id = u.tenant_id and p.resource = $1
      and p.day between current_date - $6::int and current_date - 1), 0) as before
  from unnest($2::uuid[], $3::bigint[]) as u(tenant_id, amount)
)
insert into core.partner_usage as p (tenant_id, resource, day, used)
  select tenant_id, $1, current_date, amount from said
  where before + amount <= most and amount <= most / $7::int order by tenant_id
on conflict (tenant_id, resource, day) do update set used = p.used + excluded.used
  where (select said.before + p.used + excluded.used <= said.most and p.used + excluded.used <= said.most / $7::int
    from said where said.tenant_id = p.tenant_id)
returning p.tenant_id
"""
_USED = """
select resource, sum(used)::bigint as used,
  coalesce(sum(used) filter (where day = current_date), 0)::bigint as today
from core.partner_usage where tenant_id = $1 group by resource
"""


class UsedRow(msgspec.Struct, frozen=True):
    """How much of something a Partner has written that is still kept, and how much of that today (UTC)."""

    resource: str
    used: int
    today: int


async def spend(
    tx: Transaction, resource: str, amount: int, *, most: int, room: int, kept_days: int, days_share: int
) -> bool:
    """Counts an amount. Returns False, and counts nothing, where it does not fit. `room`: there is no more, anyhow."""
    fits = await tx.fetchval(_SPEND, tx.tenant_id, resource, amount, most, room, kept_days, days_share)
    return fits is not None


async def spend_each(
    tx: Transaction,
    resource: str,
    amounts: Mapping[UUID, int],
    *,
    most: int,
    room: int,
    kept_days: int,
    days_share: int,
) -> set[UUID]:
    """Counts an amount for each of several Partners, in a gateway's scope. Returns those whose amount fits."""
    rows = await tx.fetch(
        _SPEND_EACH, resource, list(amounts), list(amounts.values()), most, room, kept_days, days_share
    )
    return {row["tenant_id"] for row in rows}


async def quotas(tx: Transaction) -> dict[str, int]:
    """Returns the Partner's own quotas, by resource."""
    rows = await tx.fetch("select resource, most from core.partner_quotas where tenant_id = $1", tx.tenant_id)
    return {row["resource"]: row["most"] for row in rows}


async def used(tx: Transaction) -> list[UsedRow]:
    """Returns what the Partner has written and is still kept."""
    return [UsedRow(**row) for row in await tx.fetch(_USED, tx.tenant_id)]


async def give(tx: Transaction, tenant_id: UUID, resource: str, most: int | None) -> int | None:
    """Sets a Partner's own quota (None: takes it away) in a Platform scope, which is that Partner's from here on.

    Returns the one before.
    """
    await tx.execute("select set_config('gururmm.tenant_id', $1, true)", str(tenant_id))
    before: int | None = await tx.fetchval(
        "delete from core.partner_quotas where tenant_id = $1 and resource = $2 returning most", tenant_id, resource
    )
    if most is not None:
        await tx.execute(
            "insert into core.partner_quotas (tenant_id, resource, most) values ($1, $2, $3)", tenant_id, resource, most
        )
    return before
