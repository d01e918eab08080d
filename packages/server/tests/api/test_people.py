"""Inviting, changing and removing people; and what an invitation can never be used for."""

from typing import Any
from uuid import UUID

from gururmm_server.core.identity.platform_admin import create_platform_admin

from packages.server.tests import world

from .conftest import PASSWORD, Api, House

OTHER_PASSWORD = "a quite different one"


async def invite(api: Api, email: str, role: str = "partner_tech", *, foreign: bool = False, **more: Any) -> Any:
    house = api.foreign if foreign else api.own
    answer = await api.ask("POST", "/users", {"email": email, "role": role} | more, token=api.token(house=house))
    assert answer.status == 201, answer.body
    return answer.body


async def accept(api: Api, link: str, password: str = PASSWORD, **more: Any) -> Any:
    return await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": password} | more)


async def names(api: Api, query: str, house: House) -> list[str]:
    answer = await api.ask("GET", f"/users?{query}", token=api.token(house=house))
    return [item["name"] for item in answer.body["items"]]


async def test_a_person_is_invited_accepts_works_and_is_removed(api: Api) -> None:
    admin = api.token()
    invited = await invite(api, "Tess@Own.example", name="Tess Tech")
    assert (invited["email"], invited["state"], invited["last_sign_in_at"]) == ("tess@own.example", "invited", None)
    assert (await api.ask("POST", "/users", {"email": "tess@own.example", "role": "partner_tech"}, token=admin)).body[
        "code"
    ] == "already_member"
    token = (await accept(api, invited["invitation_url"])).body["access_token"]
    listed = (await api.ask("GET", "/users?search=tess", token=admin)).body
    assert [(item["name"], item["state"]) for item in listed["items"]] == [("Tess Tech", "active")]
    assert (await api.ask("GET", "/users", token=token)).status == 200
    # A change of role holds at once: the session under the old role is over.
    changed = await api.ask(
        "PATCH",
        f"/users/{invited['id']}",
        {"role": "client_contact", "client_id": str(api.own.ids["client_id"])},
        token=admin,
    )
    assert (changed.body["role"], changed.body["client_name"]) == ("client_contact", "Client of own")
    assert (await api.ask("GET", "/users", token=token)).body["code"] == "session_ended"
    contact = await api.sign_in("tess@own.example")
    assert (await api.ask("GET", "/users", token=contact)).status == 403
    disabled = await api.ask("PATCH", f"/users/{invited['id']}", {"disabled": True}, token=admin)
    assert disabled.body["state"] == "disabled"
    refused = await api.ask("POST", "/auth/sign-in", {"email": "tess@own.example", "password": PASSWORD})
    assert (refused.status, refused.body["code"]) == (403, "no_partner")
    assert (await api.ask("DELETE", f"/users/{invited['id']}", token=admin)).status == 204
    assert (await api.ask("GET", "/users", token=admin)).body["total"] == 1
    operations = [row["operation"] for row in await api.audit() if row["operation"].startswith(("user", "invit"))]
    assert operations == ["user.invited", "invitation.accepted", "user.changed", "user.changed", "user.removed"]


async def test_a_partner_keeps_an_admin_and_nobody_touches_their_own_access(api: Api) -> None:
    admin_id = api.own.ids["user_id"]
    admin, root = api.token(), api.token(role=None)
    assert (await api.ask("PATCH", f"/users/{admin_id}", {"role": "partner_tech"}, token=admin)).body[
        "code"
    ] == "own_account"
    assert (await api.ask("DELETE", f"/users/{admin_id}", token=admin)).body["code"] == "own_account"
    second = await invite(api, "second@own.example", "partner_admin")
    token = api.identity.tokens.issue(
        world.person(api.own.tenant_id, user_id=UUID(second["id"]), email="second@own.example")
    )
    # The second admin has not accepted yet, so the first is still the last.
    assert (await api.ask("DELETE", f"/users/{admin_id}", token=token)).body["code"] == "last_admin"
    assert (await api.ask("PATCH", f"/users/{admin_id}", {"disabled": True}, token=token)).body["code"] == "last_admin"
    await accept(api, second["invitation_url"])
    demoted = await api.ask("PATCH", f"/users/{admin_id}", {"role": "partner_tech"}, token=token)
    assert (demoted.status, demoted.body["role"]) == (200, "partner_tech")
    assert (await api.ask("GET", "/users", token=root)).status == 403


