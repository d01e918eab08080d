"""Limits of signing in: counted before anything is computed, by person and by visitor, and nobody waits for a crowd."""

import asyncio
from collections import Counter
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from gururmm_server.infra.ids import new_id

from packages.server.tests.waiting import until

from .conftest import PASSWORD, Answer, Api, new_browser

WRONG = {"password": "wrong horse battery"}


@pytest.fixture
def trusted_proxies() -> tuple[str, ...]:
    """The test is a proxy, so that it can come from many addresses."""
    return ("127.0.0.1",)


async def _try(
    api: Api, email: str, password: str, address: str, browser: aiohttp.ClientSession | None = None
) -> Answer:
    body = {"email": email, "password": password}
    return await api.ask("POST", "/auth/sign-in", body, headers={"X-Forwarded-For": address}, browser=browser)


async def _rename(api: Api, email: str) -> None:
    """Give the admin of `own` another address, as an invitation to it would have stored it."""
    async with api.db.identity() as tx:
        await tx.execute("update core.users set email = $2 where user_id = $1", api.own.ids["user_id"], email)


@pytest.mark.parametrize("crowd", ["one visitor", "a visitor each"])
async def test_a_crowd_does_not_make_a_right_password_wait(api: Api, crowd: str) -> None:
    """Of 300 at once few are computed; the rest hear at once that they are too many."""
    answers: list[Answer] = []

    async def guess(number: int) -> None:
        address = "198.51.100.1" if crowd == "one visitor" else f"10.1.{number // 250}.{number % 250}"
        answers.append(await _try(api, f"nobody{number}@own.example", "wrong", address, strangers))

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as strangers,
        new_browser() as known,
        new_browser() as new,
    ):
        await api.sign_in(api.own.email, browser=known)
        guesses = [asyncio.create_task(guess(number)) for number in range(300)]
        await until(lambda: any(answer.status in {429, 503} for answer in answers), 30)
        before = _computed(answers)
        # Whoever signed in before by this browser waits for nobody.
        right = await _try(api, api.own.email, PASSWORD, "203.0.113.9", known)
        assert right.status == 200, right.body
        assert _computed(answers) - before <= 10
        # In a new one it waits its turn among the visitors, or hears at once to come again.
        right = await _try(api, api.own.email, PASSWORD, "203.0.113.10", new)
        assert right.status == 200 or (crowd == "a visitor each" and right.body["code"] == "crowded"), right.body
        await asyncio.gather(*guesses)
        assert (await _try(api, api.own.email, PASSWORD, "203.0.113.10", new)).status == 200
    refused = Counter(answer.status for answer in answers)
    assert set(refused) <= {401, 429, 503}
    assert refused[401] <= 150
    for answer in answers:
        if answer.status != 401:
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.body["code"] in {"too_many_attempts", "crowded"}


def _computed(answers: list[Answer]) -> int:
    return sum(answer.status == 401 for answer in answers)


async def test_tries_at_once_count_before_they_are_computed(api: Api) -> None:
    """However fast they come: five at an account, twenty from a visitor."""
    tries = [_try(api, api.own.email, "wrong", f"10.2.0.{number}") for number in range(20)]
    assert Counter(answer.status for answer in await asyncio.gather(*tries)) == {401: 5, 429: 15}
    tries = [_try(api, f"nobody{number}@own.example", "wrong", "198.51.100.2") for number in range(40)]
    assert Counter(answer.status for answer in await asyncio.gather(*tries))[429] == 20


@pytest.mark.parametrize(
    ("stored", "spellings"),
    [
        # U+0130 is an `i` to the rules of some databases.
        ("admini@own.example", ["ADMINI@own.example", "adm\u0130ni@own.example", "admin\u0130@own.example"]),
        ("kim@own.example", ["kim@own.example", "\u212aim@own.example", "KIM@OWN.example", " Kim@own.example "]),
        ("jos\u00e9@own.example", ["jos\u00e9@own.example", "jose\u0301@own.example", "JOSE\u0301@own.example"]),
        ("\u00e5sa@own.example", ["\u00e5sa@own.example", "\u212bsa@own.example", "A\u030asa@own.example"]),
        ("sam@own.example", ["sam@own.example", "\u017fam@own.example", "\uff53am@own.example", "SAM@own.example"]),
        ("odo\u03c2@own.example", ["odo\u03c2@own.example", "ODO\u03a3@own.example", "odo\u03c3@own.example"]),
    ],
)
async def test_no_spelling_of_an_address_has_tries_of_its_own(api: Api, stored: str, spellings: list[str]) -> None:
    await _rename(api, stored)
    for number in range(5):
        assert (await _try(api, stored, "wrong", f"10.3.0.{number}")).status == 401
    for number, spelling in enumerate(spellings):
        # Either it is the same account, whose tries are used up, or it is nobody's: the right password opens nothing.
        answer = await _try(api, spelling, PASSWORD, f"10.3.1.{number}")
        assert answer.status in {401, 429}, (spelling, answer.body)


