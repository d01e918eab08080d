"""Passkeys: kept, asked for, and refused whenever anything about an answer is not as it was asked for."""

from typing import Any

import asyncpg
import pytest
from gururmm_server.core.factors.jobs import purge
from gururmm_server.core.factors.passkeys import MOST
from gururmm_server.core.factors.relying_party import RelyingParty, relying_party
from gururmm_server.infra.ids import new_id

from .authenticator import Device, decoded, encoded
from .conftest import PASSWORD, Answer, Api, new_browser
from .second_factors import code_of, first_step, second_step, set_up

ORIGIN = "https://rmm.example.org"


@pytest.fixture
def public_url() -> str:
    return ORIGIN


async def options(api: Api, token: str) -> dict[str, Any]:
    answer = await api.ask("POST", "/auth/factors/passkeys/options", token=token)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body["options"]
    return found


async def keep(api: Api, token: str, credential: dict[str, Any], name: str = "My laptop") -> Answer:
    return await api.ask("POST", "/auth/factors/passkeys", {"name": name, "credential": credential}, token=token)


async def made(api: Api, token: str, device: Device | None = None) -> Device:
    """A passkey of whoever is signed in."""
    device = device or Device(ORIGIN)
    answer = await keep(api, token, device.create(await options(api, token)))
    assert answer.status == 200, answer.body
    return device


async def asked(api: Api) -> dict[str, Any]:
    """What the sign-in page is told to ask for."""
    found: dict[str, Any] = (await api.ask("POST", "/auth/passkey/options")).body["options"]
    return found


async def sign_in(api: Api, credential: dict[str, Any], **more: Any) -> Answer:
    return await api.ask("POST", "/auth/passkey", {"credential": credential}, **more)


@pytest.mark.parametrize(
    ("public_url", "party"),
    [
        ("https://rmm.example.org", RelyingParty("rmm.example.org", "https://rmm.example.org")),
        ("https://RMM.example.org:443", RelyingParty("rmm.example.org", "https://rmm.example.org")),
        ("https://rmm.example.org:8443", RelyingParty("rmm.example.org", "https://rmm.example.org:8443")),
        ("http://localhost:8080", RelyingParty("localhost", "http://localhost:8080")),
        ("http://rmm.localhost", RelyingParty("rmm.localhost", "http://rmm.localhost")),
        ("http://rmm.example.org", None),
        ("http://127.0.0.1:8080", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::1]:8443", None),
        ("", None),
    ],
)
def test_whom_a_passkey_is_for_is_said_by_the_public_url(public_url: str, party: RelyingParty | None) -> None:
    assert relying_party(public_url) == party


