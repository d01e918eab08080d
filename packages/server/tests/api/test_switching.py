"""Going to another Partner: by the session's own cookie, as the same sign-in, and for staff an hour at most."""

from typing import Any
from uuid import UUID

import aiohttp
import pytest
from gururmm_server.core.identity.platform_admin import create_platform_admin
from gururmm_server.core.identity.revocation import Revocations
from yarl import URL

from .conftest import PASSWORD, Answer, Api, new_browser


async def _join_both(api: Api) -> None:
    """The admin of `own` works for `foreign`, too."""
    async with api.db.identity(api.foreign.tenant_id) as tx:
        await tx.execute(
            "insert into core.tenant_users (tenant_id, user_id, role, name, accepted_at)"
            " values ($1, $2, 'partner_tech', '', now())",
            api.foreign.tenant_id,
            api.own.ids["user_id"],
        )


async def _staff(api: Api, browser: aiohttp.ClientSession) -> str:
    """A Platform admin who is signed in; the access token."""
    link = await create_platform_admin(api.db, "root@gururmm.example", "Root", "http://rmm.example.org")
    path = f"/auth/invitation/{link.rpartition('/')[2]}"
    token: str = (await api.ask("POST", path, {"password": PASSWORD}, browser=browser)).body["access_token"]
    return token


def _cookies(answer: Answer) -> list[str]:
    lines: list[str] = answer.headers.getall("Set-Cookie", [])
    return [line.partition(";")[0].removeprefix("gururmm_refresh=") for line in lines]


def _held(api: Api, browser: aiohttp.ClientSession) -> str:
    """The refresh token that a browser has now."""
    return browser.cookie_jar.filter_cookies(URL(f"{api.base}/api/v1/auth"))["gururmm_refresh"].value


async def _sessions(api: Api) -> list[dict[str, Any]]:
    async with api.db.identity() as tx:
        rows = await tx.fetch("select * from core.user_sessions order by created_at")
    return [dict(row) for row in rows]


async def _age(api: Api, interval: str) -> None:
    """Let so much time pass for all sessions."""
    async with api.db.identity() as tx:
        await tx.execute(
            "update core.user_sessions set created_at = created_at - $1::text::interval,"
            " rotated_at = rotated_at - $1::text::interval, ended_at = ended_at - $1::text::interval,"
            " expires_at = expires_at - $1::text::interval,"
            " family_expires_at = family_expires_at - $1::text::interval",
            interval,
        )


@pytest.mark.parametrize("cookie", ["", "another session's", "an older one", "made up"])
async def test_a_stolen_access_token_does_not_become_a_session(api: Api, cookie: str) -> None:
    await _join_both(api)
    there = {"tenant_id": str(api.foreign.tenant_id)}
    async with new_browser() as browser, new_browser() as elsewhere:
        stolen = await api.sign_in(api.own.email, browser=browser)
        older = _held(api, browser)
        await api.ask("POST", "/auth/refresh", browser=browser)
        await _age(api, "11 seconds")
        await api.sign_in(api.own.email, browser=elsewhere)
        others = _held(api, elsewhere)
        given = {"": "", "another session's": others, "an older one": older, "made up": "0" * 107}[cookie]
        headers = {"Cookie": f"gururmm_refresh={given}"} if given else {}
        answer = await api.ask("POST", "/auth/switch-partner", there, token=stolen, headers=headers)
        assert (answer.status, answer.body["code"]) == (401, "cookie_needed")
        assert _cookies(answer) == []
        # The person's own browser still goes there.
        moved = await api.ask("POST", "/auth/switch-partner", there, token=stolen, browser=browser)
        assert (moved.status, moved.body["me"]["partner_name"]) == (200, "Partner foreign")


async def test_a_stolen_token_of_staff_enters_and_leaves_nothing(api: Api) -> None:
    path = f"/platform/partners/{api.own.tenant_id}/enter"
    async with new_browser() as browser:
        outside = await _staff(api, browser)
        for each, body in ((path, {"reason": "stolen"}), ("/platform/leave", None)):
            answer = await api.ask("POST", each, body, token=outside)
            assert (answer.status, answer.body["code"], _cookies(answer)) == (401, "cookie_needed", [])
        assert (await api.ask("POST", path, {"reason": "mine"}, token=outside, browser=browser)).status == 200
    reasons = [row["details"]["reason"] for row in await api.audit() if row["operation"] == "platform.entered"]
    assert reasons == ["mine"]


