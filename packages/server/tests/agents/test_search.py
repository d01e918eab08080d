"""Queries at the API: what they find, what is said of those that cannot be read, and what may be asked for."""

import re
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.fleet import schemas
from gururmm_server.core.fleet.service import SORTS

from packages.server.tests.world import DECLARED, Api, Partner, described

from .test_fleet import names, plant_many


async def test_a_query_finds_what_it_means(admin: httpx.AsyncClient) -> None:
    assert await names(admin, q="name:HOST-0003") == ["host-0003"]
    assert await names(admin, q="ip:192.0.2.4/31 online:true") == ["host-0004"]
    assert await names(admin, q="ip:192.0.2.4/31 not online:true") == ["host-0005"]
    assert await names(admin, q="os:debian (0003 or 0004)") == ["host-0003", "host-0004"]
    assert await names(admin, q='client:="client 1" disk:<4%') == ["host-0001", "host-0003"]
    assert await names(admin, q="os:windows") == []
    assert len(await names(admin, q="seen:<1h user:anna")) == 12


@pytest.mark.parametrize(
    "words",
    [
        *("HOST-0003", "192.0.2.7", "anna 0011 debian", "anna nobody", "q", "a", "%", "ho%0003", "host_0003", "\\"),
        *("debian gnu/linux 12 (bookworm)", "c0-00-02", "İ", "´", "a´n", "a=b", "a<b", "*", "...", "'", "-"),
    ],
)
async def test_plain_words_mean_in_a_query_what_they_mean_in_a_search(admin: httpx.AsyncClient, words: str) -> None:
    plain = words.replace("(", "").replace(")", "")
    assert await names(admin, q=words) == await names(admin, search=plain)


async def test_a_mac_address_is_found_however_it_is_written(
    admin: httpx.AsyncClient, partner: Partner, owner_url: str
) -> None:
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "update core.agents set macs = '{a4:bb:6d:0f:d5:c5}', serial = 'a4bb6d0fd5c9' where agent_id = $1",
        partner.agents[2],
    )
    await owner.close()
    for written in ("A4-BB-6D-0F-D5-C5", "a4bb6d0fd5c5", "a4bb.6d0f.d5c5", "a4:bb:6d:0f:d5:c5"):
        assert await names(admin, q=written) == ["host-0002"], written
        assert await names(admin, q=f"mac:{written}") == ["host-0002"], written
        assert await names(admin, search=written) == ["host-0002"], written
    assert await names(admin, q="serial:a4bb6d0fd5c9") == ["host-0002"], "a serial number that could be a MAC address"


async def test_a_query_holds_beside_every_other_filter(admin: httpx.AsyncClient, partner: Partner) -> None:
    assert await names(admin, q="online:true", search="0004") == ["host-0004"]
    assert await names(admin, q="name:0004", status="offline") == []
    assert await names(
        admin, q="not name:0004", client_id=partner.clients[0], site_id=partner.sites[0], os="linux"
    ) == [f"host-{number:04}" for number in (0, 2, 6, 8, 10)]
    assert await names(admin, q="online:false", client_id=partner.clients[1], hostname="HOST-0003") == ["host-0003"]


@pytest.mark.parametrize("query", ["client:client", "online:false or online:true", "name:0 or cpu:<101"])
async def test_what_most_machines_fulfil_is_found_in_every_order(
    admin: httpx.AsyncClient, partner: Partner, owner_url: str, query: str
) -> None:
    """Of more than 1,000 machines that are meant the page is met on the way through the order."""
    await plant_many(owner_url, partner, 1000)
    meant = await walked(admin, "hostname", query)
    assert len(meant) == 1012
    for sort in sorted(SORTS):
        for sign in ("", "-"):
            assert await walked(admin, f"{sign}{sort}", query) == meant, sort


