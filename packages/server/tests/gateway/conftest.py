"""A gateway on real engines, and machines that are enrolled with it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.component import House
from gururmm_server.core.presence.gateways import new_gateway
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings

sys.path.insert(0, str(Path(__file__).parent))

from agent_end import Fleet


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the gateway's process has."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def gateway_bus(bus: Bus) -> Bus:
    """The test's own, so that what both say arrives in its order."""
    return bus


@pytest.fixture
async def start_gateway(gateway_db: Database, gateway_bus: Bus) -> AsyncIterator[Callable[..., Awaitable[Gateway]]]:
    """Starts gateways, as their constructor is told, that live until the test is over."""
    started: list[tuple[Gateway, asyncio.Task[None]]] = []

    async def start(**options: Any) -> Gateway:
        house = House(COMPONENTS, ProcessSettings("", ""), gateway_db, gateway_bus)
        house.give(new_gateway())
        gateway = Gateway(house, **options)
        await gateway.open("127.0.0.1", 0)
        started.append((gateway, asyncio.create_task(gateway.run())))
        return gateway

    yield start
    for gateway, work in started:
        await gateway.drain(0)
        await gateway.close()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


@pytest.fixture
async def gateway(start_gateway: Callable[..., Awaitable[Gateway]]) -> Gateway:
    return await start_gateway()


@pytest.fixture
async def fleet(owner_url: str) -> AsyncIterator[Fleet]:
    """A Partner on this database, whose connections end with the test."""
    fleet = Fleet(owner_url)
    await fleet.plant()
    yield fleet
    for end in fleet.ends:
        await end.gone()
