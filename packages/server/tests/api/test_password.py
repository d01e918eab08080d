"""Changing one's own password: what it ends, what it leaves, and what refuses it."""

import asyncio
from typing import Any

import aiohttp
import pytest
from gururmm_server.core.identity import service
from gururmm_server.core.identity.passwords import Passwords
from gururmm_server.core.identity.platform_admin import create_platform_admin

from .conftest import PASSWORD, Answer, Api, new_browser

NEW_PASSWORD = "staple of another kind"


async def change(api: Api, token: str, current: str = PASSWORD, new: str = NEW_PASSWORD) -> Answer:
    body = {"current_password": current, "new_password": new}
    return await api.ask("POST", "/auth/password", body, token=token)


async def sign_in_status(api: Api, password: str, email: str = "admin@own.example") -> int:
    return (await api.ask("POST", "/auth/sign-in", {"email": email, "password": password})).status


async def live_socket(api: Api, token: str) -> aiohttp.ClientWebSocketResponse:
    """A live socket that has said hello."""
    ticket = (await api.ask("POST", "/live/ticket", token=token)).body
    socket = await api.browser.ws_connect(api.base + ticket["stream_url"], origin=api.base)
    await socket.receive_json(timeout=5)
    return socket


async def until_closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
        pass


async def test_a_new_password_ends_every_other_session_and_keeps_this_one(api: Api) -> None:
    async with new_browser() as here, new_browser() as there:
        mine = await api.sign_in(api.own.email, browser=here)
        other = await api.sign_in(api.own.email, browser=there)
        my_socket, other_socket = await live_socket(api, mine), await live_socket(api, other)
        assert (await change(api, mine)).status == 204
        assert (await api.ask("GET", "/auth/me", token=other)).body["code"] == "session_ended"
        assert (await api.ask("POST", "/auth/refresh", browser=there)).status == 401
        await asyncio.wait_for(until_closed(other_socket), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(until_closed(my_socket), 0.3)
        assert (await api.ask("GET", "/auth/me", token=mine)).status == 200
        refreshed = await api.ask("POST", "/auth/refresh", browser=here)
        assert refreshed.status == 200
        sessions = (await api.ask("GET", "/auth/sessions", token=refreshed.body["access_token"])).body["items"]
        assert [session["current"] for session in sessions] == [True]
    rows = [row for row in await api.audit() if row["operation"] == "password.changed"]
    assert [(row["actor"], row["details"]) for row in rows] == [(api.own.email, {"address": "127.0.0.1"})]
    assert [await sign_in_status(api, password) for password in (PASSWORD, NEW_PASSWORD)] == [401, 200]


async def test_a_wrong_current_password_is_refused_and_counted_as_at_sign_in(api: Api) -> None:
    mine, other = await api.sign_in(api.own.email), await api.sign_in(api.own.email)
    for _ in range(5):
        refused = await change(api, mine, "wrong horse battery")
        assert (refused.status, refused.body["code"]) == (422, "wrong_password")
        assert refused.body["details"] == [{"field": "current_password", "message": refused.body["message"]}]
    limited = await change(api, mine)
    assert (limited.status, limited.body["code"]) == (429, "too_many_attempts")
    assert limited.headers["Retry-After"] == str(limited.body["details"]["retry_after_s"])
    # One count for both doors; and the address was counted too.
    assert await sign_in_status(api, PASSWORD) == 429
    for _ in range(13):
        api.identity.attempts.count_visitor("127.0.0.1")
    assert "from this address" in (await change(api, mine)).body["message"]
    for token in (mine, other):
        assert (await api.ask("GET", "/auth/me", token=token)).status == 200
    assert "password.changed" not in {row["operation"] for row in await api.audit()}


async def test_a_right_current_password_uses_no_attempt_up(api: Api) -> None:
    mine, passwords = await api.sign_in(api.own.email), [PASSWORD, NEW_PASSWORD]
    for number in range(7):
        assert (await change(api, mine, passwords[number % 2], passwords[1 - number % 2])).status == 204


async def test_a_weak_new_password_is_refused_by_its_field(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    for weak in ("short", "x" * 12, "ababababababab", api.own.email.upper()):
        refused = await change(api, mine, new=weak)
        assert (refused.status, refused.body["code"]) == (422, "weak_password"), weak
        assert refused.body["details"] == [{"field": "new_password", "message": refused.body["message"]}]
    assert await sign_in_status(api, PASSWORD) == 200


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"current_password": PASSWORD},
        {"new_password": NEW_PASSWORD},
        {"current_password": "", "new_password": NEW_PASSWORD},
        {"current_password": PASSWORD, "new_password": "x" * 257},
        {"current_password": {}, "new_password": [NEW_PASSWORD]},
    ],
)
async def test_hostile_changes_are_refused(api: Api, body: Any) -> None:
    answer = await api.ask("POST", "/auth/password", body, token=api.token())
    assert (answer.status, answer.body["code"]) == (422, "invalid_input")


async def test_a_platform_admin_outside_of_any_partner_changes_theirs(api: Api) -> None:
    email = "root@gururmm.example"
    link = await create_platform_admin(api.db, email, "Root", "http://rmm.example.org")
    accepted = await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": PASSWORD})
    other = await api.sign_in(email)
    mine = accepted.body["access_token"]
    assert (await change(api, mine)).status == 204
    assert (await api.ask("GET", "/auth/me", token=mine)).status == 200
    assert (await api.ask("GET", "/auth/me", token=other)).status == 401
    assert [await sign_in_status(api, password, email) for password in (PASSWORD, NEW_PASSWORD)] == [401, 200]
    async with api.db.platform("test", "look") as tx:
        rows = await tx.fetch("select actor from core.platform_access where reason like 'change own password from %'")
    assert [row["actor"] for row in rows] == [email]


async def test_without_an_audit_row_nothing_changes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("no row")

    mine, other = await api.sign_in(api.own.email), await api.sign_in(api.own.email)
    with monkeypatch.context() as patched:
        patched.setattr(service, "append", broken)
        assert (await change(api, mine)).status == 500
    assert (await api.ask("GET", "/auth/me", token=other)).status == 200
    assert [await sign_in_status(api, password) for password in (NEW_PASSWORD, PASSWORD)] == [401, 200]


async def test_who_proved_the_old_password_a_moment_too_early_gets_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the proof and what it is for, somebody else changes the password."""
    verify = Passwords.verify
    mine, other = await api.sign_in(api.own.email), await api.sign_in(api.own.email)
    current, following = PASSWORD, NEW_PASSWORD

    async def slow(self: Passwords, password: str, stored: str | None) -> bool:
        fits = await verify(self, password, stored)
        with monkeypatch.context() as patched:
            patched.setattr(Passwords, "verify", verify)
            assert (await change(api, mine, current, following)).status == 204
        return fits

    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "verify", slow)
        assert await sign_in_status(api, PASSWORD) == 401
    sessions = (await api.ask("GET", "/auth/sessions", token=mine)).body["items"]
    assert [session["current"] for session in sessions] == [True]
    other, current, following = await api.sign_in(api.own.email, NEW_PASSWORD), NEW_PASSWORD, PASSWORD
    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "verify", slow)
        assert (await change(api, other, NEW_PASSWORD, "mallory was here")).body["code"] == "wrong_password"
    assert await sign_in_status(api, PASSWORD) == 200
