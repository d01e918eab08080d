"""While PostgreSQL stands still, people are answered in words; afterwards all goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from gururmm_server.infra.database import Database
from gururmm_server.infra.kinds import Kind

from packages.server.tests.conftest import Engines
from packages.server.tests.standstill import standing_still

from .conftest import Api

AT_ONCE = 4


@pytest.fixture
async def api_db(engines: Engines, database_name: str) -> AsyncIterator[Database]:
    """The api's database, whose statements time out soon."""
    database = Database(engines.database(engines.urls[Kind.API], database_name), pool_size=8, statement_s=1)
    await database.open()
    yield database
    await database.close()


async def test_reading_and_writing_are_answered_503_in_words(api: Api, owner_url: str) -> None:
    token = api.token()
    await asyncio.gather(*(api.ask("GET", "/clients", token=token) for _ in range(AT_ONCE)))
    async with standing_still(owner_url):
        read, wrote, ready = await asyncio.gather(
            api.ask("GET", "/clients", token=token),
            api.ask("POST", "/clients", {"name": "Never"}, token=token),
            api.ask("GET", "/-/readyz"),
        )
    for answer in (read, wrote):
        assert (answer.status, answer.body["code"]) == (503, "unavailable")
        assert "Nothing was changed" in answer.body["message"]
    assert (ready.status, ready.body["database"]) == (503, False)
    clients = await api.ask("GET", "/clients", token=token)
    assert "Never" not in [client["name"] for client in clients.body["items"]]
    assert (await api.ask("POST", "/clients", {"name": "Now"}, token=token)).status == 201
