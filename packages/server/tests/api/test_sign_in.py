"""Signing in and out: cookies, rotation, limits, revocation, other keys' tokens."""

import base64
import json
import time
from uuid import UUID

import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.identity.errors import NoPartner
from gururmm_server.core.identity.platform_admin import create_platform_admin
from gururmm_server.core.identity.revocation import Revocations
from gururmm_server.core.identity.service import load_access_token_key
from gururmm_server.core.identity.sessions import Device
from gururmm_server.core.identity.tokens import ACCESS_SECONDS, AccessTokens, RefreshTokens
from gururmm_server.infra.ids import new_id
from joserfc import jwt
from joserfc.jwk import OctKey
from yarl import URL

from packages.server.tests import world
from packages.server.tests.waiting import until

from .conftest import PASSWORD, Answer, Api, new_browser

WRONG = {"password": "wrong horse battery"}


async def test_signing_in_gives_a_token_and_a_cookie_that_scripts_cannot_read(api: Api) -> None:
    answer = await api.ask("POST", "/auth/sign-in", {"email": "ADMIN@own.example", "password": PASSWORD})
    assert answer.status == 200
    assert answer.body["expires_in"] == ACCESS_SECONDS
    me = answer.body["me"]
    assert (me["email"], me["role"], me["partner_name"]) == (api.own.email, "partner_admin", "Partner own")
    assert "audit.read" in me["permissions"]
    assert me["labels"] == {"partner": "Partner", "client": "Client", "site": "Site", "agent": "Agent"}
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/api/v1/auth"} <= set(cookie.split("; "))
    assert (await api.ask("GET", "/auth/me", token=answer.body["access_token"])).body == me
    assert [row["operation"] for row in await api.audit()][-1] == "session.started"


async def test_a_wrong_password_and_an_unknown_account_look_the_same(api: Api) -> None:
    known = await api.ask("POST", "/auth/sign-in", {"email": api.own.email} | WRONG)
    unknown = await api.ask("POST", "/auth/sign-in", {"email": "nobody@own.example"} | WRONG)
    assert known.status == unknown.status == 401
    assert known.body["code"] == unknown.body["code"] == "wrong_credentials"
    assert known.body["message"] == unknown.body["message"]

    async def refused() -> bool:
        return [row["operation"] for row in await api.audit()][-1] == "session.refused"

    await until(refused)


async def test_hostile_credentials_are_refused_like_any_other(api: Api) -> None:
    for email, password, status in (
        ("a\x00b@own.example", "x", 422),
        ("x" * 255, "x", 422),
        (api.own.email, "x" * 257, 422),
        (api.own.email, "", 422),
        (api.own.email, "nul \x00 and é and \u202e", 401),
        ("' or 1=1 --", "x", 401),
        ("%", "x", 401),
    ):
        answer = await api.ask("POST", "/auth/sign-in", {"email": email, "password": password})
        assert answer.status == status, (email, answer.body)
    for body in ({"email": api.own.email}, {"email": [1], "password": {}}, [], None):
        assert (await api.ask("POST", "/auth/sign-in", body)).status == 422, body


