"""SQL of tags. The scope's tenant and Clients decide what is seen, and so what can be tagged."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

Kind = Literal["agent", "site", "client"]


class CountRow(msgspec.Struct, frozen=True):
    """A tag, and on how many it hangs itself."""

    tag: str
    agents: int
    sites: int
    clients: int


class TagRow(msgspec.Struct, frozen=True):
    """A tag of a machine, and on what it hangs."""

    tag: str
    of: Kind


_COUNTS = """
select tag, count(agent_id) as agents, count(site_id) as sites, count(client_id) as clients
from core.tags group by tag order by tag limit 1000
"""
_OF_MACHINE = """
select t.tag, case when t.agent_id is not null then 'agent' when t.site_id is not null then 'site' else 'client' end
  as of
from core.machines a join core.tags t
  on t.agent_id = a.agent_id or t.site_id = a.site_id or t.client_id = a.client_id
where a.agent_id = $1 order by 1, 2
"""
_HANG: dict[Kind, str] = {
    "agent": "insert into core.tags (tenant_id, tag, agent_id) select tenant_id, tag, agent_id"
    " from core.machines cross join unnest($2::text[]) tag where agent_id = any($1::uuid[]) on conflict do nothing",
    "site": "insert into core.tags (tenant_id, tag, site_id) select tenant_id, tag, site_id"
    " from core.places cross join unnest($2::text[]) tag where site_id = any($1::uuid[]) on conflict do nothing",
    "client": "insert into core.tags (tenant_id, tag, client_id) select tenant_id, tag, client_id"
    " from core.client_names cross join unnest($2::text[]) tag where client_id = any($1::uuid[])"
    " on conflict do nothing",
}
_THERE: dict[Kind, str] = {
    "agent": "select count(*) from core.machines where agent_id = any($1::uuid[])",
    "site": "select count(*) from core.places where site_id = any($1::uuid[])",
    "client": "select count(*) from core.client_names where client_id = any($1::uuid[])",
}
_TAKE: dict[Kind, str] = {
    "agent": "delete from core.tags where agent_id = any($1::uuid[]) and tag = any($2::text[])",
    "site": "delete from core.tags where site_id = any($1::uuid[]) and tag = any($2::text[])",
    "client": "delete from core.tags where client_id = any($1::uuid[]) and tag = any($2::text[])",
}
_MOST: dict[Kind, str] = {
    "agent": "select count(*) from core.tags where agent_id = any($1::uuid[]) group by agent_id",
    "site": "select count(*) from core.tags where site_id = any($1::uuid[]) group by site_id",
    "client": "select count(*) from core.tags where client_id = any($1::uuid[]) group by client_id",
}


async def counts(tx: Transaction) -> list[CountRow]:
    """Returns the tags that there are, by name; 1,000 at most."""
    return [CountRow(**row) for row in await tx.fetch(_COUNTS)]


async def of_machine(tx: Transaction, agent_id: UUID) -> list[TagRow]:
    """Returns a machine's tags, with those of its Site and Client."""
    return [TagRow(**row) for row in await tx.fetch(_OF_MACHINE, agent_id)]


async def there(tx: Transaction, kind: Kind, ids: Sequence[UUID]) -> bool:
    """Tells whether all of these are seen."""
    return bool(await tx.fetchval(_THERE[kind], ids) == len(set(ids)))


async def hang(tx: Transaction, kind: Kind, ids: Sequence[UUID], tags: Sequence[str]) -> None:
    """Hangs tags on things, where they do not hang yet."""
    await tx.execute(_HANG[kind], ids, tags)


async def take(tx: Transaction, kind: Kind, ids: Sequence[UUID], tags: Sequence[str]) -> None:
    """Takes tags off things."""
    await tx.execute(_TAKE[kind], ids, tags)


async def most(tx: Transaction, kind: Kind, ids: Sequence[UUID]) -> int:
    """Returns how many tags that of these has which has most."""
    return max((row["count"] for row in await tx.fetch(_MOST[kind], ids)), default=0)
