"""What each kind of process may do in the database, walked in the catalogue and held against a table to read.

`rights.txt` has one line for each thing that somebody may do: the login, the role that it assumes, what the thing is,
and the rights. A right that is not there, or is there and not in the database, fails. Partitions are their table's.
"""

import difflib
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.schema import check_login
from gururmm_server.infra.tables import TABLES

from packages.server.tests.conftest import Engines

_TABLE = Path(__file__).with_name("rights.txt")
_SECRETS = {
    Kind.API: {"access_token_key", "agent_link_public_key", "order_key", "totp_key"},
    Kind.GATEWAY: {"agent_link_key"},
    Kind.WORKER: {"order_key"},
}
"""Of `core.server_secrets`, what each kind of process can read by any of its roles."""

# Whatever a role has by itself, by a role that it is in, or because everybody has it.
_TABLE_RIGHTS = """
select c.relname as thing, lower(p) as right, null as columns from pg_class c
  cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
where c.relnamespace = 'core'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and has_table_privilege($1, c.oid, p)
union all
select c.relname, lower(p), string_agg(a.attname, ', ' order by a.attname) from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
where c.relnamespace = 'core'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not has_table_privilege($1, c.oid, p) and has_column_privilege($1, c.oid, a.attnum, p)
group by 1, 2"""
_OTHER_RIGHTS = """
select 'function ' || p.oid::regprocedure::text as thing, 'execute' as right from pg_proc p
  where p.pronamespace = 'core'::regnamespace and has_function_privilege($1, p.oid, 'EXECUTE')
union all
select 'sequence ' || c.relname, lower(p) from pg_class c cross join unnest(array['USAGE', 'SELECT', 'UPDATE']) p
  where c.relnamespace = 'core'::regnamespace and c.relkind = 'S' and has_sequence_privilege($1, c.oid, p)
union all
select 'schema ' || n.nspname, lower(p) from pg_namespace n cross join unnest(array['USAGE', 'CREATE']) p
  where n.nspname !~ '^(pg_|information_schema$)' and has_schema_privilege($1, n.oid, p)
union all
select 'database', lower(p) from unnest(array['CONNECT', 'CREATE', 'TEMPORARY']) p
  where has_database_privilege($1, current_database(), p)"""
_ASSUMABLE = "select rolname from pg_roles where pg_has_role($1, oid, 'member') order by rolname"


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def _walked(owner: Any) -> list[str]:
    """Returns the lines of `rights.txt` as the database has them."""
    lines = []
    for kind in Kind:
        for role in [row["rolname"] for row in await owner.fetch(_ASSUMABLE, kind.login)]:
            rights: defaultdict[str, list[str]] = defaultdict(list)
            for row in await owner.fetch(_TABLE_RIGHTS, role):
                columns = f" ({row['columns']})" if row["columns"] else ""
                rights[row["thing"]].append(row["right"] + columns)
            for row in await owner.fetch(_OTHER_RIGHTS, role):
                rights[row["thing"]].append(row["right"])
            as_role = "" if role == kind.login else f" as {role.removeprefix('gururmm_')}"
            lines += [f"{kind}{as_role}: {thing}: {', '.join(sorted(rights[thing]))}" for thing in sorted(rights)]
    return lines


async def test_each_login_may_do_what_the_table_says_and_nothing_else(owner: Any) -> None:
    expected = [line for line in _TABLE.read_text().splitlines() if line and not line.startswith("#")]
    walked = await _walked(owner)
    difference = list(difflib.unified_diff(expected, walked, "rights.txt", "the database", n=0, lineterm=""))
    assert not difference, "\n".join(difference)
    assert len(walked) > 100