async def test_guessing_is_slowed_down_and_says_for_how_long(api: Api) -> None:
    for _ in range(5):
        assert (await api.ask("POST", "/auth/sign-in", {"email": "someone@own.example"} | WRONG)).status == 401
    refused = await api.ask("POST", "/auth/sign-in", {"email": "Someone@own.example"} | WRONG)
    assert (refused.status, refused.body["code"]) == (429, "too_many_attempts")
    wait = refused.body["details"]["retry_after_s"]
    assert 1 <= wait <= 60
    assert refused.headers["Retry-After"] == str(wait)
    assert refused.body["message"].startswith("Too many attempts for this account. Try again in ")
    # Another account still gets in, and success does not use anything up.
    for _ in range(7):
        await api.sign_in(api.own.email)
    for number in range(14):
        api.identity.attempts.count_visitor("127.0.0.1")
        api.identity.attempts.count_visitor(f"192.0.2.{number}")
    blocked = await api.ask("POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD})
    assert (blocked.status, "from this address" in blocked.body["message"]) == (429, True)
    # Nobody talks their way out with a header.
    lying = {"X-Forwarded-For": "203.0.113.9"}
    again = await api.ask("POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD}, headers=lying)
    assert again.status == 429


def _cookie(answer: Answer) -> str:
    text: str = answer.headers["Set-Cookie"]
    return text.partition(";")[0].removeprefix("gururmm_refresh=")


async def test_refresh_rotates_and_an_old_token_ends_the_session(api: Api) -> None:
    async with new_browser() as browser:
        signed_in = await api.ask(
            "POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD}, browser=browser
        )
        first = _cookie(signed_in)
        refreshed = await api.ask("POST", "/auth/refresh", browser=browser)
        assert refreshed.status == 200
        assert _cookie(refreshed) != first
        access = refreshed.body["access_token"]
        assert (await api.ask("GET", "/auth/me", token=access)).status == 200
        # A second tab that was a moment late gets in, and keeps the cookie that the first one was given.
        late = await api.ask("POST", "/auth/refresh", headers={"Cookie": f"gururmm_refresh={first}"})
        assert (late.status, "Set-Cookie" in late.headers) == (200, False)
        async with api.db.identity() as tx:
            await tx.execute("update core.user_sessions set rotated_at = now() - interval '11 seconds'")
        stolen = await api.ask("POST", "/auth/refresh", headers={"Cookie": f"gururmm_refresh={first}"})
        assert (stolen.status, stolen.body["code"]) == (401, "session_ended")
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 401
        # The access token died with its session, minutes before it would have expired.
        assert (await api.ask("GET", "/auth/me", token=access)).body["code"] == "session_ended"
        ended = [row for row in await api.audit() if row["operation"] == "session.ended"]
        assert [(row["actor"], row["details"]["reason"]) for row in ended] == [(api.own.email, "refresh_token_reused")]


async def test_a_token_from_generations_ago_ends_the_session_too(api: Api) -> None:
    async with new_browser() as browser:
        signed_in = await api.ask(
            "POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD}, browser=browser
        )
        first = _cookie(signed_in)
        for _ in range(3):
            assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 200
        assert (await api.ask("POST", "/auth/refresh", headers={"Cookie": f"gururmm_refresh={first}"})).status == 401
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 401


async def test_a_guessed_secret_ends_nobodys_session(api: Api) -> None:
    async with new_browser() as browser:
        signed_in = await api.ask(
            "POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD}, browser=browser
        )
        first = _cookie(signed_in)
        session_id = first[:32]
        for guess in (
            session_id,
            session_id + "a" * 43,
            session_id + "a" * 75,
            first[:-1],
            first[:-1] + ("0" if first[-1] != "0" else "1"),
            first[:40] + "x" + first[41:] if first[40] != "x" else first[:40] + "y" + first[41:],
            session_id.upper() + first[32:] if session_id.upper() != session_id else session_id,
            session_id + "é" * 40,
            RefreshTokens(b"another key of 32 bytes, really!").issue(UUID(session_id)),
        ):
            refused = await api.ask("POST", "/auth/refresh", headers={"Cookie": f"gururmm_refresh={guess}"})
            assert (refused.status, refused.body["code"]) == (401, "session_ended"), guess
        # The session goes on, for its access token and for its cookie.
        assert (await api.ask("GET", "/auth/me", token=signed_in.body["access_token"])).status == 200
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 200
    assert "session.ended" not in [row["operation"] for row in await api.audit()]


@pytest.mark.parametrize("cookie", ["", "x", "0" * 32, "é" * 40, "0193f2a0000070008000000000000001" + "a" * 43])
async def test_a_cookie_that_means_nothing_is_refused(api: Api, cookie: str) -> None:
    answer = await api.ask("POST", "/auth/refresh", headers={"Cookie": f"gururmm_refresh={cookie}"})
    assert answer.status == 401
    assert (await api.ask("POST", "/auth/sign-out", headers={"Cookie": f"gururmm_refresh={cookie}"})).status == 204


async def test_signing_out_here_and_everywhere(api: Api) -> None:
    async with new_browser() as here, new_browser() as there:
        first = await api.sign_in(api.own.email, browser=here)
        second = await api.sign_in(api.own.email, browser=there)
        sessions = (await api.ask("GET", "/auth/sessions", token=first)).body["items"]
        assert sorted(session["current"] for session in sessions) == [False, True]
        assert (await api.ask("POST", "/auth/sign-out", browser=here)).status == 204
        assert (await api.ask("GET", "/auth/me", token=first)).status == 401
        assert (await api.ask("POST", "/auth/refresh", browser=here)).status == 401
        third = await api.sign_in(api.own.email, browser=here)
        assert (await api.ask("POST", "/auth/sign-out-everywhere", token=second)).status == 204
        for token in (second, third):
            assert (await api.ask("GET", "/auth/me", token=token)).body["code"] == "session_ended"
        assert (await api.ask("POST", "/auth/refresh", browser=here)).status == 401
    operations = [row["operation"] for row in await api.audit()]
    assert operations[-1] == "sessions.ended_everywhere"
    assert "session.ended" in operations


async def test_a_list_of_sign_ins_has_all_of_them_and_each_can_be_ended(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    session_ids, user_id = [new_id() for _ in range(120)], api.own.ids["user_id"]
    async with api.db.identity() as tx:
        await tx.executemany(
            "insert into core.user_sessions (session_id, user_id, tenant_id, refresh_hash, expires_at, rotated_at,"
            " address) values ($1, $2, $3, $4, now() + interval '1 day', now() - make_interval(mins => $5), $6)",
            [
                (
                    session_id,
                    user_id,
                    api.own.tenant_id,
                    session_id.bytes,
                    1 + number,
                    f"10.0.0.{number}",
                )
                for number, session_id in enumerate(session_ids)
            ],
        )
    found, cursor = list[str](), ""
    while True:
        page = (await api.ask("GET", f"/auth/sessions?limit=50&cursor={cursor}", token=mine)).body
        assert page["total"] == 121
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert found[1:] == [str(session_id) for session_id in session_ids]
    assert (await api.ask("POST", f"/auth/sessions/{session_ids[-1]}/end", token=mine)).status == 204
    rest = (await api.ask("GET", "/auth/sessions?search=10.0.0.119", token=mine)).body
    assert (rest["items"], rest["total"]) == ([], 0)
    theirs = api.token(house=api.foreign)
    assert (await api.ask("POST", f"/auth/sessions/{session_ids[0]}/end", token=theirs)).status == 404


async def test_an_ended_session_is_known_to_every_api_process(api: Api) -> None:
    other = Revocations(api.db, api.bus)
    await other.open()
    mine = await api.sign_in(api.own.email)
    session_id = api.identity.tokens.verify(mine).session_id
    assert not other.revoked(session_id)
    await api.ask("POST", f"/auth/sessions/{session_id}/end", token=mine)
    await until(lambda: other.revoked(session_id))
    await other.close()
    # A process that starts afterwards, or that the bus did not reach, reads it.
    late = Revocations(api.db, api.bus)
    await late.reload()
    assert late.revoked(session_id)


async def test_a_foreign_page_cannot_use_the_cookie(api: Api) -> None:
    async with new_browser() as browser:
        await api.sign_in(api.own.email, browser=browser)
        evil = {"Origin": "https://evil.example"}
        answer = await api.ask("POST", "/auth/refresh", browser=browser, headers=evil)
        assert (answer.status, answer.body["code"]) == (403, "origin_refused")
        for good in ("http://rmm.example.org", api.base):
            assert (await api.ask("POST", "/auth/refresh", browser=browser, headers={"Origin": good})).status == 200


def _unsigned(claims: dict[str, object], algorithm: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


async def test_only_our_own_fresh_tokens_are_believed(api: Api) -> None:
    good = api.token()
    key = OctKey.import_key(await load_access_token_key(api.db))
    claims = jwt.decode(good, key, algorithms=["HS256"]).claims
    principal = api.identity.tokens.verify(good)
    hs512 = jwt.encode({"alg": "HS512"}, claims, key, algorithms=["HS512"])
    wrong_type = jwt.encode({"alg": "HS256"}, claims | {"tid": 7}, key, algorithms=["HS256"])
    no_expiry = jwt.encode(
        {"alg": "HS256"}, {name: value for name, value in claims.items() if name != "exp"}, key, algorithms=["HS256"]
    )
    refused = [
        AccessTokens(b"another key of 32 bytes, really!", world.PERMISSIONS).issue(principal),
        _unsigned(claims, "none"),
        _unsigned(claims, "NONE"),
        hs512,
        wrong_type,
        no_expiry,
        good[:-3],
        good.replace(".", "", 1),
        good + "x" * 3000,
        "",
        "é",
        "..",
    ]
    for token in refused:
        answer = await api.ask("GET", "/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status, answer.body["code"]) == (401, "not_signed_in"), token[:80]
    expired = api.identity.tokens.issue(principal, now=time.time() - ACCESS_SECONDS - 1)
    answer = await api.ask("GET", "/auth/me", token=expired)
    assert (answer.status, answer.body["code"]) == (401, "token_expired")
    answer = await api.ask("GET", "/auth/me", headers={"Authorization": f"Basic {good}"})
    assert answer.status == 401
    assert (await api.ask("GET", "/auth/me", token=good)).status == 200


def test_a_key_that_is_not_ours_cannot_even_be_confused() -> None:
    tokens = AccessTokens(b"k" * 32, world.PERMISSIONS)
    principal = world.person(new_id(), Role.PARTNER_TECH)
    assert tokens.verify(tokens.issue(principal)) == principal
    assert isinstance(OctKey.import_key(b"k" * 32).raw_value, bytes)


async def test_a_platform_admin_comes_by_link_and_enters_a_partner_with_a_reason(api: Api) -> None:
    link = await create_platform_admin(api.db, "Root@GuruRMM.example", "Root", "http://rmm.example.org")
    token = link.removeprefix("http://rmm.example.org/welcome/")
    shown = (await api.ask("GET", f"/auth/invitation/{token}")).body
    assert (shown["email"], shown["role"], shown["partner_name"]) == ("root@gururmm.example", "platform_admin", None)
    weak = await api.ask("POST", f"/auth/invitation/{token}", {"password": "short"})
    assert (weak.status, weak.body["code"]) == (422, "weak_password")
    async with new_browser() as browser:
        accepted = await api.ask("POST", f"/auth/invitation/{token}", {"password": PASSWORD}, browser=browser)
        assert accepted.status == 200, accepted.body
        again = await api.ask("POST", f"/auth/invitation/{token}", {"password": PASSWORD})
        assert (again.status, again.body["code"]) == (404, "invitation_gone")
        outside = accepted.body["access_token"]
        assert accepted.body["me"]["tenant_id"] is None
        assert (await api.ask("GET", "/agents", token=outside)).status == 403
        partners = (await api.ask("GET", "/platform/partners?search=partner%20own", token=outside)).body
        assert [(item["name"], item["agents"], item["clients"]) for item in partners["items"]] == [
            ("Partner own", 1, 1)
        ]
        path = f"/platform/partners/{api.own.tenant_id}/enter"
        assert (await api.ask("POST", path, {"reason": " "}, token=outside)).status == 422
        entered = await api.ask("POST", path, {"reason": "ticket 4711"}, token=outside, browser=browser)
        assert entered.status == 200
        inside = entered.body["access_token"]
        assert entered.body["me"]["partner_name"] == "Partner own"
        assert (await api.ask("GET", "/clients", token=inside)).body["total"] == 1
        assert (await api.ask("GET", "/auth/me", token=outside)).body["code"] == "session_ended"
        # A reload of the page keeps the place.
        refreshed = await api.ask("POST", "/auth/refresh", browser=browser)
        assert refreshed.body["me"]["tenant_id"] == str(api.own.tenant_id)
        left = await api.ask("POST", "/platform/leave", token=refreshed.body["access_token"], browser=browser)
        assert left.body["me"]["tenant_id"] is None
    rows = [row for row in await api.audit() if row["operation"].startswith("platform.")]
    assert [(row["operation"], row["actor"]) for row in rows] == [
        ("platform.entered", "root@gururmm.example"),
        ("platform.left", "root@gururmm.example"),
    ]
    assert rows[0]["details"] == {"reason": "ticket 4711"}
    async with api.db.platform("test", "look") as tx:
        reasons = [row["reason"] for row in await tx.fetch("select reason from core.platform_access order by at")]
    assert any("ticket 4711" in reason for reason in reasons)


async def test_a_membership_never_carries_platform_power_into_a_partner(api: Api) -> None:
    link = await create_platform_admin(api.db, "root@gururmm.example", "Root", "http://rmm.example.org")
    await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": PASSWORD})
    tech = {"email": "root@gururmm.example", "role": "partner_tech"}
    invited = (await api.ask("POST", "/users", tech, token=api.token())).body
    path = f"/users/{invited['id']}"
    async with new_browser() as browser:
        link = invited["invitation_url"].rpartition("/")[2]
        accepted = await api.ask("POST", f"/auth/invitation/{link}", {"password": PASSWORD}, browser=browser)
        refreshed = await api.ask("POST", "/auth/refresh", browser=browser)
        outside = await api.sign_in("root@gururmm.example", browser=browser)
        here = {"tenant_id": str(api.own.tenant_id)}
        switched = await api.ask("POST", "/auth/switch-partner", here, token=outside, browser=browser)
        for answer in (accepted, refreshed, switched):
            me = answer.body["me"]
            assert (me["role"], me["tenant_id"]) == ("partner_tech", here["tenant_id"])
            assert "partners.write" not in me["permissions"]
        inside = switched.body["access_token"]
        assert (await api.ask("GET", "/platform/partners", token=inside)).status == 403
        # The membership ends, and its sessions with it: they never turn into those of Platform staff.
        assert (await api.ask("DELETE", path, token=api.token())).status == 204
        assert (await api.ask("GET", "/clients", token=inside)).status == 401
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 401
        # Without a membership there is one way in.
        outside = await api.sign_in("root@gururmm.example", browser=browser)
        assert (await api.ask("POST", "/auth/switch-partner", here, token=outside)).status == 404
        cookie = browser.cookie_jar.filter_cookies(URL(f"{api.base}/api/v1/auth"))["gururmm_refresh"].value
        staff = api.identity.tokens.verify(outside)
        with pytest.raises(NoPartner):
            await api.identity.keeper.replace(staff, api.own.tenant_id, Device("", ""), cookie)


async def test_a_platform_admin_makes_a_partner_whose_admin_comes_by_link(api: Api) -> None:
    root = api.token(None)
    made = await api.ask(
        "POST", "/platform/partners", {"name": "New MSP", "admin_email": "boss@msp.example"}, token=root
    )
    assert made.status == 201
    link = made.body["invitation_url"].rpartition("/")[2]
    accepted = await api.ask("POST", f"/auth/invitation/{link}", {"password": PASSWORD, "name": "The Boss"})
    me = accepted.body["me"]
    assert (me["name"], me["role"], me["partner_name"]) == ("The Boss", "partner_admin", "New MSP")
    tenant_id = UUID(made.body["id"])
    async with api.db.worker() as tx:
        names = [row["name"] for row in await tx.fetch("select name from core.outbox where tenant_id = $1", tenant_id)]
    assert names == ["tenant.created"]
