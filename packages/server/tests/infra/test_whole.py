"""A whole: the scopes of one task as steps of one transaction, each with its own role and bounds."""

import asyncio
from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import Conflict
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.translated import UniqueConflict

from packages.server.tests.world import Partner, plant

ADD = "insert into core.clients (tenant_id, client_id, name) values ($1, $2, $3)"
NAMES = "select name from core.clients order by name"


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=0)


@pytest.fixture
def scope(partner: Partner) -> Scope:
    return system_scope(partner.tenant_id)


async def add(db: Database, scope: Scope, name: str) -> None:
    async with db.scope(scope) as tx:
        await tx.execute(ADD, scope.tenant_id, new_id(), name)


async def names(db: Database, scope: Scope) -> set[str]:
    async with db.scope(scope) as tx:
        return {row["name"] for row in await tx.fetch(NAMES)}


async def test_nothing_is_seen_from_outside_before_its_end(db: Database, scope: Scope) -> None:
    before = await names(db, scope)
    async with db.whole():
        await add(db, scope, "One")
        await add(db, scope, "Two")
        assert await names(db, scope) == before | {"One", "Two"}
        outside = asyncio.create_task(names(db, scope))
        assert await outside == before, "what another task asks is no step of it"
    assert await names(db, scope) == before | {"One", "Two"}


async def test_an_exception_takes_every_step_along(db: Database, scope: Scope) -> None:
    before, told = await names(db, scope), []

    async def tell() -> None:
        told.append("told")

    with pytest.raises(Conflict):
        async with db.whole():
            async with db.scope(scope) as tx:
                await tx.execute(ADD, scope.tenant_id, new_id(), "One")
                tx.after_commit(tell)
            raise Conflict
    assert await names(db, scope) == before
    assert told == []


async def test_a_step_that_fails_can_be_gone_on_from(db: Database, scope: Scope) -> None:
    before, told = await names(db, scope), []

    async def tell(what: str) -> None:
        told.append(what)

    async with db.whole():
        await add(db, scope, "One")
        with pytest.raises(UniqueConflict):
            async with db.scope(scope) as tx:
                tx.after_commit(tell, "undone")
                await tx.execute(ADD, scope.tenant_id, new_id(), "Undone")
                await tx.execute(ADD, scope.tenant_id, new_id(), "one")
        async with db.scope(scope) as tx:
            tx.after_commit(tell, "done")
        assert told == []
    assert told == ["done"]
    assert await names(db, scope) == before | {"One"}


async def test_each_step_has_its_own_role_and_bounds(db: Database, scope: Scope) -> None:
    async def who(tx: Any) -> tuple[str, str]:
        row = await tx.fetchrow("select current_user, current_setting('gururmm.tenant_id') as tenant")
        return row["current_user"], row["tenant"]

    mine = ("gururmm_app", str(scope.tenant_id))
    async with db.whole():
        async with db.scope(scope) as tx:
            assert await who(tx) == mine
            async with db.identity() as inner:
                assert await who(inner) == ("gururmm_identity", "")
            assert await who(tx) == mine
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with db.audit_reader(scope) as inner:
                    await inner.execute("delete from core.clients")
            assert await who(tx) == mine
        async with db.platform("root@example.org", "test") as tx:
            assert await who(tx) == ("gururmm_platform", "")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            async with db.identity() as tx:
                await tx.fetchval("select core.current_tenant()")
    async with db.scope(scope) as tx:
        assert await who(tx) == mine


async def test_without_a_step_nothing_is_begun(db: Database) -> None:
    async with db.whole() as whole:
        assert not whole.begun
