"""Functions that run with their owner's rights: nobody leads them astray, and their owner is no superuser."""

from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.infra.database import Database

from packages.server.tests.infra.test_scopes import plant_partner

_ASTRAY = """
select p.oid::regprocedure::text as name from pg_proc p join pg_roles r on r.oid = p.proowner
where p.prosecdef and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and (not exists (select from unnest(p.proconfig) s where s ~ '^search_path=pg_catalog, core(, search)?, pg_temp$')
    or r.rolsuper or r.rolbypassrls
    or p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))
"""
_TRAP = """
create function pg_temp.trap() returns oid language plpgsql as $$ begin
  alter table core.audit_log no force row level security;
  delete from core.audit_log;
  return 0;
end $$;
create temporary view pg_inherits as select pg_temp.trap() as inhrelid, 0::oid as inhparent;
"""


async def test_no_function_with_its_owners_rights_can_be_led_astray(owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    assert await owner.fetchval("select count(*) from pg_proc where prosecdef and pronamespace = 'core'::regnamespace")
    assert [row["name"] for row in await owner.fetch(_ASTRAY)] == []
    for number, (rest, closed) in enumerate(
        [
            ("", True),
            ("set search_path = core, pg_catalog", True),
            ("set search_path = pg_catalog, core, pg_temp", False),
            ("set search_path = pg_catalog, core, pg_temp", True),  # the superuser's own
        ]
    ):
        name = f"core.planted_{number}()"
        await owner.execute(f"create function {name} returns int language sql security definer {rest} as 'select 1'")
        if closed:
            await owner.execute(f"revoke all on function {name} from public")
        assert [row["name"] for row in await owner.fetch(_ASTRAY)] == [name]
        await owner.execute(f"drop function {name}")
    await owner.close()


async def _audited(db: Database) -> None:
    tenant_id = await plant_partner(db, "North")
    async with db.scope(system_scope(tenant_id)) as tx:
        await append(tx, "audit_log", AuditRow("site.renamed", None))


@pytest.mark.parametrize("role", ["none", "gururmm_app", "gururmm_ingest", "gururmm_worker", "gururmm_identity"])
async def test_no_login_makes_temporary_things(database_url: str, role: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"set role {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="temporary"):
        await connection.execute("create temporary view pg_inherits as select 1 as inhrelid")
    await connection.close()


async def test_a_temporary_view_runs_nothing_with_the_owners_rights(
    db: Database, database_url: str, owner_url: str
) -> None:
    """Also where temporary things may be made, as in a database whose rights somebody has put back."""
    await _audited(db)
    owner: Any = await asyncpg.connect(owner_url)
    database = await owner.fetchval("select current_database()")
    await owner.execute(f"grant temporary on database {database} to public")
    worker = await asyncpg.connect(database_url)
    await worker.execute("set role gururmm_worker")
    await worker.execute(_TRAP)
    await worker.execute("select core.maintain_partitions()")
    assert await owner.fetchval("select count(*) from core.audit_log") == 1
    await worker.close()
    await owner.close()
