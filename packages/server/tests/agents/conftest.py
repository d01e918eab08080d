"""The API of machines over two Partners."""

from collections.abc import AsyncIterator

import httpx
import pytest
from gururmm_server.core.commands.removal import CancelAll
from gururmm_server.core.fleet.doubles import DoubleMachines
from gururmm_server.core.fleet.former import FormerMachines
from gururmm_server.core.fleet.queries import LiveQueries
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.fleet.routes import build_router
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.inventory.routes import build_router as inventory_router
from gururmm_server.core.inventory.service import Inventory
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.overview.routes import build_router as overview_router
from gururmm_server.core.overview.service import Overview
from gururmm_server.core.post.service import Post
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.core.telemetry.routes import build_router as telemetry_router
from gururmm_server.core.telemetry.service import Telemetry
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tunnel.closing import close_all
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus

from packages.server.tests.world import DECLARED, Api, Partner, plant


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=12)


@pytest.fixture
async def other(owner_url: str) -> Partner:
    return await plant(owner_url, "Somebody else", machines=3)


@pytest.fixture
def api(api_db: Database, bus: Bus, signer: OrderSigner) -> Api:
    removal = AgentRemoval(api_db, bus, (CancelAll(signer), close_all), signer)
    queries = LiveQueries(api_db, bus, answer_seconds=0.3)
    return Api(
        build_router(
            agents=AgentService(api_db, Post(bus.publish), fields=DECLARED.search_fields),
            removal=removal,
            former=FormerMachines(api_db, removal),
            doubles=DoubleMachines(api_db, SiteCodes(api_db, "http://rmm.test"), removal),
            queries=queries,
        ),
        inventory_router(Inventory(api_db)),
        telemetry_router(Telemetry(api_db)),
        overview_router(Overview(api_db, Quotas(api_db))),
    )


@pytest.fixture
async def admin(api: Api, partner: Partner) -> AsyncIterator[httpx.AsyncClient]:
    async with api.as_(partner.person()) as client:
        yield client
