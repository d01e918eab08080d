"""A second factor by an authenticator app: set up, asked for, never taken twice, and no means to keep others out."""

import asyncio
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.factors import totp
from gururmm_server.core.factors.recovery import code_hash, new_codes
from gururmm_server.core.identity.attempts import PER_CODE
from gururmm_server.core.identity.jobs import purge
from gururmm_server.core.identity.platform_admin import create_platform_admin, reset_factors
from gururmm_server.core.identity.second_step import MOST_TRIES
from gururmm_server.infra.errors import InvalidInput
from gururmm_server.infra.ids import new_id

from .conftest import PASSWORD, URL, Api, new_browser
from .second_factors import code_of, confirm, first_step, second_step, set_up

NOTHING = {"totp": False, "passkeys": [], "passkeys_possible": False, "recovery_codes": 0}
OTHER_PASSWORD = "another horse battery"


@pytest.fixture
def trusted_proxies() -> tuple[str, ...]:
    """The test is a proxy, so that it can come from many addresses."""
    return ("127.0.0.1",)


def wrong_code(secret: str) -> str:
    """Returns six digits that are no code of an app, now or around now."""
    good = {code_of(secret, periods) for periods in range(-3, 4)}
    return next(code for number in range(10) if (code := f"{number:06}") not in good)


async def operations(api: Api) -> list[str]:
    return [row["operation"] for row in await api.audit()]


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    """The vectors of RFC 6238, appendix B, in six digits."""
    assert totp.matching_counter(b"12345678901234567890", code, moment) == moment // 30
    assert totp.matching_counter(b"12345678901234567890", f" {code[:3]} {code[3:]} ", moment) == moment // 30
    assert totp.matching_counter(b"12345678901234567890", code, moment + 30) == moment // 30
    assert totp.matching_counter(b"12345678901234567890", code, moment + 90) is None
    assert totp.matching_counter(b"another secret of 20", code, moment) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "٣٣٣٣٣٣", "１２３４５６", "abcdef", "12 34 5", "\ud800"])
def test_what_is_no_code_fits_nothing(typed: str) -> None:
    assert not totp.looks_like_code(typed)
    assert totp.matching_counter(b"12345678901234567890", typed, 59) is None


def test_a_recovery_code_is_the_same_however_it_is_typed() -> None:
    user_id = new_id()
    codes = new_codes()
    assert len(set(codes)) == 10
    for code in codes:
        kept = code_hash(user_id, code)
        assert kept is not None
        typed = (code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} ", code.replace("O", "0"))
        assert {code_hash(user_id, each) for each in typed} == {kept}
        assert code_hash(new_id(), code) != kept
        assert code_hash(user_id, code[:-1]) is None


