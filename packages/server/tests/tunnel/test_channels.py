"""Several channels in one session: opened, typed into, recorded and closed apart from each other."""

import os
from uuid import UUID

import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.tunnel.errors import NoSuchChannel, StreamViolation
from gururmm_server.core.tunnel.output_path import SHOWN_AHEAD_BYTES
from gururmm_server.core.tunnel.routes import build_router
from gururmm_server.infra.ids import new_id
from gururmm_wire.v2.agent import TunnelClosed

from packages.server.tests.waiting import until
from packages.server.tests.world import Api

from .conftest import House, person
from .scripted import Screen, ScriptedBrowser


@pytest.fixture
def api(house: House) -> Api:
    return Api(build_router(house.service))


async def two_terminals(house: House) -> tuple[UUID, ScriptedBrowser, Screen]:
    """A session with two shells, both shown in one tab."""
    session_id = await house.open()
    browser = await house.attach(session_id, ScriptedBrowser())
    opened = await house.service.open_channel(house.tech.inside(), session_id, "terminal", {"columns": 100})
    assert opened.channel == 2
    second = await browser.show(2, (100, 40))
    await until(lambda: house.agent.seal and 2 in house.agent.shells and house.agent.shells[2].seal)
    return session_id, browser, second


async def test_two_terminals_in_one_session_do_not_mix(house: House) -> None:
    session_id, first, second = await two_terminals(house)
    first.type(b"in the first ")
    second.type(b"in the second ")
    await until(lambda: first.output == b"in the first ")
    await until(lambda: second.output == b"in the second ")
    first.type(b"again")
    await until(lambda: first.output == b"in the first again")
    assert house.agent.shells[2].input == b"in the second "
    async with house.db.audit_reader(system_scope(house.tenant_id)) as tx:
        rows = await tx.fetch(
            "select channel_id, input from core.tunnel_audit where session_id = $1 and input is not null order by seq",
            session_id,
        )
    typed = {number: b"".join(row["input"] for row in rows if row["channel_id"] == number) for number in (1, 2)}
    assert typed == {1: b"in the first again", 2: b"in the second "}
    await until(lambda: house.agent.acknowledged == 18 and house.agent.shells[2].acknowledged == 14)
    assert await house.recorded(session_id, 1) == [("r", b"80x24"), ("o", b"in the first again")]
    assert await house.recorded(session_id, 2) == [("r", b"100x40"), ("o", b"in the second ")]
    assert await house.chain_is_whole()


async def test_the_session_ends_with_its_last_channel(house: House) -> None:
    session_id, browser, second = await two_terminals(house)
    await house.agent.exit(7)
    closed = await until(lambda: browser.control("closed"))
    assert (closed["channel"], closed["exit_code"]) == (1, 7)
    second.type(b"still here")
    await until(lambda: second.output == b"still here")
    assert browser.close_code is None
    status = await house.service.status(house.tech, session_id)
    assert (status.status, [each.state for each in status.channels]) == ("open", ["closed", "open"])
    assert status.exit_code == 7
    await house.agent.shells[2].exit(0)
    await until(lambda: browser.close_code == 1000)
    status = await house.service.status(house.tech, session_id)
    assert (status.status, status.close_reason) == ("closed", "exited")
    assert [operation for operation, _ in await house.audit(session_id)] == [
        "tunnel.open",
        "channel.open",
        "channel.open",
        "channel.close",
        "terminal.input",
        "channel.close",
        "tunnel.close",
    ]


async def test_a_channel_that_nobody_draws_holds_up_no_other(house: House) -> None:
    _, first, second = await two_terminals(house)
    first.acknowledges = False
    await house.agent.print(os.urandom(3 * SHOWN_AHEAD_BYTES))
    await until(lambda: house.agent.sent >= SHOWN_AHEAD_BYTES)
    second.type(b"quick")
    await until(lambda: second.output == b"quick")
    assert house.agent.sent <= SHOWN_AHEAD_BYTES
    first.acknowledges = True
    await first.draw()
    await until(lambda: first.output == house.agent.output, 30)


async def test_both_channels_go_on_at_another_api_process(house: House) -> None:
    session_id, browser, second = await two_terminals(house)
    browser.type(b"one ")
    second.type(b"two ")
    await until(lambda: browser.output == b"one " and second.output == b"two ")
    relay, end = browser.drop()
    await relay.leave(end, clean=False)
    browser.typed += b"more"
    await house.agent.shells[2].print(b"meanwhile")
    await browser.serve(await house.others.attach(session_id, house.tech, browser))
    await until(lambda: browser.output == b"one more" and second.output == b"two meanwhile")
    second.type(b"!")
    await until(lambda: second.output == b"two meanwhile!")


