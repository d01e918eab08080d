"""What the database's failures become: what passes is no fault of the values, and what is not known is not denied."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import OutcomeUnknown, Unavailable
from gururmm_server.infra.lane import Lane

from packages.server.tests.lossy import Lossy, lossy
from packages.server.tests.waiting import until
from packages.server.tests.world import Partner, plant

NAME = "update core.tenants set name = $2 where tenant_id = $1"
IMPATIENT_S = 0.2


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=0)


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, statement_s=IMPATIENT_S)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def test_waiting_too_long_for_a_lock_passes(impatient: Database, owner: asyncpg.Connection) -> None:
    lane = Lane(impatient, None)
    async with owner.transaction():
        await owner.execute("lock table core.agent_state in access exclusive mode")
        with pytest.raises(Unavailable):
            async with impatient.ingest() as tx:
                await tx.fetchval("select count(*) from core.agent_state")
        with pytest.raises(Unavailable):
            async with lane.statement() as tx:
                await tx.fetchval("select count(*) from core.agent_state")
    async with lane.statement() as tx:
        assert await tx.fetchval("select count(*) from core.agent_state") == 0
    await lane.close()


async def test_a_cancelled_statement_passes(db: Database, owner: asyncpg.Connection) -> None:
    async with owner.transaction():
        await owner.execute("lock table core.agent_state in access exclusive mode")

        async def ask() -> None:
            async with db.ingest() as tx:
                await tx.fetchval("select count(*) from core.agent_state")

        asking = asyncio.create_task(ask())
        await until(
            lambda: owner.fetchval("select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'")
        )
        with pytest.raises(Unavailable):
            await asking


async def test_a_deadlock_passes(db: Database) -> None:
    met = asyncio.Barrier(2)
    async with db.worker() as tx:
        await tx.execute("insert into core.job_locks (job) values ('one'), ('two')")

    async def hold(first: str, second: str) -> None:
        async with db.worker() as tx:
            await tx.fetch("select from core.job_locks where job = $1 for update", first)
            await met.wait()
            await tx.fetch("select from core.job_locks where job = $1 for update", second)

    ended = await asyncio.gather(hold("one", "two"), hold("two", "one"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["NoneType", "Unavailable"]


async def test_a_commit_without_an_answer_may_have_been_carried_out(
    database_url: str, partner: Partner, owner: asyncpg.Connection
) -> None:
    async with lossy(database_url) as (wire, url):
        database = Database(url)
        await database.open()
        with pytest.raises(OutcomeUnknown):
            await _rename(database, partner, wire, "Renamed")
        assert wire.lost == 1
        name = await owner.fetchval("select name from core.tenants where tenant_id = $1", partner.tenant_id)
        assert name == "Renamed"
        await database.close()


async def _rename(database: Database, partner: Partner, wire: Lossy, name: str) -> None:
    async with database.scope(system_scope(partner.tenant_id)) as tx:
        await tx.execute(NAME, partner.tenant_id, name)
        wire.armed = True


async def test_before_the_commit_nothing_was_changed(db: Database, partner: Partner, owner: asyncpg.Connection) -> None:
    with pytest.raises(Unavailable) as raised:
        async with db.scope(system_scope(partner.tenant_id)) as tx:
            await tx.execute(NAME, partner.tenant_id, "Renamed")
            await owner.execute("select pg_terminate_backend($1, 2000)", await tx.fetchval("select pg_backend_pid()"))
            await tx.fetchval("select 1")
    assert not isinstance(raised.value, OutcomeUnknown)
    name = await owner.fetchval("select name from core.tenants where tenant_id = $1", partner.tenant_id)
    assert name != "Renamed"
