"""SQL over Clients and Sites, in a tenant scope: row-level security keeps every statement to one Partner."""

from uuid import UUID

from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Sort, search_words

_COUNTS = """select {key}, count(*) as agents, count(*) filter (where st.online) as online
  from core.agents a join core.agent_state st using (agent_id) where a.revoked_at is null group by {key}"""
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
  order by lower(c.name), c.client_id, lower(s.name), s.site_id"""

_COUNT_SORTS = {
    "name": Sort("lower(r.name)"),
    "agents": Sort("r.agents", "bigint"),
    "online": Sort("r.online", "bigint"),
    "created_at": Sort("r.created_at", "timestamptz"),
}
CLIENT_SORTS = _COUNT_SORTS | {"sites": Sort("r.sites", "bigint")}
SITE_SORTS = _COUNT_SORTS | {"client": Sort("lower(r.client_name)")}


async def page_of_clients(tx: Transaction, query: PageQuery) -> tuple[list[Row], int]:
    return await _page(tx, query, _CLIENTS, "lower(r.name) like all ($1::text[])", [search_words(query.search)])


async def page_of_sites(tx: Transaction, query: PageQuery, client_id: UUID | None) -> tuple[list[Row], int]:
    where = "lower(r.name || ' ' || r.client_name) like all ($1::text[]) and ($2::uuid is null or r.client_id = $2)"
    return await _page(tx, query, _SITES, where, [search_words(query.search), client_id])


async def _page(
    tx: Transaction, query: PageQuery, source: str, where: str, bound: list[object]
) -> tuple[list[Row], int]:
    after, values = query.after_sql("r.id", len(bound) + 1)
    rows = await tx.fetch(
        f"select r.*, {query.sort.expression} as sort_value, r.id as sort_id from {source}"
        f" where {where} and {after} {query.order_by('r.id')} limit {query.fetch_count}",
        *bound,
        *values,
    )
    return rows, await tx.fetchval(f"select count(*) from {source} where {where}", *bound)


async def tree(tx: Transaction) -> list[Row]:
    return await tx.fetch(_TREE)


async def client(tx: Transaction, client_id: UUID) -> Row | None:
    return await tx.fetchrow(f"select r.* from {_CLIENTS} where r.id = $1", client_id)


async def site(tx: Transaction, site_id: UUID) -> Row | None:
    return await tx.fetchrow(f"select r.* from {_SITES} where r.id = $1", site_id)


async def lock_client(tx: Transaction, client_id: UUID) -> Row | None:
    """The Client's name, locked: nothing is put into it meanwhile."""
    return await tx.fetchrow("select name from core.clients where client_id = $1 for update", client_id)


async def lock_site(tx: Transaction, site_id: UUID) -> Row | None:
    """The Site's name and Client, locked: nothing is put into it meanwhile."""
    return await tx.fetchrow("select name, client_id from core.sites where site_id = $1 for update", site_id)


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
    await tx.execute("update core.agents set client_name = $2 where client_id = $1", client_id, name)


async def rename_site(tx: Transaction, site_id: UUID, name: str) -> None:
    await tx.execute("update core.sites set name = $2 where site_id = $1", site_id, name)
    await tx.execute("update core.agents set site_name = $2 where site_id = $1", site_id, name)


async def contents_of_client(tx: Transaction, client_id: UUID) -> Row | None:
    return await tx.fetchrow(
        "select (select count(*) from core.sites where client_id = $1) as sites,"
        " (select count(*) from core.tenant_users where client_id = $1) as contacts",
        client_id,
    )


async def machines_of_site(tx: Transaction, site_id: UUID) -> int:
    count: int = await tx.fetchval("select count(*) from core.agents where site_id = $1", site_id)
    return count


async def delete_client(tx: Transaction, client_id: UUID) -> None:
    await tx.execute("delete from core.clients where client_id = $1", client_id)


async def delete_site(tx: Transaction, site_id: UUID) -> None:
    await tx.execute("delete from core.sites where site_id = $1", site_id)