async def test_an_app_is_set_up_and_then_asked_for(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    assert (await api.ask("GET", "/auth/factors", token=mine)).body == NOTHING
    begun = (await api.ask("POST", "/auth/factors/totp", token=mine)).body
    told = urlsplit(begun["uri"])
    assert (told.scheme, told.netloc, told.path) == ("otpauth", "totp", "/GuruRMM:admin%40own.example")
    assert parse_qs(told.query)["secret"] == [begun["secret"]]
    # It counts once a code came, and not before.
    assert isinstance(await api.sign_in(api.own.email), str)
    refused = await confirm(api, mine, wrong_code(begun["secret"]))
    assert (refused.status, refused.body["code"], refused.body["details"][0]["field"]) == (422, "wrong_code", "code")
    again = (await api.ask("POST", "/auth/factors/totp", token=mine)).body
    assert again["secret"] != begun["secret"]
    assert (await confirm(api, mine, code_of(begun["secret"]))).status == 422
    codes = (await confirm(api, mine, code_of(again["secret"]))).body["recovery_codes"]
    assert len(set(codes)) == 10
    assert (await api.ask("GET", "/auth/factors", token=mine)).body == NOTHING | {"totp": True, "recovery_codes": 10}
    # Nobody gets a second one, nor sees the first one again.
    for path, body in (("/auth/factors/totp", None), ("/auth/factors/totp/confirm", {"code": "123456"})):
        assert (await api.ask("POST", path, body, token=mine)).body["code"] == "already_set_up"
    async with new_browser() as browser:
        step = await first_step(api, api.own.email, browser=browser)
        assert not [cookie for cookie in browser.cookie_jar if cookie.key == "gururmm_refresh"]
        answer = await second_step(api, step, code_of(again["secret"], 1), browser=browser)
        assert answer.status == 200, answer.body
        assert answer.body["me"]["email"] == api.own.email
        assert (await api.ask("POST", "/auth/refresh", browser=browser)).status == 200
    rows = await api.audit()
    added = [row for row in rows if row["operation"] == "factor.added"]
    assert [(row["actor"], row["details"]) for row in added] == [(api.own.email, {"factor": "totp"})]
    assert rows[-1]["details"]["by"] == "password, totp"


async def test_a_code_is_taken_once_and_none_of_before(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    secret = (await api.ask("POST", "/auth/factors/totp", token=mine)).body["secret"]
    first = code_of(secret)
    assert (await confirm(api, mine, first)).status == 200
    # That of the set-up is used up.
    assert (await second_step(api, await first_step(api, api.own.email), first)).status == 422
    code = code_of(secret, 1)
    assert (await second_step(api, await first_step(api, api.own.email), code)).status == 200
    for replayed in (code, first):
        answer = await second_step(api, await first_step(api, api.own.email), replayed)
        assert (answer.status, answer.body["code"]) == (422, "wrong_code")


async def test_of_two_who_come_with_one_code_at_once_one_gets_in(api: Api) -> None:
    secret, codes = await set_up(api, await api.sign_in(api.own.email))
    for code in (code_of(secret), codes[0]):
        steps = [await first_step(api, api.own.email) for _ in range(4)]
        answers = await asyncio.gather(*(second_step(api, step, code) for step in steps))
        assert Counter(answer.status for answer in answers) == {200: 1, 422: 3}


async def test_a_step_is_for_one_sign_in_and_a_few_tries(api: Api, owner_url: str) -> None:
    secret, _ = await set_up(api, await api.sign_in(api.own.email))
    step = await first_step(api, api.own.email)
    assert (await second_step(api, step, code_of(secret))).status == 200
    for token in (step, "", "x" * 43, step + "x"):
        gone = await second_step(api, token, code_of(secret, 1))
        assert (gone.status, gone.body["code"]) == (401, "step_gone"), token
    step = await first_step(api, api.own.email)
    for _ in range(MOST_TRIES):
        assert (await second_step(api, step, wrong_code(secret))).status == 422
    assert (await second_step(api, step, code_of(secret, 1))).body["code"] == "step_gone"
    late = await first_step(api, api.own.email)
    owner = await asyncpg.connect(owner_url)
    await owner.execute("update core.sign_in_steps set expires_at = now() - interval '1 second'")
    await owner.close()
    assert (await second_step(api, late, code_of(secret, 1))).body["code"] == "step_gone"


async def test_a_recovery_code_stands_in_once_and_new_ones_void_the_old(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    _, codes = await set_up(api, mine)
    assert (await second_step(api, await first_step(api, api.own.email), codes[3].lower())).status == 200
    assert (await second_step(api, await first_step(api, api.own.email), codes[3])).status == 422
    assert (await api.ask("GET", "/auth/factors", token=mine)).body["recovery_codes"] == 9
    made = (await api.ask("POST", "/auth/factors/recovery-codes", token=mine)).body["recovery_codes"]
    assert len(made) == 10
    assert (await second_step(api, await first_step(api, api.own.email), codes[4])).status == 422
    assert (await second_step(api, await first_step(api, api.own.email), made[0])).status == 200
    assert (await operations(api)).count("recovery_codes.made") == 1


async def test_turned_off_it_is_asked_for_no_more(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    _, codes = await set_up(api, mine)
    assert (await api.ask("DELETE", "/auth/factors/totp", token=mine)).status == 204
    assert (await api.ask("DELETE", "/auth/factors/totp", token=mine)).body["code"] == "not_set_up"
    assert (await api.ask("GET", "/auth/factors", token=mine)).body == NOTHING
    assert (await api.ask("POST", "/auth/factors/recovery-codes", token=mine)).body["code"] == "not_set_up"
    await api.sign_in(api.own.email)
    assert "factor.removed" in await operations(api)
    # What stood in for it is gone with it, also for the next app.
    _, fresh = await set_up(api, mine)
    assert not set(codes) & set(fresh)
    assert (await second_step(api, await first_step(api, api.own.email), codes[0])).status == 422


async def test_a_changed_password_voids_a_sign_in_that_waits(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    secret, _ = await set_up(api, mine)
    step = await first_step(api, api.own.email)
    change = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert (await api.ask("POST", "/auth/password", change, token=mine)).status == 204
    assert (await second_step(api, step, code_of(secret))).body["code"] == "step_gone"


async def test_who_is_stopped_meanwhile_does_not_get_in(api: Api) -> None:
    secret, _ = await set_up(api, await api.sign_in(api.own.email))
    step, user_id = await first_step(api, api.own.email), api.own.ids["user_id"]
    async with api.db.identity() as tx:
        await tx.execute("update core.tenant_users set disabled_at = now() where user_id = $1", user_id)
    assert (await second_step(api, step, code_of(secret))).body["code"] == "no_partner"
    async with api.db.identity() as tx:
        await tx.execute("update core.tenant_users set disabled_at = null where user_id = $1", user_id)
    step = await first_step(api, api.own.email)
    async with api.db.identity() as tx:
        await tx.execute("update core.users set disabled_at = now() where user_id = $1", user_id)
    assert (await second_step(api, step, code_of(secret, 1))).body["code"] == "step_gone"


async def test_no_link_stands_in_for_a_second_factor(api: Api) -> None:
    """Neither an invitation of another Partner, nor a reset of the password, lets somebody in by a link alone."""
    invited = (
        await api.ask("POST", "/users", {"email": "tess@own.example", "role": "partner_tech"}, token=api.token())
    ).body
    link = invited["invitation_url"].rpartition("/")[2]
    first = (await api.ask("POST", f"/auth/invitation/{link}", {"password": PASSWORD})).body
    secret, _ = await set_up(api, first["access_token"])
    renewed = (await api.ask("POST", f"/users/{invited['id']}/invitation", token=api.token())).body
    link = renewed["invitation_url"].rpartition("/")[2]
    answer = await api.ask("POST", f"/auth/invitation/{link}", {"password": OTHER_PASSWORD})
    assert set(answer.body) == {"step_token", "methods", "passkey"}
    assert (await second_step(api, answer.body["step_token"], code_of(secret))).status == 200
    elsewhere = await api.ask(
        "POST",
        "/users",
        {"email": "tess@own.example", "role": "partner_tech"},
        token=api.token(house=api.foreign),
    )
    link = elsewhere.body["invitation_url"].rpartition("/")[2]
    answer = await api.ask("POST", f"/auth/invitation/{link}", {"password": OTHER_PASSWORD})
    assert set(answer.body) == {"step_token", "methods", "passkey"}
    inside = await second_step(api, answer.body["step_token"], code_of(secret, 1))
    assert inside.body["me"]["tenant_id"] == str(api.foreign.tenant_id)


async def test_an_admin_resets_what_somebody_lost_and_their_sign_ins_end(api: Api) -> None:
    invited = (
        await api.ask("POST", "/users", {"email": "tess@own.example", "role": "partner_tech"}, token=api.token())
    ).body
    link = invited["invitation_url"].rpartition("/")[2]
    theirs = (await api.ask("POST", f"/auth/invitation/{link}", {"password": PASSWORD})).body["access_token"]
    _, codes = await set_up(api, theirs)
    path = f"/users/{invited['id']}/factors/reset"

    async def listed() -> dict[str, bool]:
        users = (await api.ask("GET", "/users", token=api.token())).body["items"]
        return {user["email"]: user["second_factor"] for user in users}

    assert await listed() == {api.own.email: False, "tess@own.example": True}
    waiting = await first_step(api, "tess@own.example")
    for token, status in ((api.token(Role.PARTNER_TECH), 403), (api.token(house=api.foreign), 404)):
        assert (await api.ask("POST", path, token=token)).status == status
    assert (await api.ask("POST", path, token=api.token())).status == 204
    assert (await api.ask("GET", "/auth/me", token=theirs)).body["code"] == "session_ended"
    assert (await second_step(api, waiting, codes[0])).body["code"] == "step_gone"
    assert await listed() == {api.own.email: False, "tess@own.example": False}
    await api.sign_in("tess@own.example")
    reset = [row for row in await api.audit() if row["operation"] == "factor.reset"]
    assert [(row["actor"], row["details"]["email"]) for row in reset] == [(api.own.email, "tess@own.example")]
    # Of who works for another Partner, too, no Partner's admin takes a factor away.
    other = {"email": "tess@own.example", "role": "partner_tech"}
    link = (await api.ask("POST", "/users", other, token=api.token(house=api.foreign))).body["invitation_url"]
    await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": PASSWORD})
    assert (await api.ask("POST", path, token=api.token())).body["code"] == "owned_by_person"


async def test_platform_staff_is_asked_too_and_the_operator_helps_who_lost_it(api: Api) -> None:
    link = await create_platform_admin(api.db, "root@gururmm.example", "Root", URL)
    accepted = await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": PASSWORD})
    secret, _ = await set_up(api, accepted.body["access_token"])
    inside = await second_step(api, await first_step(api, "root@gururmm.example"), code_of(secret))
    assert inside.body["me"]["role"] == "platform_admin"
    async with api.db.platform("test", "look") as tx:
        reasons = [row["reason"] for row in await tx.fetch("select reason from core.platform_access order by at")]
    assert "factor.added totp" in reasons
    assert any(reason.endswith("by password, totp") for reason in reasons)
    link = await create_platform_admin(api.db, "root@gururmm.example", "Root", URL)
    again = await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": OTHER_PASSWORD})
    assert again.body["me"]["role"] == "platform_admin"


async def test_the_operator_takes_the_factor_of_anybody_away(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    await set_up(api, mine)
    with pytest.raises(InvalidInput, match=r"nobody here has the address nobody@own\.example"):
        await reset_factors(api.db, "nobody@own.example")
    await reset_factors(api.db, api.own.email.upper())
    await api.identity.revocations.reload()
    assert (await api.ask("GET", "/auth/me", token=mine)).body["code"] == "session_ended"
    await api.sign_in(api.own.email)
    async with api.db.platform("test", "look") as tx:
        rows = await tx.fetch("select actor, reason from core.platform_access")
    assert ("gururmm admin reset-factor", f"take the second factor of {api.own.email.upper()} away") in {
        (row["actor"], row["reason"]) for row in rows
    }


async def test_codes_are_bounded_and_keep_nobody_out(api: Api) -> None:
    """Whoever knows the password guesses a few codes an hour, from however many addresses; its person still gets in."""
    async with new_browser() as known:
        mine = await api.sign_in(api.own.email, browser=known)
        secret, codes = await set_up(api, mine)
        statuses = []
        for number in range(PER_CODE + 2):
            strangers = {"X-Forwarded-For": f"10.5.0.{number}"}
            step = await first_step(api, api.own.email, headers=strangers)
            statuses.append((await second_step(api, step, wrong_code(secret), headers=strangers)).status)
        assert statuses == [422] * PER_CODE + [429] * 2
        # At a new browser a recovery code gets in still: it cannot be guessed, so it is not counted.
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        step = await first_step(api, api.own.email, headers=elsewhere)
        assert (await second_step(api, step, code_of(secret), headers=elsewhere)).status == 429
        step = await first_step(api, api.own.email, headers=elsewhere)
        assert (await second_step(api, step, codes[0], headers=elsewhere)).status == 200
        # The browser that this person signed in by before has tries of its own.
        await api.ask("POST", "/auth/sign-out", browser=known)
        step = await first_step(api, api.own.email, browser=known)
        assert (await second_step(api, step, code_of(secret), browser=known)).status == 200


async def test_wrong_passwords_of_strangers_do_not_close_an_account_to_its_person(api: Api) -> None:
    async with new_browser() as known, new_browser() as others:
        await api.sign_in(api.own.email, browser=known)
        await api.ask("POST", "/auth/sign-out", browser=known)
        for number in range(6):
            body = {"email": api.own.email, "password": "wrong horse battery"}
            headers = {"X-Forwarded-For": f"10.6.0.{number}"}
            last = await api.ask("POST", "/auth/sign-in", body, headers=headers)
        assert last.status == 429
        right = {"email": api.own.email, "password": PASSWORD}
        assert (await api.ask("POST", "/auth/sign-in", right, browser=others)).status == 429
        await api.sign_in(api.own.email, browser=known)
        # Its own tries are bounded as well.
        wrong = {"email": api.own.email, "password": "wrong horse battery"}
        tries = [(await api.ask("POST", "/auth/sign-in", wrong, browser=known)).status for _ in range(6)]
        assert tries == [401] * 5 + [429]


async def test_the_cookie_of_one_person_is_worth_nothing_for_another(api: Api) -> None:
    token = api.identity.browsers.issue(new_id())
    user_id = api.own.ids["user_id"]
    mine = api.identity.browsers.issue(user_id)
    assert api.identity.browsers.name(mine, user_id) is not None
    for forged in (token, mine[:-1], mine[1:], mine[:32] + "0" * 32, "", "é" * 64, "\ud800"):
        assert api.identity.browsers.name(forged, user_id) is None


async def test_the_secret_lies_sealed_and_for_its_person_alone(api: Api, owner_url: str) -> None:
    mine = await api.sign_in(api.own.email)
    secret, codes = await set_up(api, mine)
    owner = await asyncpg.connect(owner_url)
    rows = str([dict(row) for row in await owner.fetch("select * from core.totp_factors")])
    rows += str([dict(row) for row in await owner.fetch("select * from core.recovery_codes")])
    rows += str([dict(row) for row in await owner.fetch("select * from core.audit_log")])
    assert secret not in rows
    assert not [code for code in codes if code in rows or code.replace("-", "") in rows]
    # Put under another person's name, it opens nothing.
    other = new_id()
    await owner.execute("insert into core.users (user_id, email) values ($1, 'other@own.example')", other)
    await owner.execute("update core.totp_factors set user_id = $1", other)
    await owner.execute(
        "update core.users set password_hash = (select password_hash from core.users where email = $1)"
        " where user_id = $2",
        api.own.email,
        other,
    )
    await owner.execute(
        "insert into core.tenant_users (tenant_id, user_id, role, accepted_at) values ($1, $2, 'partner_tech', now())",
        api.own.tenant_id,
        other,
    )
    await owner.close()
    answer = await second_step(api, await first_step(api, "other@own.example"), code_of(secret))
    assert (answer.status, answer.body["code"]) == (500, "internal_error")


async def test_a_wrong_code_is_in_the_partners_audit(api: Api) -> None:
    secret, _ = await set_up(api, await api.sign_in(api.own.email))
    await second_step(api, await first_step(api, api.own.email), wrong_code(secret))
    refused = [row["details"] for row in await api.audit() if row["operation"] == "session.refused"]
    assert [(row["email"], row["wrong"]) for row in refused] == [(api.own.email, "second factor")]


async def test_steps_that_nobody_finished_are_purged(api: Api, owner_url: str) -> None:
    await set_up(api, await api.sign_in(api.own.email))
    await first_step(api, api.own.email)
    owner = await asyncpg.connect(owner_url)
    await owner.execute("update core.sign_in_steps set expires_at = now() - interval '2 minutes'")
    await purge(api.db)
    assert await owner.fetchval("select count(*) from core.sign_in_steps") == 0
    await owner.close()
