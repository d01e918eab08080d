"""The REST side of terminals: who may do what, what is written down, and what a recording looks like."""

import json

import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.identity.tickets import TicketRefused, redeem
from gururmm_server.core.tunnel.routes import build_router
from gururmm_server.infra.ids import new_id

from packages.server.tests import world
from packages.server.tests.waiting import until
from packages.server.tests.world import Api

from .conftest import House, person, plant_machine
from .scripted import ScriptedBrowser


@pytest.fixture
def api(house: House) -> Api:
    return Api(build_router(house.service))


async def test_opening_starts_a_shell_and_writes_it_down(house: House, api: Api) -> None:
    async with api.as_(house.tech) as http:
        answer = await http.post(
            "/tunnel/open", json={"agent_id": str(house.agent_id), "columns": 100, "rows": 40, "shell": "bash"}
        )
        opened = answer.json()
        assert answer.status_code == 201
        assert opened["status"] == "opening"
        assert opened["notice"] == "Keystrokes are recorded."
        assert opened["stream_url"] == f"/api/v1/tunnel/stream/{opened['session_id']}?ticket={opened['ticket']}"
        await until(lambda: house.agent.opens)
        assert house.agent.opens[0].parameters == {"columns": 100, "rows": 40, "shell": "bash"}
        assert house.agent.opens[0].rights == ["input"]
        status = (await http.get(f"/tunnel/status/{opened['session_id']}")).json()
        assert (status["hostname"], status["opened_by"]) == ("nw-srv-01", house.tech.email)
    async with house.db.worker() as tx:
        names = [row["name"] for row in await tx.fetch("select name from core.outbox")]
    assert names == ["tunnel.opened"]
    principal, subject = await redeem(house.db, opened["ticket"], "tunnel")
    assert principal == house.tech
    assert str(subject) == opened["session_id"]


async def test_a_ticket_works_once_and_only_for_its_purpose(house: House, api: Api) -> None:
    async with api.as_(house.tech) as http:
        opened = (await http.post("/tunnel/open", json={"agent_id": str(house.agent_id)})).json()
        again = (await http.post(f"/tunnel/ticket/{opened['session_id']}")).json()
    with pytest.raises(TicketRefused):
        await redeem(house.db, opened["ticket"], "live")
    for ticket in (opened["ticket"], again["ticket"]):
        await redeem(house.db, ticket, "tunnel")
        with pytest.raises(TicketRefused):
            await redeem(house.db, ticket, "tunnel")


async def test_an_offline_machine_cannot_be_opened(house: House, api: Api) -> None:
    async with house.db.scope(system_scope(house.tenant_id)) as tx:
        await tx.execute("update core.agent_state set online = false, gateway_id = null")
    async with api.as_(house.tech) as http:
        answer = await http.post("/tunnel/open", json={"agent_id": str(house.agent_id)})
    assert (answer.status_code, answer.json()["code"]) == (409, "agent_offline")
    assert await house.value("select count(*) from core.tunnel_sessions") == 0


async def test_another_partners_things_are_not_found(house: House, api: Api) -> None:
    session_id = await house.open()
    foreign_tenant, foreign_agent = await plant_machine(house.db, "gw-x")
    stranger = person(foreign_tenant, Role.PARTNER_ADMIN)
    async with api.as_(stranger) as http:
        assert (await http.post("/tunnel/open", json={"agent_id": str(house.agent_id)})).status_code == 404
        for method, path in (
            ("GET", f"/tunnel/status/{session_id}"),
            ("POST", f"/tunnel/ticket/{session_id}"),
            ("POST", f"/tunnel/close/{session_id}"),
            ("GET", f"/tunnel/sessions/{session_id}/recording"),
        ):
            assert (await http.request(method, path)).status_code == 404, path
        assert (await http.get("/tunnel/sessions")).json() == {"items": [], "next_cursor": None, "total": 0}
    async with api.as_(house.tech) as http:
        assert (await http.post("/tunnel/open", json={"agent_id": str(foreign_agent)})).status_code == 404
    assert [operation for operation, _ in await house.audit(session_id)] == ["tunnel.open", "channel.open"]


async def test_roles(house: House, api: Api) -> None:
    session_id = await house.open()
    contact = person(house.tenant_id, Role.CLIENT_CONTACT, new_id())
    async with api.as_(contact) as http:
        assert (await http.post("/tunnel/open", json={"agent_id": str(house.agent_id)})).status_code == 403
        assert (await http.get("/tunnel/sessions")).status_code == 403
        assert (await http.get(f"/tunnel/status/{session_id}")).status_code == 403
    async with api.as_(person(house.tenant_id)) as http:
        assert (await http.get(f"/tunnel/status/{session_id}")).status_code == 200
        assert (await http.post(f"/tunnel/ticket/{session_id}")).status_code == 403
        assert (await http.post(f"/tunnel/close/{session_id}")).status_code == 403
    async with api.as_(person(house.tenant_id, Role.PARTNER_ADMIN)) as http:
        assert (await http.post(f"/tunnel/close/{session_id}")).json()["status"] == "closed"