async def test_roles_and_clients_have_to_fit(api: Api) -> None:
    admin = api.token()
    client_id = str(api.own.ids["client_id"])
    for body, status in (
        ({"email": "x@own.example", "role": "platform_admin"}, 422),
        ({"email": "x@own.example", "role": "client_contact"}, 422),
        ({"email": "x@own.example", "role": "partner_tech", "client_id": client_id}, 422),
        ({"email": "not an address", "role": "partner_tech"}, 422),
        ({"email": "x@own.example\x00", "role": "partner_tech"}, 422),
        ({"email": "x@own.example", "role": "partner_tech", "name": "a\nb"}, 422),
        ({"email": "x@own.example", "role": "partner_tech", "name": "x" * 201}, 422),
        ({"email": "x@own.example", "role": "partner_tech", "name": " " + "x" * 200}, 201),
        ({"email": "y@own.example", "role": "partner_tech", "name": ""}, 201),
    ):
        assert (await api.ask("POST", "/users", body, token=admin)).status == status, body
    path = f"/users/{api.own.ids['user_id']}"
    for name, status in (("x" * 300, 422), ("x" * 200, 200), ("", 200)):
        assert (await api.ask("PATCH", path, {"name": name}, token=admin)).status == status, name


async def test_an_invitation_gives_nobody_power_over_an_account_that_exists(api: Api) -> None:
    """The admin of one Partner holds an invitation link for a person who works for another one."""
    mine = await invite(api, "shared@own.example")
    await accept(api, mine["invitation_url"])
    theirs = await invite(api, "shared@own.example", foreign=True)
    shown = (await api.ask("GET", f"/auth/invitation/{theirs['invitation_url'].rpartition('/')[2]}")).body
    assert shown["has_password"] is True
    # The link alone neither sets a password nor signs in; and before it is accepted the membership gives nothing.
    assert (await accept(api, theirs["invitation_url"], OTHER_PASSWORD)).body["code"] == "wrong_credentials"
    me = (await api.ask("GET", "/auth/me", token=await api.sign_in("shared@own.example"))).body
    assert [partner["name"] for partner in me["partners"]] == ["Partner own"]
    # The person accepts with the password they have, and can then work for both.
    accepted = (await accept(api, theirs["invitation_url"])).body
    assert accepted["me"]["partner_name"] == "Partner foreign"
    assert {partner["name"] for partner in accepted["me"]["partners"]} == {"Partner own", "Partner foreign"}
    switched = await api.ask(
        "POST", "/auth/switch-partner", {"tenant_id": str(api.own.tenant_id)}, token=accepted["access_token"]
    )
    assert switched.body["me"]["partner_name"] == "Partner own"
    # From now on no single Partner resets the password.
    for house in (api.own, api.foreign):
        reset = await api.ask("POST", f"/users/{mine['id']}/invitation", token=api.token(house=house))
        assert (reset.status, reset.body["code"]) == (409, "owned_by_person")


async def test_a_reset_password_cannot_be_set_through_another_partners_link(api: Api) -> None:
    mine = await invite(api, "reset@own.example")
    await accept(api, mine["invitation_url"])
    theirs = await invite(api, "reset@own.example", foreign=True)
    reset = await api.ask("POST", f"/users/{mine['id']}/invitation", token=api.token())
    assert reset.status == 200
    assert (await api.ask("POST", "/auth/sign-in", {"email": "reset@own.example", "password": PASSWORD})).status == 401
    # In this moment the account has no password: the other Partner's link must not be the one that sets it.
    assert (await accept(api, theirs["invitation_url"], OTHER_PASSWORD)).body["code"] == "invitation_gone"
    # The older link of the same Partner is void, the newer one works.
    assert (await accept(api, mine["invitation_url"])).body["code"] == "invitation_gone"
    assert (await accept(api, reset.body["invitation_url"], OTHER_PASSWORD)).status == 200
    await api.sign_in("reset@own.example", OTHER_PASSWORD)


