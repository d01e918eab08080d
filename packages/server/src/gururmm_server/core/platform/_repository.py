"""The list of Partners, in a Platform scope."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.core.quotas.resources import COMMANDS, MACHINES, RECORDINGS
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.paging import PageQuery, Slice, Sort, read_page, search_words
from gururmm_server.infra.sql import sql

_PARTNERS = f"""(select t.tenant_id as id, t.name, t.created_at,
  coalesce((select n.agents from core.machine_counts n where n.tenant_id = t.tenant_id), 0) as agents,
  coalesce((select n.clients from core.client_counts n where n.tenant_id = t.tenant_id), 0) as clients,
  coalesce((select n.users from core.member_counts n where n.tenant_id = t.tenant_id), 0) as users,
  coalesce((select u.used from core.partner_use u
    where u.tenant_id = t.tenant_id and u.resource = '{RECORDINGS.name}'), 0) as recorded_bytes,
  coalesce((select u.used from core.partner_use u
    where u.tenant_id = t.tenant_id and u.resource = '{COMMANDS.name}'), 0) as command_bytes,
  coalesce((select g.most from core.given_quotas g
    where g.tenant_id = t.tenant_id and g.resource = '{RECORDINGS.name}'), {RECORDINGS.most}) as recorded_most,
  coalesce((select g.most from core.given_quotas g
    where g.tenant_id = t.tenant_id and g.resource = '{COMMANDS.name}'), {COMMANDS.most}) as command_most,
  coalesce((select g.most from core.given_quotas g
    where g.tenant_id = t.tenant_id and g.resource = '{MACHINES.name}'), {MACHINES.most}) as agents_most
  from core.partners t) as r"""
_ONE = f"select r.* from {_PARTNERS} where r.id = $1"
SORTS = {
    "name": Sort("core.natural_key(r.name)"),
    "created_at": Sort("r.created_at", "timestamptz"),
    "agents": Sort("r.agents", "bigint"),
    "clients": Sort("r.clients", "bigint"),
    "users": Sort("r.users", "bigint"),
    "recorded_bytes": Sort("r.recorded_bytes", "bigint"),
    "command_bytes": Sort("r.command_bytes", "bigint"),
}


class PartnerRow(msgspec.Struct, frozen=True):
    """A Partner, how much it has, and of what all share, how much it may."""

    id: UUID
    name: str
    created_at: datetime
    agents: int
    clients: int
    users: int
    recorded_bytes: int
    command_bytes: int
    recorded_most: int
    command_most: int
    agents_most: int


async def page_of_partners(tx: Transaction, query: PageQuery) -> Slice[PartnerRow]:
    """Returns a page of all Partners."""
    where = sql("core.folded(r.name) like all ({words}::text[])", words=search_words(query.search))
    return await read_page(tx, PartnerRow, query, columns="r.*", source=_PARTNERS, where=where, tie_break="r.id")


async def one_partner(tx: Transaction, tenant_id: UUID) -> PartnerRow | None:
    """Returns one Partner, or None where there is none of this id."""
    row = await tx.fetchrow(_ONE, tenant_id)
    return PartnerRow(**row) if row is not None else None