async def walked(admin: httpx.AsyncClient, sort: str, query: str) -> set[str]:
    """All pages, by their cursors; every one says the same total."""
    seen: list[str] = []
    cursor = ""
    while True:
        asked: dict[str, Any] = {"sort": sort, "limit": 200, "cursor": cursor, "q": query}
        page = (await admin.get("/agents", params=asked)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            assert len(seen) == len(set(seen)) == page["total"]
            return set(seen)
        cursor = page["next_cursor"]


async def test_what_cannot_be_read_is_said_at_its_place(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/agents", params={"q": "web raam:8gb"})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid_query"
    assert problem["message"] == "There is no field “raam”: did you mean ram?"
    assert problem["details"] == {"field": "q", "offset": 4, "length": 4, "expected": ["ram"]}


@pytest.mark.parametrize(
    ("query", "wrong", "said"),
    [
        ("ram:8", "8", "“8” needs a unit: kb, mb, gb, tb."),
        ("ram:8xb", "8xb", "“xb” is no unit here: the unit can be kb, mb, gb, tb."),
        ("cores:4gb", "4gb", "“gb” is no unit here: it has none."),
        ("ram:many", "many", "“many” is no number like 8kb."),
        ("ram:8gb..4gb", "8gb", "The first value of a range is the smaller one."),
        ("a seen:7d", "7d", "seen needs one of <, <=, >, >= before its value."),
        ("seen:>99999w", "99999w", "That is more than a hundred years ago."),
        ("online:maybe", "maybe", "online is true or false."),
        ("problem:disk_fill", "disk_fill", "“disk_fill” is no problem: did you mean disk_full?"),
        ("ip:10.0.0.256", "10.0.0.256", "“10.0.0.256” is no address and no network like 10.0.0.0/8."),
        ("mac:xyz", "xyz", "“xyz” is no MAC address, nor a piece of one like 00:1a."),
        ("mac:0", "0", "“0” is no piece of a MAC address: that has two to twelve digits."),
        ("name:>web", ">", "name does not take “>”, but =."),
        ("name:a..b", "a", "name has no ranges: quotes belong around a value that holds “..”."),
        ("name:a=b", "a", "name has one value: quotes belong around one that holds “=”."),
        ('user:""', '""', 'Nothing is in these quotes: write user:="" for those without.'),
        ("elephant:1", "elephant", "There is no field “elephant”. Quotes make it text to look for."),
        ("(a", "(", "This “(” is never closed."),
    ],
)
async def test_every_mistake_has_its_sentence(admin: httpx.AsyncClient, query: str, wrong: str, said: str) -> None:
    problem = (await admin.get("/agents", params={"q": query})).json()
    assert (problem["code"], problem["message"]) == ("invalid_query", said)
    start, length = problem["details"]["offset"], problem["details"]["length"]
    assert query[start : start + length] == wrong


async def test_what_may_be_asked_for_is_described(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/search/fields")
    found = described(schemas.SearchFields, answer.content).items
    assert {field.name for field in found} == {field.name for field in DECLARED.search_fields.all()}
    for field in found:
        assert field.sentence.endswith("."), field.name
        assert field.examples, field.name
        for example in field.examples:
            assert (await admin.get("/agents", params={"q": example})).status_code == 200, example
    by_name = {field.name: field for field in found}
    assert by_name["online"].values == ["true", "false"]
    assert "disk_full" in by_name["problem"].values
    assert by_name["ram"].units == ["kb", "mb", "gb", "tb"]
    assert by_name["seen"].operators == ["<", "<=", ">", ">="]


PAGE = Path(__file__).parents[4] / "docs/howto/search.md"


async def test_every_example_of_the_help_page_can_be_asked(admin: httpx.AsyncClient) -> None:
    """First in its row of "how it is written", anywhere in a row of the other tables."""
    sections = dict(
        re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
    written = re.findall(r"^\| `(.*?)` \|", sections["How it is written"], re.MULTILINE)
    shown = re.findall(r"`([a-z]+:.*?)`", sections["Values"] + sections["By what"])
    assert len(written) > 8
    assert len(shown) > 40
    for query in (*written, *shown):
        answer = await admin.get("/agents", params={"q": query})
        assert answer.status_code == 200, (query, answer.text)


def test_the_help_page_has_every_field() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for field in DECLARED.search_fields.all():
        names = ", ".join(f"`{name}`" for name in (field.name, *field.aliases))
        assert f"| {names} | {field.sentence} | {' · '.join(f'`{each}`' for each in field.examples)} |" in page


async def test_a_query_shows_a_contact_their_client_only(api: Api, partner: Partner) -> None:
    async with api.as_(partner.person(Role.CLIENT_CONTACT, partner.clients[1])) as client:
        assert len(await names(client, q="online:true or online:false")) == 6
        assert await names(client, q='client:"client 0"') == []
        assert await names(client, q="name:host-0000") == []


async def test_a_query_shows_nothing_of_another_partner(api: Api, partner: Partner, other: Partner) -> None:
    async with api.as_(other.person()) as client:
        listed = (await client.get("/agents", params={"q": "not name:nobody"})).json()
        assert listed["total"] == 3
        assert {item["id"] for item in listed["items"]} == {str(agent) for agent in other.agents}


@pytest.mark.parametrize(
    "hostile",
    ["'", "';--", "$1", "{x}", "%s", "\\", "%", "_", "{", "}}", "::int", "\u202e", "😀", "'||pg_sleep(9)||'"],
)
async def test_nothing_escapes_its_value(admin: httpx.AsyncClient, hostile: str) -> None:
    for field in ("name", "os", "client", "model", "version"):
        assert await names(admin, q=f'{field}:="{hostile.replace(chr(92), chr(92) * 2)}"') == []
    assert await names(admin, q=f'name:"{hostile.replace(chr(92), chr(92) * 2)}"') == []
