"""A Partner that asks a second factor of everybody: who has none sets one up, and does nothing else before."""

from gururmm_server.core.access.permissions import Role

from .conftest import PASSWORD, Api, new_browser
from .second_factors import code_of, first_step, second_step, set_up


async def ask_for_it(api: Api, *, asked: bool = True) -> None:
    answer = await api.ask("PATCH", "/sign-in-rules", {"second_factor": asked}, token=api.token())
    assert (answer.status, answer.body["second_factor"]) == (200, asked)


async def test_who_has_none_is_led_to_one(api: Api) -> None:
    assert (await api.ask("GET", "/sign-in-rules", token=api.token())).body == {
        "second_factor": False,
        "people_without": 1,
    }
    await ask_for_it(api)
    async with new_browser() as browser:
        right = {"email": api.own.email, "password": PASSWORD}
        answer = (await api.ask("POST", "/auth/sign-in", right, browser=browser)).body
        assert (answer["me"]["needs_factor"], answer["me"]["permissions"]) == (True, [])
        mine = answer["access_token"]
        for method, path in (("GET", "/agents"), ("GET", "/tree"), ("POST", "/live/ticket"), ("GET", "/auth/sessions")):
            refused = await api.ask(method, path, token=mine)
            assert (refused.status, refused.body["code"]) == (403, "factor_needed"), path
        assert (await api.ask("GET", "/auth/me", token=mine)).body["needs_factor"] is True
        secret, codes = await set_up(api, mine)
        assert len(codes) == 10
        # The token of before says still what it said; the next one is whole.
        assert (await api.ask("GET", "/agents", token=mine)).status == 403
        renewed = (await api.ask("POST", "/auth/refresh", browser=browser)).body
        assert renewed["me"]["needs_factor"] is False
        assert (await api.ask("GET", "/agents", token=renewed["access_token"])).status == 200
    inside = await second_step(api, await first_step(api, api.own.email), code_of(secret))
    assert inside.body["me"]["needs_factor"] is False
    assert (await api.ask("GET", "/sign-in-rules", token=api.token())).body["people_without"] == 0


async def test_who_is_signed_in_already_hears_of_it_when_their_token_is_renewed(api: Api) -> None:
    async with new_browser() as browser:
        await api.sign_in(api.own.email, browser=browser)
        await ask_for_it(api)
        renewed = (await api.ask("POST", "/auth/refresh", browser=browser)).body
        assert renewed["me"]["needs_factor"] is True
        assert (await api.ask("GET", "/agents", token=renewed["access_token"])).body["code"] == "factor_needed"
        # Proving again who they are gives nothing more.
        proved = await api.ask("POST", "/auth/step-up", {"password": PASSWORD}, token=renewed["access_token"])
        assert proved.body["me"]["needs_factor"] is True
        await ask_for_it(api, asked=False)
        renewed = (await api.ask("POST", "/auth/refresh", browser=browser)).body
        assert renewed["me"]["needs_factor"] is False


async def test_it_is_that_partners_alone_and_in_its_audit(api: Api) -> None:
    await ask_for_it(api)
    theirs = await api.ask("GET", "/sign-in-rules", token=api.token(house=api.foreign))
    assert theirs.body["second_factor"] is False
    rows = [row for row in await api.audit() if row["operation"] == "sign_in_rules.changed"]
    assert [(row["actor"], row["details"]) for row in rows] == [(api.own.email, {"second_factor": True})]
    # Somebody who works for both goes on where nothing is asked, and is led to it where it is.
    tech = {"email": "shared@own.example", "role": "partner_tech"}
    for house in (api.own, api.foreign):
        link = (await api.ask("POST", "/users", tech, token=api.token(house=house))).body["invitation_url"]
        accepted = await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": PASSWORD})
        assert accepted.body["me"]["needs_factor"] is (house is api.own)


async def test_only_an_admin_changes_it(api: Api) -> None:
    for role in (Role.PARTNER_TECH, Role.CLIENT_CONTACT):
        refused = await api.ask("PATCH", "/sign-in-rules", {"second_factor": True}, token=api.token(role))
        assert refused.body["code"] == "forbidden"
