"""Passwords that are guessed first are refused, and others are not."""

import pytest
from gururmm_server.core.identity.errors import WeakPassword
from gururmm_server.core.identity.passwords import check_strength

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


async def test_who_chooses_one_is_told_why_at_the_field(api: Api) -> None:
    body = {"current_password": PASSWORD, "new_password": "password1234"}
    answer = await api.ask("POST", "/auth/password", body, token=api.token())
    assert (answer.status, answer.body["code"]) == (422, "weak_password")
    (said,) = answer.body["details"]
    assert said["field"] == "new_password"
    assert "guessed" in said["message"]
