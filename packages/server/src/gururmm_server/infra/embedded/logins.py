"""The logins of an embedded PostgreSQL: a superuser for nothing but these acts, a plain owner, one a kind of process.

The owner changes the schema and is no superuser: what runs with its rights can neither leave the database nor pass over
row-level security. Everything here may be repeated, and goes on where it was cut short.
"""

from collections.abc import Mapping

import asyncpg

from gururmm_server.infra.kinds import Kind

SUPERUSER = "gururmm_superuser"
OWNER = "gururmm_owner"

_SHARED = "gururmm_runtime"
"""The login of before, which all processes had in common."""
_ROLES = frozenset({"gururmm_definer"}).union(*(kind.roles for kind in Kind))
"""What migrations make and grant."""

_KEEPER = "gururmm_keeper"
"""Lives for one transaction: nobody can rename the role that they are signed in with."""

# What an extension brought along belongs to it, and a column's sequence follows its table.
_OWNED = """
select format('alter schema %I owner to gururmm_owner', nspname) as statement from pg_namespace
where nspname in ('core', 'search') and nspowner = current_user::regrole
union all
select format('alter table %s owner to gururmm_owner', c.oid::regclass) from pg_class c
where c.relnamespace in (select oid from pg_namespace where nspname in ('core', 'search'))
  and c.relowner = current_user::regrole and c.relkind in ('r', 'p', 'v', 'm')
  and not exists (select from pg_depend d
    where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
union all
select format('alter function %s owner to gururmm_owner', p.oid::regprocedure) from pg_proc p
where p.pronamespace in (select oid from pg_namespace where nspname in ('core', 'search'))
  and p.proowner = current_user::regrole
  and not exists (select from pg_depend d
    where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
"""


async def rename_superuser(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Give the superuser of a cluster of before, signed in as `gururmm_owner`, the name that it has today."""
    async with connection.transaction():
        await connection.execute(f"create role {_KEEPER} superuser")
        await connection.execute(f"set local session authorization {_KEEPER}")
        await connection.execute(f"alter role {OWNER} rename to {SUPERUSER}")
        await connection.execute("reset session authorization")
        await connection.execute(f"drop role {_KEEPER}")


async def ensure_owner(connection: "asyncpg.Connection[asyncpg.Record]", password: str) -> None:
    """Make the schema's owner, or bring it to what it should be. It may make roles, as the migration does."""
    await _ensure(connection, OWNER, "createrole inherit", password)
    there = await connection.fetch("select rolname from pg_roles where rolname = any($1)", sorted(_ROLES))
    for row in there:
        await connection.execute(f"grant {row['rolname']} to {OWNER} with admin option")


async def open_process_logins(connection: "asyncpg.Connection[asyncpg.Record]", passwords: Mapping[Kind, str]) -> None:
    """Let each kind of process sign in with its password, as the login that the migration made for it.

    The login that all had in common is taken away.
    """
    for kind in Kind:
        await _ensure(connection, kind.login, "noinherit", passwords[kind])
    await connection.execute(f"drop role if exists {_SHARED}")


async def hand_over(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Give the database, and what the superuser owns in it, to the owner: it was migrated by the superuser before."""
    database = await connection.fetchval("select current_database()")
    if await connection.fetchval("select datdba = $1::regrole from pg_database where datname = $2", OWNER, database):
        return
    async with connection.transaction():
        for row in await connection.fetch(_OWNED):
            await connection.execute(row["statement"])
        await connection.execute(f"alter database {database} owner to {OWNER}")


async def _ensure(connection: "asyncpg.Connection[asyncpg.Record]", login: str, rights: str, password: str) -> None:
    exists = await connection.fetchval("select true from pg_roles where rolname = $1", login)
    secret = password.replace("'", "''")
    await connection.execute(
        f"{'alter' if exists else 'create'} role {login} login {rights} nosuperuser nobypassrls password '{secret}'"
    )