async def test_closing_one_channel_over_rest_leaves_the_other(house: House, api: Api) -> None:
    session_id, browser, second = await two_terminals(house)
    async with api.as_(house.tech) as http:
        answer = await http.post(f"/tunnel/sessions/{session_id}/channels/1/close")
        first, other = answer.json()["channels"]
        assert first["state"] == "closed"
        assert other["state"] != "closed"
        await until(lambda: browser.control("closed"))
        await until(lambda: house.agent.hung_up)
        assert house.agent.shells[2].hung_up == 0
        second.type(b"on")
        await until(lambda: second.output == b"on")
        answer = await http.post(f"/tunnel/sessions/{session_id}/channels/2/close")
        assert answer.json()["status"] == "closed"
        await until(lambda: browser.close_code == 1000)
        assert (await http.post(f"/tunnel/sessions/{session_id}/channels/9/close")).status_code == 404


async def test_channels_over_rest(house: House, api: Api) -> None:
    session_id = await house.open()
    path = f"/tunnel/sessions/{session_id}/channels"
    async with api.as_(house.tech) as http:
        opened = (await http.post(path, json={"parameters": {"rows": 50}})).json()
        assert (opened["channel"], opened["kind"], opened["state"], opened["rights"]) == (
            2,
            "terminal",
            "opening",
            ["input"],
        )
        assert opened["parameters"] == {"columns": 120, "rows": 50, "shell": ""}
        unknown = await http.post(path, json={"kind": "hologram"})
        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_kind")
        assert "hologram" in unknown.json()["message"]
        for wrong in ({"columns": 0}, {"columns": "80"}, {"shell": "sh; rm -rf /"}):
            answer = await http.post(path, json={"parameters": wrong})
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_parameters"), wrong
        for _ in range(6):
            assert (await http.post(path, json={})).status_code == 201
        answer = await http.post(path, json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_channels")
        status = (await http.get(f"/tunnel/status/{session_id}")).json()
        assert [each["channel"] for each in status["channels"]] == list(range(1, 9))
        listed = (await http.get("/tunnel/sessions")).json()["items"]
        assert listed == [status]
        recording = await http.get(f"{path}/2/recording")
        assert recording.headers["content-disposition"].endswith(f'"terminal-{session_id}-2.cast"')
        assert (await http.get(f"{path}/99/recording")).status_code == 404
        await http.post(f"/tunnel/close/{session_id}")
        assert (await http.post(path, json={})).json()["code"] == "session_closed"
    async with api.as_(person(house.tenant_id, Role.PARTNER_ADMIN)) as http:
        assert (await http.post(path, json={})).status_code == 403
    async with api.as_(person(new_id(), Role.PARTNER_ADMIN)) as http:
        assert (await http.post(path, json={})).status_code == 404
        assert (await http.post(f"{path}/1/close")).status_code == 404


async def test_why_a_technician_is_there_is_kept(house: House, api: Api) -> None:
    async with api.as_(house.tech) as http:
        opened = await http.post("/tunnel/open", json={"agent_id": str(house.agent_id), "reason": "Ticket 4711"})
        session_id = opened.json()["session_id"]
        assert (await http.get(f"/tunnel/status/{session_id}")).json()["reason"] == "Ticket 4711"
        assert (await http.get("/tunnel/sessions", params={"search": "ticket 47"})).json()["total"] == 1
        answer = await http.post("/tunnel/open", json={"agent_id": str(house.agent_id), "reason": "x" * 501})
        assert answer.status_code == 422
    async with house.db.audit_reader(system_scope(house.tenant_id)) as tx:
        details = await tx.fetchval("select details from core.tunnel_audit where operation = 'tunnel.open'")
    assert details == {"reason": "Ticket 4711"}


async def test_what_is_not_a_channel_is_refused(house: House) -> None:
    session_id = await house.open()
    browser = await house.attach(session_id, ScriptedBrowser())
    with pytest.raises(NoSuchChannel):
        await browser.show(2)
    assert browser.relay is not None
    with pytest.raises(NoSuchChannel):
        browser.relay.channel(2)


async def test_a_channel_without_the_right_to_type_takes_no_input(house: House) -> None:
    session_id = await house.open()
    async with house.db.scope(system_scope(house.tenant_id)) as tx:
        await tx.execute("update core.tunnel_channels set rights = '{}' where session_id = $1", session_id)
    browser = await house.attach(session_id, ScriptedBrowser())
    with pytest.raises(StreamViolation):
        browser.type(b"ls\r")
    await house.agent.print(b"looking is allowed")
    await until(lambda: browser.output == b"looking is allowed")
    assert house.agent.input_messages == []


async def test_the_agent_refuses_a_kind_by_name(house: House) -> None:
    """What an older agent says of a kind that it does not know reaches the technician."""
    session_id, browser, _ = await two_terminals(house)
    house.agent.lose_to_server = lambda message: message.channel == 3
    await house.service.open_channel(house.tech.inside(), session_id, "terminal", {})
    await browser.show(3)
    await house.agent.say(TunnelClosed(session_id.bytes, 3, None, "this agent knows no channels of the kind terminal"))
    closed = await until(lambda: browser.control("closed"))
    assert closed["channel"] == 3
    assert "this agent knows no channels of the kind terminal" in closed["reason"]
    assert browser.close_code is None
