"""The list of a Partner's people, read in a tenant scope."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, read_page, search_words
from gururmm_server.infra.sql import sql

# Before the person accepts, a Partner learns nothing of what they do elsewhere.
_LAST_SIGN_IN = "case when tu.accepted_at is not null then u.last_sign_in_at end"
SORTS = {
    "name": Sort("core.natural_key(tu.name)"),
    "email": Sort("lower(u.email)"),
    "role": Sort("tu.role"),
    "created_at": Sort("tu.created_at", "timestamptz"),
    "last_sign_in_at": Sort(f"({_LAST_SIGN_IN})", "timestamptz", nullable=True),
}
_COLUMNS = f"""u.user_id, u.email, tu.name, tu.role, tu.client_id, c.name as client_name, tu.created_at,
  {_LAST_SIGN_IN} as last_sign_in_at, tu.accepted_at, coalesce(tu.disabled_at, u.disabled_at) as disabled_at,
  exists (select from core.factor_holders f where f.user_id = tu.user_id) as second_factor"""
_FROM = """core.tenant_users tu join core.users u using (user_id)
  left join core.client_names c on c.client_id = tu.client_id"""
_ONE = f"select {_COLUMNS} from {_FROM} where tu.user_id = $1"


class PersonRow(msgspec.Struct, frozen=True):
    """A person of a Partner, as its other people see them."""

    user_id: UUID
    email: str
    name: str
    role: str
    client_id: UUID | None
    client_name: str | None
    created_at: datetime
    last_sign_in_at: datetime | None
    accepted_at: datetime | None
    disabled_at: datetime | None
    second_factor: bool


async def list_people(tx: Transaction, query: PageQuery) -> Slice[PersonRow]:
    """Returns a page of the people."""
    return await read_page(
        tx,
        PersonRow,
        query,
        columns=_COLUMNS,
        source=_FROM,
        where=sql(
            "core.folded(u.email || ' ' || tu.name) like all ({words}::text[])", words=search_words(query.search)
        ),
        tie_break="u.user_id",
    )


async def one_person(tx: Transaction, user_id: UUID) -> PersonRow | None:
    """Returns one of the people; None where the scope does not see them."""
    row = await tx.fetchrow(_ONE, user_id)
    return PersonRow(**row) if row is not None else None


async def client_exists(tx: Transaction, client_id: UUID) -> bool:
    """Tells whether the scope sees such a Client."""
    found: bool | None = await tx.fetchval("select true from core.client_names where client_id = $1", client_id)
    return bool(found)


async def has_contacts(tx: Transaction, client_id: UUID) -> bool:
    """Tells whether a Client has contacts."""
    found: bool = await tx.fetchval("select exists (select from core.tenant_users where client_id = $1)", client_id)
    return found
