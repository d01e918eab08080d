"""Terminals of a machine that is removed: closed for everybody, and evidence from then on."""

import json
from typing import Any

import httpx
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.tunnel.browser_end import CLOSE_NORMAL
from gururmm_server.core.tunnel.closing import close_all
from gururmm_server.core.tunnel.routes import build_router

from packages.server.tests.waiting import until
from packages.server.tests.world import Api

from .conftest import House, person
from .scripted import ScriptedBrowser


@pytest.fixture
def api(house: House) -> Api:
    return Api(build_router(house.service))


@pytest.fixture
def removal(house: House, signer: OrderSigner) -> AgentRemoval:
    return AgentRemoval(house.db, house.bus, (close_all,), signer)


async def test_the_browser_hears_that_the_terminal_is_closed(house: House, removal: AgentRemoval) -> None:
    session_id = await house.open()
    browser = await house.attach(session_id, ScriptedBrowser())
    admin = person(house.tenant_id, Role.PARTNER_ADMIN)
    await removal.remove(admin.inside(), house.agent_id)
    closed = await until(lambda: browser.control("closed"))
    assert closed["reason"] == "The machine was removed."
    await until(lambda: browser.close_code == CLOSE_NORMAL)
    await until(lambda: house.agent.hung_up)
    assert [operation for operation, _ in await house.audit(session_id)] == [
        "tunnel.open",
        "channel.open",
        "channel.close",
        "tunnel.close",
    ]
    assert await house.chain_is_whole()
    async with house.db.worker() as tx:
        rows = await tx.fetch("select payload from core.outbox where name = 'tunnel.closed'")
    assert [json.loads(row["payload"])["reason"] for row in rows] == ["removed"]


async def test_sessions_and_recordings_stay_readable(house: House, removal: AgentRemoval, api: Api) -> None:
    session_id = await house.open()
    await house.attach(session_id, ScriptedBrowser())
    await until(lambda: house.agent.seal)
    await house.agent.print(b"hello")
    await until(lambda: house.agent.acknowledged == 5)
    await removal.remove(person(house.tenant_id, Role.PARTNER_ADMIN).inside(), house.agent_id)
    async with api.as_(house.tech) as http:
        status = (await http.get(f"/tunnel/status/{session_id}")).json()
        assert (status["status"], status["close_reason"], status["hostname"]) == ("closed", "removed", "nw-srv-01")
        recording = await http.get(f"/tunnel/sessions/{session_id}/recording")
        assert "hello" in recording.text
        assert (await http.post("/tunnel/open", json={"agent_id": str(house.agent_id)})).status_code == 404
        for params in ({}, {"search": "nw-SRV"}, {"sort": "hostname"}, {"agent_id": str(house.agent_id)}):
            assert await _listed(http, params) == [str(session_id)], params
    async with api.as_(person(house.tenant_id, Role.CLIENT_CONTACT, house.agent_id)) as http:
        assert (await http.get("/tunnel/sessions")).status_code == 403
        assert (await http.get(f"/tunnel/status/{session_id}")).status_code == 403


async def _listed(http: httpx.AsyncClient, params: dict[str, Any]) -> list[str]:
    return [item["session_id"] for item in (await http.get("/tunnel/sessions", params=params)).json()["items"]]
