"""JetStream's folder is lost, damaged or old: the feed has every event all the same, by itself."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.component import House
from gururmm_server.core.orders.signing import KeyScope
from gururmm_server.entrypoints.jobs import process
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings
from prometheus_client import REGISTRY

from packages.server.tests.broker import Broker
from packages.server.tests.waiting import until
from packages.server.tests.world import Partner, audit_settings, plant

PAYLOAD = msgspec.json.encode({"client_id": new_id(), "client_name": "Harbor Dental", "actor": "ann@example.org"})
ADD = (
    "insert into core.outbox (event_id, tenant_id, name, version, payload)"
    " select unnest($1::uuid[]), $2, 'client.created', 1, $3"
)
STREAM = "*/streams/EVENTS/"


def overwrite(pattern: str, size: int | None = None) -> Callable[[Path], None]:
    def damage(store: Path) -> None:
        files = [path for path in store.glob(pattern) if path.is_file()]
        assert files
        for path in files:
            path.write_bytes(os.urandom(path.stat().st_size if size is None else size))

    return damage


def in_the_middle(store: Path) -> None:
    for path in store.glob(f"{STREAM}msgs/*.blk"):
        content = bytearray(path.read_bytes())
        half = len(content) // 2
        content[half : half + 200] = os.urandom(200)
        path.write_bytes(content)


def a_file_instead(store: Path) -> None:
    shutil.rmtree(store)
    store.write_text("not a folder")


def a_file_instead_of_the_stream(store: Path) -> None:
    (stream,) = store.glob(STREAM)
    shutil.rmtree(stream)
    stream.write_text("not a folder")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "deleted": shutil.rmtree,
    "its messages overwritten": overwrite(f"{STREAM}msgs/*.blk"),
    "its messages damaged in the middle": in_the_middle,
    "its description overwritten": overwrite(f"{STREAM}meta.inf"),
    "its reader overwritten": overwrite(f"{STREAM}obs/activity/*"),
    "all overwritten": overwrite("**/*", 500),
    "all emptied": overwrite("**/*", 0),
    "a file in its place": a_file_instead,
    "a file in the stream's place": a_file_instead_of_the_stream,
}


KEPT = {"its messages damaged in the middle": 20, "its description overwritten": 40, "its reader overwritten": 40}
"""How many of forty events the stream still has then."""


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path / "broker")
    await broker.start()
    yield broker
    broker.close()


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url)


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def working(db: Database, broker: Broker, folder: Path) -> AsyncIterator[None]:
    """A worker on this broker."""
    bus = Bus(broker.url, name="worker", kind=Kind.WORKER)
    await bus.open()
    house = House(COMPONENTS, ProcessSettings("", "", **audit_settings(folder)), db, bus)
    house.give(KeyScope(db.worker))
    stop = asyncio.Event()
    work = asyncio.create_task(process.run(house, stop))
    yield
    assert not work.done()
    stop.set()
    await work
    await bus.close()


async def happen(owner: Any, partner: Partner, count: int) -> list[UUID]:
    """So many events wait in the outbox."""
    ids = [new_id() for _ in range(count)]
    await owner.execute(ADD, ids, partner.tenant_id, PAYLOAD)
    return ids


async def shown(owner: Any) -> set[UUID]:
    return {row["event_id"] for row in await owner.fetch("select event_id from core.activity")}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_the_feed_has_every_event(
    *, broker: Broker, worker_db: Database, partner: Partner, owner: Any, tmp_path: Path, damage: str
) -> None:
    """What the stream lost before it was read, and what happens meanwhile and later."""
    async with working(worker_db, broker, tmp_path):
        events = await happen(owner, partner, 40)

        async def all_shown() -> bool:
            return await shown(owner) >= set(events)

        await until(all_shown, 20)
        broker.kill()
        DAMAGES[damage](broker.store)
        # As if the reader had not come to what is lost.
        unread = events[KEPT.get(damage, 0) :]
        await owner.execute("delete from core.activity where event_id = any($1::uuid[])", unread)
        events += await happen(owner, partner, 5)
        await broker.start()
        await until(all_shown, 30)
        events += await happen(owner, partner, 5)
        await until(all_shown, 30)
        await until(lambda: owner.fetchval("select count(*) = 0 from core.outbox"))


async def test_an_older_copy_is_noticed(
    broker: Broker, worker_db: Database, partner: Partner, owner: Any, tmp_path: Path
) -> None:
    restored = REGISTRY.get_sample_value("gururmm_events_restored_total") or 0.0
    async with working(worker_db, broker, tmp_path):
        events = await happen(owner, partner, 10)

        async def all_shown() -> bool:
            return await shown(owner) >= set(events)

        await until(all_shown, 20)
        broker.kill()
        shutil.copytree(broker.store, tmp_path / "copy")
        await broker.start()
        events += await happen(owner, partner, 20)
        await until(all_shown, 20)
        broker.kill()
        shutil.rmtree(broker.store)
        shutil.copytree(tmp_path / "copy", broker.store)
        await owner.execute("delete from core.activity where event_id = any($1::uuid[])", events[10:])
        await broker.start()
        await until(all_shown, 30)
    assert REGISTRY.get_sample_value("gururmm_events_restored_total") == restored + 20


async def test_the_log_is_forgotten_after_three_days(worker_db: Database, partner: Partner, owner: Any) -> None:
    await owner.execute(
        "insert into core.outbox_log (event_id, tenant_id, name, version, payload, created_at, relayed_at, stream,"
        " stream_seq) select gen_random_uuid(), $1, 'a.b', 1, '{}', now(), now() - age, 's', 1"
        " from unnest(array[interval '71 hours', interval '73 hours']) as age",
        partner.tenant_id,
    )
    assert await outbox.forget_old(worker_db) == 1
    assert await owner.fetchval("select count(*) from core.outbox_log") == 1
