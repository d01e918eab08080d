"""The worker while PostgreSQL stands still: it waits, and goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.component import House
from gururmm_server.core.orders.signing import KeyScope
from gururmm_server.entrypoints.jobs import process
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings
from structlog.testing import capture_logs

from packages.server.tests.conftest import Engines
from packages.server.tests.standstill import standing_still
from packages.server.tests.waiting import until
from packages.server.tests.world import audit_settings, plant

PAYLOAD = msgspec.json.encode({"client_id": new_id(), "client_name": "Harbor Dental", "actor": "ann@example.org"})
EVENT = (
    "insert into core.outbox (event_id, tenant_id, name, version, payload)"
    " values (gen_random_uuid(), $1, 'client.created', 1, $2)"
)


@pytest.fixture
async def worker_db(engines: Engines, database_name: str) -> AsyncIterator[Database]:
    """The worker's database, whose statements time out soon."""
    database = Database(engines.database(engines.urls[Kind.WORKER], database_name), pool_size=8, statement_s=0.5)
    await database.open()
    yield database
    await database.close()


async def test_it_waits_and_moves_events_afterwards(
    worker_db: Database, worker_bus: Bus, owner_url: str, tmp_path: Path
) -> None:
    partner = await plant(owner_url)
    house = House(COMPONENTS, ProcessSettings("", "", **audit_settings(tmp_path)), worker_db, worker_bus)
    house.give(KeyScope(worker_db.worker))
    stop = asyncio.Event()
    working = asyncio.create_task(process.run(house, stop))
    owner = await asyncpg.connect(owner_url)

    def moved(count: int) -> Any:
        assert not working.done()
        return owner.fetchval("select count(*) = $2 from core.activity where tenant_id = $1", partner.tenant_id, count)

    await owner.execute(EVENT, partner.tenant_id, PAYLOAD)
    await until(lambda: moved(1), 20)
    with capture_logs() as lines:
        async with standing_still(owner_url):
            await until(lambda: any(line["event"] == "events wait in the outbox" for line in lines), 20)
        assert not working.done()
    await owner.execute(EVENT, partner.tenant_id, PAYLOAD)
    await until(lambda: moved(2), 20)
    stop.set()
    await asyncio.wait_for(working, 5)
    await owner.close()