@pytest.mark.parametrize(
    ("stored", "spelling", "status"),
    [
        ("kim@own.example", "KIM@OWN.EXAMPLE", 200),
        ("jos\u00e9@own.example", "JOSE\u0301@own.example", 200),
        ("jose\u0301@own.example", "Jose\u0301@own.example", 200),  # as an older build stored it
        ("i\u0307da@own.example", "\u0130da@own.example", 200),
        ("ida@own.example", "\u0130da@own.example", 401),
        ("sam@own.example", "\u017fam@own.example", 401),
    ],
)
async def test_an_address_is_the_same_in_one_way_only(api: Api, stored: str, spelling: str, status: int) -> None:
    await _rename(api, stored)
    assert (await _try(api, spelling, PASSWORD, "203.0.113.9")).status == status


async def test_an_invitation_to_another_spelling_is_for_the_same_person(api: Api) -> None:
    users = [
        await api.ask("POST", "/users", {"email": email, "role": "partner_tech"}, token=api.token(house=house))
        for email, house in (("jos\u00e9@x.example", api.own), ("JOSE\u0301@x.example", api.foreign))
    ]
    assert [user.body["email"] for user in users] == ["jos\u00e9@x.example"] * 2
    assert users[0].body["id"] == users[1].body["id"]


@pytest.mark.parametrize(
    ("addresses", "one"),
    [
        ([f"2001:db8:0:1:{number:x}::1" for number in range(21)], True),
        ([f"[2001:db8:0:1::{number:x}]:4711" for number in range(21)], True),
        ([f"2001:db8:0:{number:x}::1" for number in range(21)], False),
        (["::ffff:198.51.100.7"] * 10 + ["198.51.100.7"] * 11, True),
        ([f"198.51.100.7:{4711 + number}" for number in range(21)], True),
        ([f"198.51.100.{number}:4711" for number in range(21)], False),
    ],
)
async def test_a_visitor_is_an_address_or_an_ipv6_customers_network(api: Api, addresses: list[str], one: bool) -> None:
    *before, last = [await _try(api, f"{new_id()}@own.example", "wrong", address) for address in addresses]
    assert {answer.status for answer in before} == {401}
    assert last.status == (429 if one else 401)
    # Whoever comes through the same proxy from elsewhere gets in.
    assert (await _try(api, api.own.email, PASSWORD, "203.0.113.9:80")).status == 200


async def test_a_refusal_takes_the_same_way_for_a_known_and_an_unknown_address(api: Api, owner_url: str) -> None:
    """Of a known account the Partner's audit is written, which takes a while: the answer does not wait for it."""

    async def known_refusals() -> int:
        return sum(row["operation"] == "session.refused" for row in await api.audit())

    owner = await asyncpg.connect(owner_url)
    async with owner.transaction():
        await owner.execute("lock table core.audit_log in access exclusive mode")
        for email in (api.own.email, "nobody@own.example"):
            answer = await asyncio.wait_for(_try(api, email, "wrong", "203.0.113.9"), 20)
            assert answer.status == 401
    await owner.close()
    await until(known_refusals)


async def test_a_right_password_takes_its_own_count_back(api: Api) -> None:
    for _ in range(30):
        assert (await _try(api, api.own.email, PASSWORD, "203.0.113.9")).status == 200


async def test_the_limit_of_an_account_is_one_for_every_door(api: Api) -> None:
    """Signing in, a change of password and an invitation count at the person, whatever their address is by now."""
    user_id: UUID = api.own.ids["user_id"]
    mine = (await _try(api, api.own.email, PASSWORD, "203.0.113.9")).body["access_token"]
    for number in range(5):
        assert (await _try(api, api.own.email, "wrong", f"10.4.0.{number}")).status == 401
    await _rename(api, "renamed@own.example")
    change = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert (await api.ask("POST", "/auth/password", change, token=mine)).status == 429
    invited = await api.ask(
        "POST", "/users", {"email": "renamed@own.example", "role": "partner_tech"}, token=api.token(house=api.foreign)
    )
    assert UUID(invited.body["id"]) == user_id
    link = invited.body["invitation_url"].rpartition("/")[2]
    assert (await api.ask("POST", f"/auth/invitation/{link}", {"password": PASSWORD})).status == 429
