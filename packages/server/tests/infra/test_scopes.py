"""The scopes of the database, on a real PostgreSQL: who sees what, and what happens without a scope."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.audit.reading import verify_all
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.tenancy.partners import every_partner
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.translated import UniqueConflict


async def plant_partner(db: Database, name: str) -> UUID:
    tenant_id = new_id()
    async with db.platform("test@example.org", "planting a Partner") as tx:
        await tx.execute("insert into core.tenants (tenant_id, name) values ($1, $2)", tenant_id, name)
    async with db.scope(system_scope(tenant_id)) as tx:
        await tx.execute(
            "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Acme')", tenant_id, new_id()
        )
    return tenant_id


async def test_without_a_scope_nothing_is_readable(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("select * from core.clients")
    await connection.execute("set role gururmm_app")
    with pytest.raises(asyncpg.UndefinedObjectError):
        await connection.fetch("select * from core.clients")
    await connection.close()


async def test_a_tenant_left_over_on_a_connection_does_not_serve_the_next(db: Database, database_url: str) -> None:
    await plant_partner(db, "North")
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute(f"set local role gururmm_app; set local gururmm.tenant_id = '{new_id()}'")
        await connection.fetch("select * from core.clients")
    await connection.execute("set role gururmm_app")
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await connection.fetch("select * from core.clients")
    await connection.close()


async def test_a_planted_cross_tenant_query_returns_nothing(db: Database) -> None:
    north, south = await plant_partner(db, "North"), await plant_partner(db, "South")
    async with db.scope(system_scope(north)) as tx:
        assert len(await tx.fetch("select * from core.clients")) == 1
        assert await tx.fetch("select * from core.clients where tenant_id = $1", south) == []
        assert await tx.execute("update core.clients set name = 'Taken' where tenant_id = $1", south) == 0
        assert await tx.execute("delete from core.clients where tenant_id = $1", south) == 0


async def test_writing_into_another_tenant_is_refused(db: Database) -> None:
    north, south = await plant_partner(db, "North"), await plant_partner(db, "South")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.scope(system_scope(north)) as tx:
            await tx.execute(
                "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Planted')", south, new_id()
            )


async def test_the_app_can_neither_read_nor_change_the_audit(db: Database) -> None:
    north = await plant_partner(db, "North")
    for statement in (
        "select * from core.tunnel_audit",
        "update core.audit_log set actor = 'nobody'",
        "delete from core.tunnel_audit",
        "insert into core.audit_chains values (gen_random_uuid(), 'audit_log', 1, '\\x00')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.scope(system_scope(north)) as tx:
                await tx.execute(statement)


async def test_the_gateway_reads_no_people_and_no_access_token_key(db: Database) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.ingest() as tx:
            await tx.fetch("select * from core.users")
    async with db.ingest() as tx:
        names = {row["name"] for row in await tx.fetch("select name from core.server_secrets")}
    assert names == {"agent_link_key"}


async def _verified(db: Database, tenant_id: UUID, chain: str) -> tuple[int, int | None]:
    return next(
        (each.rows, each.first_bad)
        for each in await verify_all(db, await every_partner(db), tenant_id)
        if each.chain == chain
    )


async def test_the_chain_holds_and_a_changed_row_is_found(db: Database, owner_url: str) -> None:
    north, south = await plant_partner(db, "North"), await plant_partner(db, "South")
    for number in range(5):
        async with db.scope(system_scope(north)) as tx:
            await append(tx, "tunnel_audit", AuditRow("terminal.input", None, details={"n": number}, input=b"ls\r"))
    async with db.scope(system_scope(south)) as tx:
        await append(tx, "tunnel_audit", AuditRow("terminal.input", None), AuditRow("terminal.input", None))
    assert await _verified(db, north, "tunnel_audit") == (5, None)
    connection = await asyncpg.connect(owner_url)
    await connection.execute("update core.tunnel_audit set input = 'rm -rf /' where tenant_id = $1 and seq = 3", north)
    assert await _verified(db, north, "tunnel_audit") == (5, 3)
    await connection.execute("delete from core.tunnel_audit where tenant_id = $1 and seq >= 3", north)
    await connection.close()
    assert await _verified(db, north, "tunnel_audit") == (2, 3)


async def test_many_writers_share_one_chain_without_a_gap(db: Database) -> None:
    north = await plant_partner(db, "North")

    async def write(number: int) -> None:
        async with db.scope(system_scope(north)) as tx:
            await append(tx, "audit_log", AuditRow("site.renamed", None, details={"n": number}))

    await asyncio.gather(*(write(number) for number in range(40)))
    assert await _verified(db, north, "audit_log") == (40, None)


async def test_a_failed_scope_leaves_nothing_and_the_connection_is_usable(db: Database) -> None:
    north = await plant_partner(db, "North")
    with pytest.raises(UniqueConflict):
        async with db.scope(system_scope(north)) as tx:
            for _ in range(2):
                await tx.execute(
                    "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Twice')", north, new_id()
                )
    async with db.scope(system_scope(north)) as tx:
        assert await tx.fetchval("select count(*) from core.clients") == 1


async def test_only_what_may_be_repeated_does_not_wait_for_the_disk(database_url: str) -> None:
    db = Database(database_url, pool_size=1)  # so that each scope follows the other on one connection
    await db.open()
    scope, asked = system_scope(await plant_partner(db, "North")), "select current_setting('synchronous_commit')"
    async with db.worker(repeatable=True) as tx:
        assert await tx.fetchval(asked) == "off"
    for durable in (db.worker(), db.ingest(), db.identity(), db.scope(scope)):
        async with durable as tx:
            assert await tx.fetchval(asked) == "on"
    await db.close()