async def test_a_page_of_another_site_sends_nobody_elsewhere(api: Api) -> None:
    await _join_both(api)
    evil = {"Origin": "https://evil.example"}
    async with new_browser() as browser:
        mine = await api.sign_in(api.own.email, browser=browser)
        there = {"tenant_id": str(api.foreign.tenant_id)}
        answer = await api.ask("POST", "/auth/switch-partner", there, token=mine, browser=browser, headers=evil)
        assert (answer.status, answer.body["code"]) == (403, "origin_refused")


async def test_a_sign_in_keeps_its_family_and_its_end_wherever_it_goes(api: Api) -> None:
    await _join_both(api)
    async with new_browser() as browser:
        token = await api.sign_in(api.own.email, browser=browser)
        await _age(api, "29 days")
        for house in (api.foreign, api.own, api.foreign):
            refreshed = await api.ask("POST", "/auth/refresh", browser=browser)
            answer = await api.ask(
                "POST",
                "/auth/switch-partner",
                {"tenant_id": str(house.tenant_id)},
                token=refreshed.body["access_token"],
                browser=browser,
            )
            assert answer.status == 200
        assert (await api.ask("GET", "/auth/me", token=token)).body["code"] == "session_ended"
        first, *later = await _sessions(api)
        assert {row["family_id"] for row in later} == {first["session_id"]}
        assert {row["expires_at"] for row in later} == {first["expires_at"]}
        assert [row["ended_at"] is None for row in (first, *later)] == [False, False, False, True]
        await _age(api, "1 day")
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 401


async def test_a_token_from_before_the_move_ends_the_sign_in(api: Api) -> None:
    await _join_both(api)
    async with new_browser() as browser:
        token = await api.sign_in(api.own.email, browser=browser)
        old = {"Cookie": f"gururmm_refresh={_held(api, browser)}"}
        there = {"tenant_id": str(api.foreign.tenant_id)}
        moved = await api.ask("POST", "/auth/switch-partner", there, token=token, browser=browser)
        # A tab that was a moment late is refused and ends nothing.
        assert (await api.ask("POST", "/auth/refresh", headers=old)).status == 401
        assert (await api.ask("GET", "/auth/me", token=moved.body["access_token"])).status == 200
        await _age(api, "11 seconds")
        assert (await api.ask("POST", "/auth/refresh", headers=old)).status == 401
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 401
        assert (await api.ask("GET", "/auth/me", token=moved.body["access_token"])).status == 401
    ended = [row for row in await api.audit(api.foreign) if row["operation"] == "session.ended"]
    assert [row["details"]["reason"] for row in ended] == ["refresh_token_reused"]


async def test_an_entry_lasts_an_hour_and_the_sign_in_goes_on_after_leaving(api: Api) -> None:
    async with new_browser() as browser:
        outside = await _staff(api, browser)
        path = f"/platform/partners/{api.own.tenant_id}/enter"
        inside = (await api.ask("POST", path, {"reason": "r"}, token=outside, browser=browser)).body["access_token"]
        before, entry = await _sessions(api)
        assert (entry["expires_at"] - entry["created_at"]).total_seconds() == 3600
        left = await api.ask("POST", "/platform/leave", token=inside, browser=browser)
        assert left.status == 200
        *_, after = await _sessions(api)
        assert (after["family_id"], after["expires_at"]) == (before["session_id"], before["expires_at"])
        entered = await api.ask("POST", path, {"reason": "r"}, token=left.body["access_token"], browser=browser)
        await _age(api, "59 minutes")
        refreshed = await api.ask("POST", "/auth/refresh", browser=browser)
        assert refreshed.body["me"]["tenant_id"] == str(api.own.tenant_id)
        await _age(api, "1 minute")
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 401
        # Nor does what the entry opened go on: every api counts its session as ended.
        session_id = UUID(hex=api.identity.tokens.verify(entered.body["access_token"]).session_id.hex)
        late = Revocations(api.db, api.bus)
        await late.reload()
        assert late.revoked(session_id)
