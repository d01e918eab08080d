"""The list of Partners, in a Platform scope."""

from uuid import UUID

from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import PageQuery, Sort, search_words

_PARTNERS = """(select t.tenant_id as id, t.name, t.created_at,
  (select count(*) from core.agents a where a.tenant_id = t.tenant_id) as agents,
  (select count(*) from core.clients c where c.tenant_id = t.tenant_id) as clients,
  (select count(*) from core.tenant_users u where u.tenant_id = t.tenant_id) as users
  from core.tenants t) as r"""
SORTS = {
    "name": Sort("lower(r.name)"),
    "created_at": Sort("r.created_at", "timestamptz"),
    "agents": Sort("r.agents", "bigint"),
    "clients": Sort("r.clients", "bigint"),
    "users": Sort("r.users", "bigint"),
}
_MATCHES = "lower(r.name) like all ($1::text[])"


async def page_of_partners(tx: Transaction, query: PageQuery) -> tuple[list[Row], int]:
    words = search_words(query.search)
    after, values = query.after_sql("r.id", 2)
    rows = await tx.fetch(
        f"select r.*, {query.sort.expression} as sort_value, r.id as sort_id from {_PARTNERS}"
        f" where {_MATCHES} and {after} {query.order_by('r.id')} limit {query.fetch_count}",
        words,
        *values,
    )
    return rows, await tx.fetchval(f"select count(*) from core.tenants r where {_MATCHES}", words)


async def one_partner(tx: Transaction, tenant_id: UUID) -> Row | None:
    return await tx.fetchrow(f"select r.* from {_PARTNERS} where r.id = $1", tenant_id)
