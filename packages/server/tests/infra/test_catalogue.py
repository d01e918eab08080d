"""What the catalogue of the real database says of every table: whose rows it has, and which policies narrow them.

Tables are found by the reach of their foreign keys, not by a column's name: whatever leads to a Partner belongs to one,
and whatever leads to a Client belongs to one. A column that is named like another table's key reaches it too, since
evidence and partitions refer to machines without a foreign key.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import asyncpg
import pytest
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.infra.tables import OFFERS

GLOBAL = {
    "schema_version": "Alembic's",
    "server_secrets": "per purpose, by policy",
    "users": "people; a policy shows colleagues only",
    "msp_users": "Platform staff",
    "totp_factors": "a person's; a policy shows colleagues only, and only that there is one",
    "passkeys": "a person's; a policy shows colleagues only, and only that there is one",
    "recovery_codes": "a person's, identity's alone",
    "passkey_challenges": "a person's or a stranger's, identity's alone",
    "gateways": "our own processes",
    "job_locks": "held among workers",
    "order_keys": "public halves of keys that sign for every Partner's agents",
    "order_key_changes": "the same for every agent",
    "platform_settings": "what holds where no Partner says otherwise",
    "platform_access": "who crossed the line between Partners",
}
"""Tables of no Partner, each with its reason."""

WHOLE_PARTNERS = {
    "tenants": "the Partner itself",
    "tenant_settings": "what agents of every Client are told",
    "outbox": "written by every scope, read by the relay alone",
    "stream_tickets": "written by every scope, read by identity alone",
    "user_sessions": "identity's alone",
    "invitations": "identity's alone",
    "sign_in_steps": "identity's alone",
    "sign_in_rules": "identity's alone",
    "idempotency_keys": "found by the subject and the key that made them",
    "partner_quotas": "what the Partner as a whole may use",
    "partner_usage": "what the Partner as a whole has used",
}
"""Tables that no Client policy narrows, each with its reason."""

NARROWED_ROLES = {"gururmm_app", "gururmm_audit_reader"}


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


class Catalogue:
    """The tables of our schema, and which leads to which."""

    def __init__(self, columns: Iterable[Any], keys: Iterable[Any], primary: Iterable[Any]) -> None:
        self.columns: dict[str, set[str]] = {}
        for row in columns:
            self.columns.setdefault(row["name"], set()).add(row["attname"])
        self._leads: dict[str, set[str]] = {name: set() for name in self.columns}
        for row in keys:
            self._leads[row["source"]].add(row["target"])
        # A column named like the last column of another table's primary key leads there.
        key_of = {row["attname"]: row["name"] for row in primary if row["attname"].endswith("_id")}
        for name, held in self.columns.items():
            self._leads[name] |= {key_of[column] for column in held & key_of.keys()} - {name}

    def reaching(self, target: str, *, not_through: frozenset[str] = frozenset()) -> set[str]:
        """Returns the tables from which some way leads to `target`, the target among them."""
        found = {target}
        while True:
            more = {name for name, leads in self._leads.items() if name not in found | not_through and leads & found}
            if not more:
                return found
            found |= more


async def read_catalogue(owner: Any) -> Catalogue:
    columns = await owner.fetch("""
        select c.relname as name, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where n.nspname = 'core' and c.relkind in ('r', 'p') and not c.relispartition""")
    keys = await owner.fetch("""
        select c.relname as source, f.relname as target from pg_constraint k join pg_class c on c.oid = k.conrelid
        join pg_class f on f.oid = k.confrelid join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'f' and n.nspname = 'core' and not c.relispartition""")
    primary = await owner.fetch("""
        select c.relname as name, a.attname from pg_index i join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[i.indnatts - 1]
        where i.indisprimary and n.nspname = 'core' and not c.relispartition
          and c.relname in ('tenants', 'clients', 'sites', 'agents', 'commands', 'tunnel_sessions', 'users')""")
    return Catalogue(columns, keys, primary)


async def not_protected(owner: Any, names: Iterable[str]) -> set[str]:
    """Which of these tables lack forced row-level security or the policy of the tenant."""
    rows = await owner.fetch(
        """select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
          exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant' and p.polpermissive)
            as policy
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'core' and c.relname = any($1)""",
        list(names),
    )
    return {row["name"] for row in rows if not (row["forced"] and row["policy"])}


async def not_narrowed(owner: Any, names: Iterable[str]) -> set[str]:
    """Which of these tables a narrowed role may read without a restrictive Client policy for it."""
    rows = await owner.fetch(
        """select distinct c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
          cross join unnest($2::text[]) as role
        where n.nspname = 'core' and c.relname = any($1)
          and (has_any_column_privilege(role, c.oid, 'select') or has_any_column_privilege(role, c.oid, 'insert')
            or has_any_column_privilege(role, c.oid, 'update') or has_table_privilege(role, c.oid, 'delete'))
          and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'client'
            and not p.polpermissive and (select oid from pg_roles where rolname = role) = any(p.polroles))""",
        list(names),
        sorted(NARROWED_ROLES),
    )
    return {row["name"] for row in rows}


async def views_with_rights_of_their_own(owner: Any) -> set[str]:
    """Returns the views of our schema that run with their owner's rights: no policy of the caller's would hold."""
    rows = await owner.fetch("""
        select c.relname as name from pg_class c where c.relnamespace = 'core'::regnamespace and c.relkind = 'v'
          and not coalesce('security_invoker=true' = any(c.reloptions), false)""")
    return {row["name"] for row in rows}


async def test_what_components_offer_is_views_and_functions_that_are_there(owner: Any) -> None:
    offered = {name for component in COMPONENTS for name in component.offers} | set(OFFERS)
    views = await owner.fetch(
        "select relname as name from pg_class where relnamespace = 'core'::regnamespace and relkind in ('v', 'm')"
    )
    functions = await owner.fetch("select proname as name from pg_proc where pronamespace = 'core'::regnamespace")
    assert {row["name"] for row in views} <= offered
    assert offered <= {row["name"] for row in [*views, *functions]}


async def test_every_view_runs_with_the_rights_of_whoever_asks(owner: Any) -> None:
    assert await views_with_rights_of_their_own(owner) == set()


async def test_a_planted_view_with_its_owners_rights_is_caught(owner: Any) -> None:
    async with owner.transaction():
        await owner.execute("create view core.planted_view as select * from core.agents")
        assert await views_with_rights_of_their_own(owner) == {"planted_view"}
        await owner.execute("drop view core.planted_view")


async def test_every_table_belongs_to_a_partner_or_is_known_to_be_global(owner: Any) -> None:
    catalogue = await read_catalogue(owner)
    # People reach no Partner: theirs is the membership that leads to both.
    partners = catalogue.reaching("tenants")
    assert len(partners) > 25
    assert catalogue.columns.keys() - partners == set(GLOBAL)


async def test_every_table_of_a_partner_has_forced_row_level_security(owner: Any) -> None:
    catalogue = await read_catalogue(owner)
    assert await not_protected(owner, catalogue.reaching("tenants")) == set()


async def test_partitions_are_closed_but_through_their_table(owner: Any) -> None:
    rows = await owner.fetch("""
        select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'core' and c.relispartition and c.relkind = 'r'
          and not (c.relrowsecurity and c.relforcerowsecurity)""")
    assert [row["name"] for row in rows] == []


async def test_every_table_of_a_client_has_the_client_policy(owner: Any) -> None:
    catalogue = await read_catalogue(owner)
    clients = catalogue.reaching("clients", not_through=frozenset({"users"}))
    assert {"agents", "commands", "command_output", "agent_metrics", "tunnel_audit", "site_codes"} <= clients
    assert await not_narrowed(owner, clients) == set()


async def test_every_other_table_of_a_partner_is_narrowed_or_known(owner: Any) -> None:
    catalogue = await read_catalogue(owner)
    assert await not_narrowed(owner, catalogue.reaching("tenants")) <= set(WHOLE_PARTNERS)


async def test_planted_tables_without_a_policy_are_caught(owner: Any) -> None:
    """Neither has a column of the usual name: one leads to a Client by a foreign key, one by the name of a key."""
    await owner.execute("""
        create table core.planted_notes (
          note_id uuid primary key, belongs_to uuid references core.commands (command_id));
        create table core.planted_marks (mark_id uuid primary key, agent_id uuid);
        grant select on core.planted_notes, core.planted_marks to gururmm_app""")
    catalogue = await read_catalogue(owner)
    planted = {"planted_notes", "planted_marks"}
    assert planted <= await not_protected(owner, catalogue.reaching("tenants"))
    assert planted <= await not_narrowed(owner, catalogue.reaching("clients"))
