"""What a transaction has to tell is told once it is committed, and not before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import msgspec
import pytest
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import Conflict
from gururmm_server.infra.lane import Lane
from gururmm_server.infra.nats import Bus

from packages.server.tests.world import Partner, plant

Act = Callable[[Transaction], Awaitable[object]]
TOUCH = "update core.tenants set name = name"


class Happened(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "thing.happened"
    version: ClassVar[int] = 1


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=0)


@pytest.fixture
def scope(partner: Partner) -> Scope:
    return system_scope(partner.tenant_id)


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Database]:
    """A database of one connection: what is told while that is still taken would wait for itself."""
    database = Database(database_url, pool_size=1)
    await database.open()
    yield database
    await database.close()


async def test_it_is_told_in_order_after_the_commit(single: Database, scope: Scope, db: Database) -> None:
    told: list[Any] = []

    async def tell(word: str, *, name: str) -> None:
        async with db.scope(scope) as tx:  # somebody else, who sees what is committed
            told.append((word, await tx.fetchval("select name = $1 from core.tenants", name)))

    async with single.scope(scope) as tx:
        await tx.execute("update core.tenants set name = 'Renamed'")
        tx.after_commit(tell, "first", name="Renamed")
        tx.after_commit(tell, "second", name="Renamed")
        assert told == []
    assert told == [("first", True), ("second", True)]


async def test_the_connection_is_free_by_then(single: Database, scope: Scope) -> None:
    seen: list[int] = []

    async def look() -> None:
        async with single.scope(scope) as tx:
            seen.append(await tx.fetchval("select 1"))

    async with asyncio.timeout(20), single.scope(scope) as tx:
        tx.after_commit(look)
    assert seen == [1]


async def test_a_rollback_tells_nothing(db: Database, scope: Scope) -> None:
    told: list[str] = []

    async def tell() -> None:
        told.append("told")

    with pytest.raises(Conflict):
        async with db.scope(scope) as tx:
            tx.after_commit(tell)
            raise Conflict
    assert told == []


async def test_a_commit_that_fails_tells_nothing(db: Database, scope: Scope, owner_url: str) -> None:
    told: list[str] = []

    async def tell() -> None:
        told.append("told")

    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "create function core.refuse() returns trigger language plpgsql as $$ begin raise exception 'planted'; end $$;"
        "create constraint trigger refuse after update on core.tenants deferrable initially deferred"
        " for each row execute function core.refuse()"
    )
    await owner.close()
    with pytest.raises(Exception, match="planted"):
        async with db.scope(scope) as tx:
            await tx.execute(TOUCH)
            tx.after_commit(tell)
    assert told == []


async def test_what_fails_to_be_told_fails_nobody(db: Database, scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    logged: list[str] = []
    monkeypatch.setattr("gururmm_server.infra.database.log.exception", logged.append)

    async def broken() -> None:
        raise ValueError("planted")

    async def tell() -> None:
        told.append("told")

    async with db.scope(scope) as tx:
        tx.after_commit(broken)
        tx.after_commit(tell)
    assert told == ["told"]
    assert logged == ["what was to be told after a commit was not"]


async def test_what_is_told_leaves_before_the_act_goes_on(db: Database, scope: Scope) -> None:
    left: list[str] = []

    async def tell() -> None:
        asyncio.get_running_loop().call_soon(left.append, "left")  # as the bus does, which sends from a task of its own

    async with db.scope(scope) as tx:
        await tx.execute(TOUCH)
        tx.after_commit(tell)
    assert left == ["left"]


async def test_a_lane_tells_too(db: Database, partner: Partner) -> None:
    told: list[str] = []

    async def tell() -> None:
        told.append("told")

    lane = Lane(db, partner.tenant_id)
    async with lane.statement() as tx:
        await tx.execute(TOUCH)
        tx.after_commit(tell)
        assert told == []
    assert told == ["told"]
    await lane.close()


async def one(tx: Transaction) -> None:
    assert tx.tenant_id is not None
    await outbox.publish(tx, tx.tenant_id, Happened())


async def several(tx: Transaction) -> None:
    assert tx.tenant_id is not None
    await outbox.publish_many(tx, [(tx.tenant_id, Happened()), (tx.tenant_id, Happened())])
    await one(tx)


async def none(tx: Transaction) -> None:
    await outbox.publish_many(tx, [])


@pytest.mark.parametrize(("act", "wakes"), [(one, 1), (several, 1), (none, 0)])
async def test_events_wake_the_relay_once(
    *, db: Database, bus: Bus, scope: Scope, act: Act, wakes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, bytes]] = []

    async def publish(subject: str, payload: bytes) -> None:
        rung.append((subject, payload))

    with monkeypatch.context() as patched:
        patched.setattr(bus, "publish", publish)
        outbox.connect(db, bus)
    with pytest.raises(Conflict):
        async with db.scope(scope) as tx:
            await act(tx)
            raise Conflict
    async with db.scope(scope) as tx:
        await act(tx)
        assert rung == []
    assert rung == [("outbox.wake", b"")] * wakes


async def test_an_event_that_a_crash_brought_back_is_in_the_stream_once(db: Database, bus: Bus, scope: Scope) -> None:
    await bus.ensure_events_stream()
    heard: list[UUID] = []
    relay = outbox.OutboxRelay(db, bus)
    async with db.scope(scope) as tx:
        event_id = await outbox.publish(tx, scope.tenant_id, Happened())
        await outbox.publish(tx, scope.tenant_id, Happened())
    async with db.worker() as tx:
        rows = await tx.fetch("select event_id, tenant_id, name, version, payload from core.outbox")
    assert await relay.relay_once() == 2
    async with db.worker() as tx:
        await tx.executemany(
            "insert into core.outbox (event_id, tenant_id, name, version, payload) values ($1, $2, $3, $4, $5)", rows
        )
    assert await relay.relay_once() == 2
    reader = await bus.pull(f"test-{event_id}", outbox.EVENT.of(scope.tenant_id.hex, Happened.name))
    while messages := await reader.fetch(10, 0.2):
        heard += [msgspec.json.decode(message.data, type=outbox.Envelope).event_id for message in messages]
    assert sorted(heard) == sorted(row["event_id"] for row in rows)