async def test_a_passkey_is_kept_and_signs_in_alone(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    told = await options(api, mine)
    assert (told["rp"]["id"], told["user"]["name"]) == ("rmm.example.org", api.own.email)
    assert told["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    device = Device(ORIGIN)
    kept = await keep(api, mine, device.create(told))
    assert len(kept.body["recovery_codes"]) == 10
    (shown,) = (await api.ask("GET", "/auth/factors", token=mine)).body["passkeys"]
    assert (shown["name"], shown["last_used_at"]) == ("My laptop", None)
    # A second one brings no new codes, and the first one is not made again.
    told = await options(api, mine)
    assert [entry["id"] for entry in told["excludeCredentials"]] == [encoded(device.credential_id)]
    assert (await keep(api, mine, Device(ORIGIN).create(told), "My phone")).body["recovery_codes"] == []
    told = await asked(api)
    assert (told["rpId"], told["userVerification"], told.get("allowCredentials", [])) == (
        "rmm.example.org",
        "required",
        [],
    )
    async with new_browser() as browser:
        inside = await sign_in(api, device.get(told), browser=browser)
        assert inside.status == 200, inside.body
        assert inside.body["me"]["email"] == api.own.email
        assert [cookie.key for cookie in browser.cookie_jar] != []
    rows = await api.audit()
    assert rows[-1]["details"]["by"] == "passkey"
    assert [row["details"]["name"] for row in rows if row["operation"] == "factor.added"] == ["My laptop", "My phone"]
    used = (await api.ask("GET", "/auth/factors", token=mine)).body["passkeys"]
    assert [row["last_used_at"] is not None for row in used] == [True, False]
    assert (await api.ask("GET", "/audit", token=inside.body["access_token"])).status == 200


async def test_after_a_password_a_passkey_is_the_second_factor(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    device = await made(api, mine)
    answer = (await api.ask("POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD})).body
    assert answer["methods"] == ["passkey", "recovery_code"]
    assert [entry["id"] for entry in answer["passkey"]["allowCredentials"]] == [encoded(device.credential_id)]
    body = {"step_token": answer["step_token"], "passkey": device.get(answer["passkey"])}
    inside = await api.ask("POST", "/auth/second-step", body)
    assert inside.status == 200, inside.body
    assert (await api.audit())[-1]["details"]["by"] == "password, passkey"
    # Neither the step nor the answer is good again.
    assert (await api.ask("POST", "/auth/second-step", body)).body["code"] == "step_gone"
    again = (await api.ask("POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD})).body
    replayed = await api.ask("POST", "/auth/second-step", body | {"step_token": again["step_token"]})
    assert (replayed.status, replayed.body["code"]) == (422, "passkey_refused")


async def test_beside_an_app_either_will_do(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    secret, _ = await set_up(api, mine)
    await made(api, mine)
    answer = (await api.ask("POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD})).body
    assert answer["methods"] == ["passkey", "totp", "recovery_code"]
    assert (await second_step(api, answer["step_token"], code_of(secret))).status == 200
    # One of them goes: the recovery codes stay for the other, and go with it.
    assert (await api.ask("DELETE", "/auth/factors/totp", token=mine)).status == 204
    left = (await api.ask("GET", "/auth/factors", token=mine)).body
    assert (left["totp"], left["recovery_codes"]) == (False, 10)
    path = f"/auth/factors/passkeys/{left['passkeys'][0]['id']}"
    invited = await api.ask("POST", "/users", {"email": "tess@own.example", "role": "partner_tech"}, token=api.token())
    link = invited.body["invitation_url"].rpartition("/")[2]
    theirs = (await api.ask("POST", f"/auth/invitation/{link}", {"password": PASSWORD})).body["access_token"]
    for token, status in ((theirs, 404), (mine, 204), (mine, 404)):
        assert (await api.ask("DELETE", path, token=token)).status == status
    assert (await api.ask("GET", "/auth/factors", token=mine)).body["recovery_codes"] == 0
    await api.sign_in(api.own.email)


async def test_it_proves_again_that_it_is_oneself(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    assert (await api.ask("POST", "/auth/step-up/passkey", token=mine)).body["code"] == "not_set_up"
    device = await made(api, mine)
    assert (await api.ask("GET", "/auth/step-up", token=mine)).body["methods"] == ["passkey", "recovery_code"]
    told = (await api.ask("POST", "/auth/step-up/passkey", token=mine)).body["options"]
    signed = device.get(told)
    proved = await api.ask("POST", "/auth/step-up", {"passkey": signed}, token=mine)
    assert proved.status == 200, proved.body
    assert [row["details"]["by"] for row in await api.audit() if row["operation"] == "step_up.done"] == ["passkey"]
    assert (await api.ask("POST", "/auth/step-up", {"passkey": signed}, token=mine)).status == 422
    # What was signed to come in proves nothing here, and the other way round.
    assert (await api.ask("POST", "/auth/step-up", {"passkey": device.get(await asked(api))}, token=mine)).status == 422
    told = (await api.ask("POST", "/auth/step-up/passkey", token=mine)).body["options"]
    assert (await sign_in(api, device.get(told))).status == 422


async def test_an_answer_is_good_once_and_for_minutes(api: Api, owner_url: str) -> None:
    device = await made(api, await api.sign_in(api.own.email))
    signed = device.get(await asked(api))
    assert (await sign_in(api, signed)).status == 200
    again = await sign_in(api, signed)
    assert (again.status, again.body["code"]) == (422, "passkey_refused")
    told = await asked(api)
    owner = await asyncpg.connect(owner_url)
    await owner.execute("update core.passkey_challenges set expires_at = now() - interval '2 minutes'")
    assert (await sign_in(api, device.get(told))).status == 422
    await purge(api.db)
    assert await owner.fetchval("select count(*) from core.passkey_challenges") == 0
    await owner.close()
    # A challenge that nobody gave out.
    assert (await sign_in(api, device.get(told | {"challenge": encoded(b"x" * 64)}))).status == 422


@pytest.mark.parametrize(
    "fault",
    [
        {"origin": "https://rmm.example.org.evil.example"},
        {"origin": "http://rmm.example.org"},
        {"rp_id": "evil.example"},
        {"verified": False},
        {"kind": "webauthn.create"},
    ],
    ids=str,
)
async def test_what_another_site_or_no_person_made_is_refused(api: Api, fault: dict[str, Any]) -> None:
    mine = await api.sign_in(api.own.email)
    device = await made(api, mine)
    for name, value in fault.items():
        setattr(device, name, value)
    assert (await sign_in(api, device.get(await asked(api)))).body["code"] == "passkey_refused"
    other = Device(ORIGIN)
    for name, value in (fault if "kind" not in fault else {"kind": "webauthn.get"}).items():
        setattr(other, name, value)
    answer = await keep(api, mine, other.create(await options(api, mine)))
    assert (answer.status, answer.body["code"]) == (422, "passkey_refused")


async def test_a_copy_that_counts_behind_is_refused(api: Api) -> None:
    device = await made(api, await api.sign_in(api.own.email))
    for _ in range(3):
        assert (await sign_in(api, device.get(await asked(api)))).status == 200
    device.counter = 1
    assert (await sign_in(api, device.get(await asked(api)))).status == 422
    device.counter = 2
    assert (await sign_in(api, device.get(await asked(api)))).status == 422
    device.counter = 3
    assert (await sign_in(api, device.get(await asked(api)))).status == 200


async def test_one_that_does_not_count_is_taken(api: Api) -> None:
    device = await made(api, await api.sign_in(api.own.email), Device(ORIGIN, counts=False))
    for _ in range(3):
        assert (await sign_in(api, device.get(await asked(api)))).status == 200


async def test_another_key_under_its_name_is_refused(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    device = await made(api, mine)
    forger = Device(ORIGIN, credential_id=device.credential_id, user_handle=device.user_handle, counter=9)
    assert (await sign_in(api, forger.get(await asked(api)))).status == 422
    unknown = Device(ORIGIN)
    assert (await sign_in(api, unknown.get(await asked(api)))).status == 422
    # Nobody registers another's under their own account.
    answer = await keep(api, mine, forger.create(await options(api, mine)))
    assert (answer.status, answer.body["code"]) == (409, "passkey_known")


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"rawId": 7, "response": {}},
        {"response": []},
        {"response": {"clientDataJSON": "!"}},
        {"response": {"clientDataJSON": encoded(b"[]")}},
        {"response": {"clientDataJSON": encoded(b"\xff")}},
        {"response": {"clientDataJSON": encoded(b'{"type": 1, "challenge": 2, "origin": 3}')}},
        {"response": {"clientDataJSON": encoded(b"[" * 100_000)}},
    ],
    ids=lambda value: str(value)[:60],
)
async def test_nonsense_is_refused_and_breaks_nothing(api: Api, broken: dict[str, Any]) -> None:
    mine = await api.sign_in(api.own.email)
    assert (await sign_in(api, broken)).status == 422
    assert (await keep(api, mine, broken)).status == 422
    good = Device(ORIGIN).create(await options(api, mine))
    for name in ("clientDataJSON", "attestationObject"):
        for value in ("", "AAAA", encoded(b"\xbf" * 500), encoded(b"\x9f" * 5000), 7, None):
            changed = good | {"response": good["response"] | {name: value}}
            assert (await keep(api, mine, changed)).status == 422, (name, value)
    device = await made(api, mine)
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        for value in ("", "AAAA", encoded(b"\xff" * 500), 7, None):
            signed = device.get(await _asked_elsewhere(api))
            signed["response"][name] = value
            assert (await sign_in(api, signed)).status == 422, (name, value)


async def _asked_elsewhere(api: Api) -> dict[str, Any]:
    """As `asked`, without the bound on how often a visitor asks."""
    api.identity.attempts.give_back("127.0.0.1")
    return await asked(api)


async def test_asking_is_bounded_and_who_gets_in_asks_for_nothing(api: Api) -> None:
    device = await made(api, await api.sign_in(api.own.email))
    for _ in range(25):
        assert (await sign_in(api, device.get(await asked(api)))).status == 200
    statuses = [(await api.ask("POST", "/auth/passkey/options")).status for _ in range(21)]
    assert statuses == [200] * 20 + [429]


async def test_one_with_a_name_too_long_is_refused(api: Api) -> None:
    mine = await api.sign_in(api.own.email)
    for length, status in ((1023, 200), (1024, 422), (20_000, 422)):
        device = Device(ORIGIN, credential_id=b"x" * length)
        assert (await keep(api, mine, device.create(await options(api, mine)))).status == status, length


async def test_somebody_has_a_bounded_number_of_them(api: Api, owner_url: str) -> None:
    mine = await api.sign_in(api.own.email)
    owner = await asyncpg.connect(owner_url)
    for number in range(MOST):
        await owner.execute(
            "insert into core.passkeys (passkey_id, user_id, credential_id, public_key, sign_count, name)"
            " values ($1, $2, $3, 'x', 0, $4)",
            new_id(),
            api.own.ids["user_id"],
            new_id().bytes,
            f"Key {number}",
        )
    await owner.close()
    refused = await api.ask("POST", "/auth/factors/passkeys/options", token=mine)
    assert (refused.status, refused.body["code"]) == (409, "too_many_passkeys")


async def test_who_is_stopped_does_not_get_in(api: Api) -> None:
    device, user_id = await made(api, await api.sign_in(api.own.email)), api.own.ids["user_id"]
    async with api.db.identity() as tx:
        await tx.execute("update core.users set disabled_at = now() where user_id = $1", user_id)
    assert (await sign_in(api, device.get(await asked(api)))).status == 422
    async with api.db.identity() as tx:
        await tx.execute("update core.users set disabled_at = null where user_id = $1", user_id)
        await tx.execute("update core.tenant_users set disabled_at = now() where user_id = $1", user_id)
    assert (await sign_in(api, device.get(await asked(api)))).body["code"] == "no_partner"


async def test_a_reset_takes_passkeys_away_too(api: Api) -> None:
    invited = (
        await api.ask("POST", "/users", {"email": "tess@own.example", "role": "partner_tech"}, token=api.token())
    ).body
    link = invited["invitation_url"].rpartition("/")[2]
    theirs = (await api.ask("POST", f"/auth/invitation/{link}", {"password": PASSWORD})).body["access_token"]
    device = await made(api, theirs)
    assert (await api.ask("POST", f"/users/{invited['id']}/factors/reset", token=api.token())).status == 204
    assert (await sign_in(api, device.get(await asked(api)))).status == 422
    await api.sign_in("tess@own.example")


async def test_only_what_is_public_of_it_is_kept(api: Api, owner_url: str) -> None:
    device = await made(api, await api.sign_in(api.own.email))
    owner = await asyncpg.connect(owner_url)
    row = await owner.fetchrow("select * from core.passkeys")
    await owner.close()
    assert row["credential_id"] == device.credential_id
    assert decoded(encoded(row["credential_id"])) == device.credential_id
    secret = device.key.private_numbers().private_value.to_bytes(32, "big")
    assert secret not in row["public_key"]


async def test_a_foreign_page_cannot_start_it(api: Api) -> None:
    device = await made(api, await api.sign_in(api.own.email))
    evil = {"Origin": "https://evil.example"}
    assert (await api.ask("POST", "/auth/passkey/options", headers=evil)).body["code"] == "origin_refused"
    signed = device.get(await asked(api))
    assert (await sign_in(api, signed, headers=evil)).body["code"] == "origin_refused"
    assert (await sign_in(api, signed, headers={"Origin": ORIGIN})).status == 200


async def test_first_step_is_still_needed_for_a_password(api: Api) -> None:
    await made(api, await api.sign_in(api.own.email))
    step = await first_step(api, api.own.email)
    assert (await second_step(api, step, "123456")).body["code"] == "wrong_code"
