"""When the broker dies, nobody waits for an answer that can no longer come."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gururmm_server.infra import nats as bus_module
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import Unavailable
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.outbox import OutboxRelay

from packages.server.tests.broker import Broker
from packages.server.tests.waiting import until
from packages.server.tests.world import plant


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path / "data")
    await broker.start()
    yield broker
    broker.close()


@pytest.fixture
async def bus(broker: Broker) -> AsyncIterator[Bus]:
    connection = Bus(broker.url, name="worker", kind=Kind.WORKER)
    await connection.open()
    await connection.ensure_events_stream()
    yield connection
    await connection.close()


async def test_who_waits_for_events_hears_of_it(bus: Bus, broker: Broker) -> None:
    reader = await bus.pull("test", f"events.{new_id().hex}.>")
    waiting = asyncio.create_task(reader.fetch(1, 3600))
    assert await reader.fetch(1, 0.1) == []
    broker.kill()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(waiting, 20)


async def test_who_stores_an_event_hears_of_it(bus: Bus, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_module, "STORE_S", 3600)
    assert broker.process is not None
    broker.process.send_signal(signal.SIGSTOP)
    storing = asyncio.create_task(bus.publish_event(f"events.{new_id().hex}.a.b", b"{}", new_id().hex))
    await asyncio.sleep(0)
    broker.kill()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(storing, 20)


async def test_events_of_meanwhile_are_moved_once_it_is_back(
    bus: Bus, broker: Broker, worker_db: Database, owner_url: str, db: Database
) -> None:
    partner = await plant(owner_url)
    relay = OutboxRelay(worker_db, bus)
    relaying = asyncio.create_task(relay.run())
    broker.kill()
    async with db.ingest() as tx:
        await tx.execute(
            "insert into core.outbox (event_id, tenant_id, name, version, payload)"
            " values ($1, $2, 'agent.online', 1, '{}')",
            new_id(),
            partner.tenant_id,
        )
    relay.wake()
    await until(lambda: not bus.connected)
    await broker.start()

    async def moved() -> bool:
        async with worker_db.worker() as tx:
            return bool(await tx.fetchval("select count(*) = 0 from core.outbox"))

    await until(moved, 30)
    relaying.cancel()
