"""Passwords that are guessed first are refused, and others are not."""

import pytest
from gururmm_server.core.identity.errors import WeakPassword
from gururmm_server.core.identity.strength import check_strength, strength
from gururmm_server.infra.ids import new_id

from .conftest import PASSWORD, Api

EMAIL = "tess.admin@northwind.example"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Passw0rd2026!",
        "P@$$w0rd!!!!!",
        "Summer2026!!",
        "Welcome12345",
        "qwertyuiop12",
        "123456789012a",
        "abcdefghijkl",
        "northwind-2026",
        "TessTess1234!",
        "gururmm-admin",
        "Januar2026Januar",
        "Partner2026!!",
        "NorthwindIT2026",
        "Sommer2026!Sommer",
        "letmein-please",
        "password password password",
        "iloveyouiloveyou",
        "tess.admin@northwind.example",
        "TESS.ADMIN@NORTHWIND.EXAMPLE",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "13.12.1984 13",
        "correcthorsebatterystaple",
        "short1!xK9#",
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password, EMAIL)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "a quiet river 7", "xK9#mQ2vLp0z", "Zwölf Äpfel im Korb", "another good password"],
)
def test_what_is_not_is_taken(password: str) -> None:
    check_strength(password, EMAIL)


@pytest.mark.parametrize("password", ["4@8({[<6391!|70$5+%2" * 12, "qwertyuiop" * 25, "é" * 256, "01/02/1990-" * 23])
def test_nothing_that_is_typed_makes_the_server_think_for_long(password: str) -> None:
    """Only the first characters are looked at: the same beginning is judged the same, however long it goes on."""
    assert strength(password, EMAIL) == strength(password[:20], EMAIL)


async def test_who_chooses_one_is_told_why_at_the_field(api: Api) -> None:
    body = {"current_password": PASSWORD, "new_password": "password1234"}
    answer = await api.ask("POST", "/auth/password", body, token=api.token())
    assert (answer.status, answer.body["code"]) == (422, "weak_password")
    (said,) = answer.body["details"]
    assert said["field"] == "new_password"
    assert "guessed" in said["message"]
    answer = await api.ask("POST", "/auth/password", body | {"new_password": "short"}, token=api.token())
    assert answer.body["details"] == [{"field": "new_password", "message": "A password needs at least 12 characters."}]


async def test_the_meter_says_what_the_server_will_decide(api: Api) -> None:
    invited = await api.ask("POST", "/users", {"email": "tess@own.example", "role": "partner_tech"}, token=api.token())
    link = invited.body["invitation_url"].rpartition("/")[2]
    for password, enough in (("password1234", False), ("tess@own.example", False), ("x", False), (PASSWORD, True)):
        told = await api.ask("POST", f"/auth/invitation/{link}/strength", {"password": password})
        assert (told.body["enough"], bool(told.body["message"])) == (enough, not enough), password
        told = await api.ask("POST", "/auth/password/strength", {"password": password}, token=api.token())
        assert told.body["enough"] is enough
    assert (await api.ask("POST", f"/auth/invitation/{new_id()}/strength", {"password": "x"})).status == 404
