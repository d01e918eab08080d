"""SQL over Clients and Sites, in a tenant scope: row-level security keeps every statement to one Partner."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, read_page, search_words
from gururmm_server.infra.sql import all_of, sql

_COUNTS = """select {key}, count(*) as agents, count(*) filter (where st.online) as online
  from core.machines a join core.machine_states st using (agent_id) where a.revoked_at is null group by {key}"""
_CLIENTS = f"""(select c.client_id as id, c.name, c.created_at, coalesce(n.agents, 0) as agents,
  coalesce(n.online, 0) as online, (select count(*) from core.sites s where s.client_id = c.client_id) as sites
  from core.clients c left join ({_COUNTS.format(key="a.client_id")}) n using (client_id)) as r"""
_SITES = f"""(select s.site_id as id, s.name, s.client_id, c.name as client_name, s.created_at,
  coalesce(n.agents, 0) as agents, coalesce(n.online, 0) as online
  from core.sites s join core.clients c using (client_id)
  left join ({_COUNTS.format(key="a.site_id")}) n using (site_id)) as r"""
_TREE = f"""select c.client_id, c.name as client_name, s.site_id, s.name as site_name,
  coalesce(n.agents, 0) as agents, coalesce(n.online, 0) as online
  from core.clients c left join core.sites s using (client_id)
  left join ({_COUNTS.format(key="a.site_id")}) n using (site_id)
  order by core.natural_key(c.name), c.client_id, core.natural_key(s.name), s.site_id"""

_COUNT_SORTS = {
    "name": Sort("core.natural_key(r.name)"),
    "agents": Sort("r.agents", "bigint"),
    "online": Sort("r.online", "bigint"),
    "created_at": Sort("r.created_at", "timestamptz"),
}
CLIENT_SORTS = _COUNT_SORTS | {"sites": Sort("r.sites", "bigint")}
SITE_SORTS = _COUNT_SORTS | {"client": Sort("core.natural_key(r.client_name)")}


_ONE_CLIENT = f"select r.* from {_CLIENTS} where r.id = $1"
_ONE_SITE = f"select r.* from {_SITES} where r.id = $1"


class ClientRow(msgspec.Struct, frozen=True):
    """A Client, with what it has counted."""

    id: UUID
    name: str
    created_at: datetime
    agents: int
    online: int
    sites: int


class SiteRow(msgspec.Struct, frozen=True):
    """A Site, with its machines counted."""

    id: UUID
    name: str
    client_id: UUID
    client_name: str
    created_at: datetime
    agents: int
    online: int


class BranchRow(msgspec.Struct, frozen=True):
    """A Client with one of its Sites, or with none."""

    client_id: UUID
    client_name: str
    site_id: UUID | None
    site_name: str | None
    agents: int
    online: int


class LockedSite(msgspec.Struct, frozen=True):
    """A Site into which nothing is put meanwhile."""

    name: str
    client_id: UUID


async def page_of_clients(tx: Transaction, query: PageQuery) -> Slice[ClientRow]:
    """Returns a page of the Clients."""
    where = sql("core.folded(r.name) like all ({words}::text[])", words=search_words(query.search))
    return await read_page(tx, ClientRow, query, columns="r.*", source=_CLIENTS, where=where, tie_break="r.id")


async def page_of_sites(tx: Transaction, query: PageQuery, client_id: UUID | None) -> Slice[SiteRow]:
    """Returns a page of the Sites, of all Clients or of one."""
    words = search_words(query.search)
    asked = [sql("core.folded(r.name || ' ' || r.client_name) like all ({words}::text[])", words=words)]
    if client_id is not None:
        asked.append(sql("r.client_id = {client}", client=client_id))
    return await read_page(tx, SiteRow, query, columns="r.*", source=_SITES, where=all_of(asked), tie_break="r.id")


async def tree(tx: Transaction) -> list[BranchRow]:
    """Returns every Client with each of its Sites, by name."""
    return [BranchRow(**row) for row in await tx.fetch(_TREE)]


async def client(tx: Transaction, client_id: UUID) -> ClientRow | None:
    """Returns one Client, or None where the scope does not see it."""
    row = await tx.fetchrow(_ONE_CLIENT, client_id)
    return ClientRow(**row) if row is not None else None


async def site(tx: Transaction, site_id: UUID) -> SiteRow | None:
    """Returns one Site, or None where the scope does not see it."""
    row = await tx.fetchrow(_ONE_SITE, site_id)
    return SiteRow(**row) if row is not None else None


async def lock_client(tx: Transaction, client_id: UUID) -> str | None:
    """Returns the Client's name, locked: nothing is put into it meanwhile."""
    name: str | None = await tx.fetchval("select name from core.clients where client_id = $1 for update", client_id)
    return name


async def lock_site(tx: Transaction, site_id: UUID) -> LockedSite | None:
    """Returns a Site, locked: nothing is put into it meanwhile."""
    row = await tx.fetchrow("select name, client_id from core.sites where site_id = $1 for update", site_id)
    return LockedSite(**row) if row is not None else None


async def add_client(tx: Transaction, client_id: UUID, name: str) -> None:
    await tx.execute(
        "insert into core.clients (tenant_id, client_id, name) values ($1, $2, $3)", tx.tenant_id, client_id, name
    )


async def add_site(tx: Transaction, site_id: UUID, client_id: UUID, name: str) -> None:
    await tx.execute(
        "insert into core.sites (tenant_id, site_id, client_id, name) values ($1, $2, $3, $4)",
        tx.tenant_id,
        site_id,
        client_id,
        name,
    )


async def rename_client(tx: Transaction, client_id: UUID, name: str) -> None:
    await tx.execute("update core.clients set name = $2 where client_id = $1", client_id, name)


async def rename_site(tx: Transaction, site_id: UUID, name: str) -> None:
    await tx.execute("update core.sites set name = $2 where site_id = $1", site_id, name)


async def has_sites(tx: Transaction, client_id: UUID) -> bool:
    """Tells whether a Client has Sites."""
    found: bool = await tx.fetchval("select exists (select from core.sites where client_id = $1)", client_id)
    return found


async def has_machines(tx: Transaction, site_id: UUID) -> bool:
    """Tells whether there are machines at a Site."""
    found: bool = await tx.fetchval("select exists (select from core.machines where site_id = $1)", site_id)
    return found


async def delete_client(tx: Transaction, client_id: UUID) -> None:
    await tx.execute("delete from core.clients where client_id = $1", client_id)


async def delete_site(tx: Transaction, site_id: UUID) -> None:
    await tx.execute("delete from core.sites where site_id = $1", site_id)