async def test_a_closed_session_answers_closed_to_its_owner_whatever_their_role_is_now(house: House, api: Api) -> None:
    session_id = await house.open()
    async with api.as_(house.tech) as http:
        first = (await http.post(f"/tunnel/close/{session_id}")).json()
        again = await http.post(f"/tunnel/close/{session_id}")
        assert (again.status_code, again.json()) == (200, first)
        assert (await http.post(f"/tunnel/ticket/{session_id}")).json()["code"] == "session_closed"
    mine = house.tech
    demoted = world.person(mine.tenant_id, Role.CLIENT_CONTACT, new_id(), user_id=mine.user_id, email=mine.email)
    async with api.as_(demoted) as http:
        answer = await http.get(f"/tunnel/status/{session_id}")
    assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    assert [operation for operation, _ in await house.audit(session_id)] == [
        "tunnel.open",
        "channel.open",
        "channel.close",
        "tunnel.close",
    ]


async def test_a_person_has_at_most_eight_terminals(house: House, api: Api) -> None:
    for _ in range(8):
        await house.open()
    async with api.as_(house.tech) as http:
        answer = await http.post("/tunnel/open", json={"agent_id": str(house.agent_id)})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_sessions")


async def test_what_was_left_does_not_keep_one_from_working_on(house: House, api: Api) -> None:
    for _ in range(8):
        await house.open()
    await house.execute("update core.tunnel_sessions set left_at = now()")
    for _ in range(8):
        await house.open()
    async with api.as_(house.tech) as http:
        assert len((await http.get("/tunnel/own")).json()["items"]) == 16
        await house.execute("update core.tunnel_sessions set left_at = now()")
        assert (await http.post("/tunnel/open", json={"agent_id": str(house.agent_id)})).status_code == 409


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"rows": 1001}, {"shell": "sh; rm -rf /"}, {"shell": "x" * 65}])
async def test_hostile_values_are_refused(house: House, api: Api, wrong: dict[str, object]) -> None:
    async with api.as_(house.tech) as http:
        answer = await http.post("/tunnel/open", json={"agent_id": str(house.agent_id), **wrong})
    assert answer.status_code == 422


async def test_a_recording_is_an_asciicast_with_whole_characters(house: House, api: Api) -> None:
    session_id = await house.open()
    browser = await house.attach(session_id, ScriptedBrowser())
    await until(lambda: house.agent.seal)
    text = "grüße 🦉 \x1b[31mrot\x1b[0m\r\n"
    for byte in text.encode():
        await house.agent.print(bytes([byte]))
        await until(lambda: browser.output == house.agent.output)
        assert browser.relay is not None
        await browser.relay.channel(1).record_rest(5)
    await browser.relay.channel(1).change({"columns": 132, "rows": 43})
    await browser.relay.channel(1).record_rest(5)
    async with api.as_(house.tech) as http:
        answer = await http.get(f"/tunnel/sessions/{session_id}/recording")
    assert answer.headers["content-type"].startswith("application/x-asciicast")
    header, *lines = [json.loads(line) for line in answer.text.splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert "".join(data for _, kind, data in lines if kind == "o") == text
    assert [data for _, kind, data in lines if kind == "r"] == ["80x24", "132x43"]
    seconds = [line[0] for line in lines]
    assert seconds == sorted(seconds)
    assert (await house.audit(session_id))[-1][0] == "tunnel.recording_read"


async def test_sessions_are_listed_filtered_and_paged(house: House, api: Api) -> None:
    opened = [str(await house.open()) for _ in range(5)]
    async with api.as_(house.tech) as http:
        await http.post(f"/tunnel/close/{opened[0]}")
        first = (await http.get("/tunnel/sessions", params={"limit": 3})).json()
        rest = (await http.get("/tunnel/sessions", params={"limit": 3, "cursor": first["next_cursor"]})).json()
        assert [item["session_id"] for item in first["items"] + rest["items"]] == opened[::-1]
        assert (first["total"], rest["next_cursor"]) == (5, None)
        for params, expected in (
            ({"status": "closed"}, opened[:1]),
            ({"search": "NW-srv"}, opened[::-1]),
            ({"search": "nowhere"}, []),
            ({"agent_id": str(new_id())}, []),
        ):
            found = (await http.get("/tunnel/sessions", params=params)).json()
            assert [item["session_id"] for item in found["items"]] == expected, params


async def test_sessions_are_sorted_by_the_names_of_machines_as_people_read_them(house: House, api: Api) -> None:
    for name in ("pc 10", "Zebra", "pc 2", "Ärzte"):
        session_id, agent_id = await house.open(), new_id()
        await house.execute(
            "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
            " hostname) select tenant_id, $2, client_id, site_id, client_name, site_name, sha256($3), $4"
            " from core.agents where agent_id = $1",
            house.agent_id,
            agent_id,
            agent_id.bytes,
            name,
        )
        await house.execute("update core.tunnel_sessions set agent_id = $2 where session_id = $1", session_id, agent_id)
    async with api.as_(house.tech) as http:
        right = ["Ärzte", "pc 2", "pc 10", "Zebra"]
        for sort, names in (("hostname", right), ("-hostname", right[::-1])):
            found = (await http.get("/tunnel/sessions", params={"sort": sort})).json()
            assert [item["hostname"] for item in found["items"]] == names