async def test_the_walk_finds_a_right_that_was_given_by_whatever_way(owner: Any) -> None:
    before = set(await _walked(owner))
    given = {
        "grant update (uses) on core.site_codes to gururmm_ingest": "gateway as ingest: site_codes: update (uses)",
        "grant truncate on core.commands to public": "worker: commands: truncate",
        "grant gururmm_platform to gururmm_worker": "worker as platform: database: connect",
        "create function core.planted() returns int language sql as 'select 1'":
            "api: function core.planted(): execute",
        "create sequence core.planted_numbers; grant usage on sequence core.planted_numbers to gururmm_app":
            "api as app: sequence planted_numbers: usage",
    }  # fmt: skip
    for statement, line in given.items():
        change = owner.transaction()
        await change.start()  # roles are the cluster's: nobody else may see this
        await owner.execute(statement)
        assert line in set(await _walked(owner)) - before, statement
        await change.rollback()


def test_every_table_in_the_list_belongs_to_a_component() -> None:
    owned = {name for component in COMPONENTS for name in (*component.tables, *component.offers)} | set(TABLES)
    things = [line.split(": ")[1] for line in _TABLE.read_text().splitlines() if line and not line.startswith("#")]
    tables = {thing for thing in things if " " not in thing and thing != "database"}
    assert {table for table in tables if not _partition_of(table, owned)} <= owned


def _partition_of(table: str, owned: set[str]) -> bool:
    return table.rpartition("_")[0] in owned and table.rpartition("_")[2].isdigit()


def _kept_as(secret: str) -> str:
    """A secret's name without the number of its key."""
    return "order_key" if secret.startswith("order_key_") else secret


@pytest.mark.parametrize("kind", Kind)
async def test_a_login_assumes_the_roles_of_its_kind_and_reads_its_secrets(
    engines: Engines, database_name: str, owner: Any, kind: Kind
) -> None:
    """Tried, not asked: with the very URL that the process signs in with."""
    connection = await asyncpg.connect(engines.database(engines.urls[kind], database_name))
    roles = [row["rolname"] for row in await owner.fetch("select rolname from pg_roles where rolname !~ '^test_'")]
    assumed, secrets = set(), set()
    for role in roles:
        try:
            await connection.execute(f'set role "{role}"')
        except asyncpg.InsufficientPrivilegeError:
            continue
        assumed.add(role)
        try:
            kept = await connection.fetch("select name, value from core.server_secrets")
            secrets |= {_kept_as(row["name"]) for row in kept}
        except asyncpg.InsufficientPrivilegeError:
            continue
    assert assumed == kind.roles | {kind.login}
    assert secrets == _SECRETS[kind]
    await connection.close()


async def test_what_keeps_a_secret_is_one_line(owner: Any) -> None:
    """A secret of the api and the worker, that no gateway reads."""
    await owner.execute("insert into core.server_secrets (name, value) values ('planted_key', 'x')")
    await owner.execute("select core.keep_secret('planted_key', '{gururmm_identity,gururmm_worker}')")
    read = set()
    for role in sorted(frozenset[str]().union(*(kind.roles for kind in Kind))):
        await owner.execute(f"set role {role}")
        try:
            if await owner.fetchval("select value from core.server_secrets where name = 'planted_key'"):
                read.add(role)
        except asyncpg.InsufficientPrivilegeError:
            continue
        finally:
            await owner.execute("reset role")
    assert read == {"gururmm_identity", "gururmm_worker"}


async def test_a_process_refuses_a_login_that_is_not_made_for_it(
    engines: Engines, database_name: str, database_url: str, owner_url: str
) -> None:
    for kind in Kind:
        await check_login(engines.database(engines.urls[kind], database_name), kind)
    gateways = engines.database(engines.urls[Kind.GATEWAY], database_name)
    with pytest.raises(
        StartError, match=r"kind of process, worker: it lacks gururmm_worker and may be gururmm_ingest "
    ):
        await check_login(gateways, Kind.WORKER)
    for more in (database_url, owner_url):
        with pytest.raises(
            StartError, match=r"it may be .*gururmm_identity.* as well\. Give gateway its own, gururmm_l"
        ):
            await check_login(more, Kind.GATEWAY)