async def test_an_inviter_learns_nothing_of_somebody_who_works_for_another_partner(api: Api) -> None:
    mine = await invite(api, "secret@own.example", name="Real Name")
    await accept(api, mine["invitation_url"])
    theirs = await invite(api, "secret@own.example", foreign=True, name="wrong")
    assert (theirs["id"], theirs["name"], theirs["last_sign_in_at"]) == (mine["id"], "wrong", None)
    shown = (await api.ask("GET", f"/auth/invitation/{theirs['invitation_url'].rpartition('/')[2]}")).body
    assert (shown["name"], shown["has_password"]) == ("wrong", True)
    assert await names(api, "search=real", api.foreign) == []
    assert await names(api, "search=wrong", api.own) == []
    # Nor by the order of the list: who never signed in here comes where the other invited ones are.
    blank = await invite(api, "blank@foreign.example", foreign=True)
    first, second = sorted([theirs["id"], blank["id"]])
    for sort, expected in (("last_sign_in_at", [first, second]), ("-last_sign_in_at", [second, first])):
        listed = await api.ask("GET", f"/users?sort={sort}", token=api.token(house=api.foreign))
        assert [item["id"] for item in listed.body["items"]] == expected, sort
    assert await names(api, "sort=-name", api.foreign) == ["wrong", ""]
    # Renaming says nothing either, and reaches nobody else.
    path = f"/users/{mine['id']}"
    renamed = await api.ask("PATCH", path, {"name": "wronger"}, token=api.token(house=api.foreign))
    assert (renamed.status, renamed.body["name"]) == (200, "wronger")
    assert await names(api, "search=secret", api.own) == ["Real Name"]


async def test_a_person_is_called_what_each_partner_calls_them(api: Api) -> None:
    mine = await invite(api, "twice@own.example", name="Typed Here")
    theirs = await invite(api, "twice@own.example", foreign=True, name="Typed There")
    # Both wait. Accepting one changes nothing in the other.
    there = (await accept(api, theirs["invitation_url"], name="Chosen There")).body
    assert there["me"]["name"] == "Chosen There"
    assert await names(api, "search=twice", api.own) == ["Typed Here"]
    here = (await accept(api, mine["invitation_url"], name="Chosen Here")).body
    assert here["me"]["name"] == "Chosen Here"
    assert await names(api, "search=twice", api.own) == ["Chosen Here"]
    assert await names(api, "search=twice", api.foreign) == ["Chosen There"]
    # Wherever the person goes on, they are called what that Partner calls them.
    assert (await api.ask("GET", "/auth/me", token=here["access_token"])).body["name"] == "Chosen Here"
    switched = await api.ask(
        "POST", "/auth/switch-partner", {"tenant_id": str(api.foreign.tenant_id)}, token=here["access_token"]
    )
    assert switched.body["me"]["name"] == "Chosen There"
    assert (await api.ask("GET", "/auth/me", token=switched.body["access_token"])).body["name"] == "Chosen There"


async def test_a_wrong_password_leaves_the_name_alone(api: Api) -> None:
    mine = await invite(api, "kept@own.example", name="Kept")
    await accept(api, mine["invitation_url"])
    theirs = await invite(api, "kept@own.example", foreign=True, name="Typed")
    refused = await accept(api, theirs["invitation_url"], OTHER_PASSWORD, name="Mallory")
    assert refused.body["code"] == "wrong_credentials"
    assert await names(api, "search=kept", api.foreign) == ["Typed"]


async def test_the_platforms_name_is_the_platforms_alone(api: Api) -> None:
    mine = await invite(api, "staff@own.example", name="Tess at Own")
    await accept(api, mine["invitation_url"])
    link = await create_platform_admin(api.db, "staff@own.example", "Tess of the Platform", "http://rmm.example.org")
    me = (await accept(api, link)).body["me"]
    assert (me["tenant_id"], me["name"]) == (None, "Tess of the Platform")
    assert await names(api, "search=staff", api.own) == ["Tess at Own"]
    # The account is recovered: the name that the Platform knows stays.
    link = await create_platform_admin(api.db, "staff@own.example", "staff", "http://rmm.example.org")
    accepted = (await accept(api, link)).body
    assert accepted["me"]["name"] == "Tess of the Platform"
    switched = await api.ask(
        "POST", "/auth/switch-partner", {"tenant_id": str(api.own.tenant_id)}, token=accepted["access_token"]
    )
    assert switched.body["me"]["name"] == "Tess at Own"
    # Who entered without a membership has no other name there.
    path = f"/platform/partners/{api.foreign.tenant_id}/enter"
    outside = await api.sign_in("staff@own.example")
    entered = await api.ask("POST", path, {"reason": "ticket 4712"}, token=outside)
    assert entered.body["me"]["name"] == "Tess of the Platform"
