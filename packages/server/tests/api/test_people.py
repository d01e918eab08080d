"""Inviting, changing and removing people; and what an invitation can never be used for."""

from typing import Any
from uuid import UUID

from .conftest import PASSWORD, Api

OTHER_PASSWORD = "a quite different one"


async def invite(api: Api, email: str, role: str = "partner_tech", *, foreign: bool = False, **more: Any) -> Any:
    house = api.foreign if foreign else api.own
    answer = await api.ask("POST", "/users", {"email": email, "role": role} | more, token=api.token(house=house))
    assert answer.status == 201, answer.body
    return answer.body


async def accept(api: Api, link: str, password: str = PASSWORD) -> Any:
    return await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": password})


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
        api.own.caller.principal.__class__(
            user_id=UUID(second["id"]),
            email="second@own.example",
            session_id=api.own.admin.session_id,
            role=api.own.admin.role,
            tenant_id=api.own.tenant_id,
        )
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
    # From now on no single Partner resets the password or changes the name.
    for house in (api.own, api.foreign):
        path = f"/users/{mine['id']}"
        reset = await api.ask("POST", f"{path}/invitation", token=api.token(house=house))
        assert (reset.status, reset.body["code"]) == (409, "owned_by_person")
        renamed = await api.ask("PATCH", path, {"name": "Mallory"}, token=api.token(house=house))
        assert (renamed.status, renamed.body["code"]) == (409, "owned_by_person")


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
