"""The list of a Partner's people, read in a tenant scope."""

from uuid import UUID

from gururmm_server.core.identity.schemas import User
from gururmm_server.infra.database import Row, Transaction
from gururmm_server.infra.paging import Page, PageQuery, Sort, search_words

# Before the person accepts, a Partner learns nothing of what they do elsewhere.
_LAST_SIGN_IN = "case when tu.accepted_at is not null then u.last_sign_in_at end"
SORTS = {
    "name": Sort("lower(tu.name)"),
    "email": Sort("lower(u.email)"),
    "role": Sort("tu.role"),
    "created_at": Sort("tu.created_at", "timestamptz"),
    "last_sign_in_at": Sort(f"({_LAST_SIGN_IN})", "timestamptz", nullable=True),
}
_COLUMNS = f"""u.user_id, u.email, tu.name, tu.role, tu.client_id, c.name as client_name, tu.created_at,
  {_LAST_SIGN_IN} as last_sign_in_at, tu.accepted_at, coalesce(tu.disabled_at, u.disabled_at) as disabled_at"""
_FROM = """from core.tenant_users tu join core.users u using (user_id)
  left join core.clients c on c.client_id = tu.client_id"""
_MATCHES = "lower(u.email || ' ' || tu.name) like all ($1::text[])"


async def list_people(tx: Transaction, query: PageQuery) -> Page[User]:
    words = search_words(query.search)
    after, values = query.after_sql("u.user_id", 2)
    rows = await tx.fetch(
        f"select {_COLUMNS}, {query.sort.expression} as sort_value, u.user_id as sort_id {_FROM}"
        f" where {_MATCHES} and {after} {query.order_by('u.user_id')} limit {query.fetch_count}",
        words,
        *values,
    )
    total = await tx.fetchval(f"select count(*) {_FROM} where {_MATCHES}", words)
    page, following = query.cut(rows)
    return Page[User](items=[_user(row) for row in page], next_cursor=following, total=total)


async def one_person(tx: Transaction, user_id: UUID) -> User | None:
    row = await tx.fetchrow(f"select {_COLUMNS} {_FROM} where tu.user_id = $1", user_id)
    return _user(row) if row else None


async def client_exists(tx: Transaction, client_id: UUID) -> bool:
    found: bool | None = await tx.fetchval("select true from core.clients where client_id = $1", client_id)
    return bool(found)


def _user(row: Row) -> User:
    return User(
        id=row["user_id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        client_id=row["client_id"],
        client_name=row["client_name"],
        created_at=row["created_at"],
        last_sign_in_at=row["last_sign_in_at"],
        state="disabled" if row["disabled_at"] else "active" if row["accepted_at"] else "invited",
    )
