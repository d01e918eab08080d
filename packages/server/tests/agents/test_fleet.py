"""The fleet list: exact shapes, every sort walked page by page, search, filters, and whose machines."""

import itertools
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.fleet import schemas
from gururmm_server.core.fleet.filter import patterns
from gururmm_server.core.fleet.service import SORTS
from gururmm_server.infra.paging import Page

from packages.server.tests.world import Api, Partner


async def names(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/agents", params=query)
    assert answer.status_code == 200, answer.text
    return [item["hostname"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("A4-BB-6D-0F-D5-C5", "%a4:bb:6d:0f:d5:c5%"),
        ("a4bb6d0fd5c5", "%a4:bb:6d:0f:d5:c5%"),
        ("a4bb.6d0f.d5c5", "%a4:bb:6d:0f:d5:c5%"),
        ("0f-d5-c5", "%0f:d5:c5%"),
        ("de-ad", "%de-ad%"),
        ("2026-10-11", "%2026-10-11%"),
        ("deadbeef", "%deadbeef%"),
    ],
)
def test_a_mac_address_is_found_however_it_is_written(said: str, stored: str) -> None:
    assert patterns(said) == [stored]


async def test_rows_have_exactly_the_described_shape(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/agents")
    page = Page[schemas.AgentRow].model_validate_json(answer.content)
    assert page.total == 12
    first = page.items[0]
    assert (first.hostname, first.status, first.client_name, first.user) == ("host-0000", "online", "Client 0", "anna")
    assert first.cpu_percent is None
    assert first.memory_percent == 0
    assert page.items[1].cpu_percent == 0.7
    assert page.items[1].online_since is None
    assert answer.json()["items"][0]["last_seen"].endswith("Z")


async def test_every_sort_gives_every_machine_once_over_pages(admin: httpx.AsyncClient) -> None:
    for sort, sign, search in itertools.product(sorted(SORTS), ("", "-"), ("", "debian")):
        await walk(admin, sort, sign, search)


async def walk(admin: httpx.AsyncClient, sort: str, sign: str, search: str) -> None:
    """All pages of a sort, five rows each."""
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        query: dict[str, Any] = {"sort": f"{sign}{sort}", "limit": 5, "cursor": cursor, "search": search}
        page = (await admin.get("/agents", params=query)).json()
        assert page["total"] == 12
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert len({item["id"] for item in seen}) == len(seen) == 12
    if sort in {"cpu", "memory", "disk"}:
        values = [item[f"{sort}_percent"] for item in seen]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=bool(sign))
        assert values[: len(known)] == known, "what is not known comes last, both ways"


async def test_words_of_a_search_must_all_occur(admin: httpx.AsyncClient) -> None:
    assert await names(admin, search="HOST-0003") == ["host-0003"]
    assert await names(admin, search="192.0.2.7") == ["host-0007"]
    assert await names(admin, search="anna 0011 debian") == ["host-0011"]
    assert await names(admin, search="anna nobody") == []
    assert len(await names(admin, search="q")) == 0
    assert len(await names(admin, search="a")) == 12


async def test_wildcards_are_letters(admin: httpx.AsyncClient) -> None:
    for wild in ("%", "ho%0003", "host_0003", "\\", "%%%", "___"):
        assert await names(admin, search=wild) == [], wild


async def test_a_common_word_gives_the_same_as_a_rare_one(
    admin: httpx.AsyncClient, partner: Partner, owner_url: str
) -> None:
    """Of 12 machines and of 1,012: the second way begins where more than 1,000 are meant, as all of them are here."""
    expected = {sort: await names(admin, search="client", sort=sort) for sort in SORTS}
    await plant_many(owner_url, partner, 1000)
    for sort, rows in expected.items():
        everything = await names(admin, sort=sort, limit=200)
        first = (await admin.get("/agents", params={"search": "client", "sort": sort, "limit": 4})).json()
        assert first["total"] == 1012
        assert [item["hostname"] for item in first["items"]] == everything[:4]
        cursor = first["next_cursor"]
        after = await names(admin, search="client", sort=sort, limit=4, cursor=cursor)
        assert after == everything[4:8]
        both = await names(admin, search="client host", sort=sort, limit=200)
        assert both == rows, "a rare word beside it, which means the first twelve"


async def plant_many(owner_url: str, partner: Partner, count: int) -> None:
    """More machines like the Partner's first, called `more-0001` and so on."""
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        """with made as (
          insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,
            hostname)
          select tenant_id, gen_random_uuid(), client_id, site_id, client_name, site_name, sha256(n::text::bytea),
            'more-' || to_char(n, 'FM0000')
          from core.agents, generate_series(1, $2::int) n where agent_id = $1 returning tenant_id, agent_id, client_id
        )
        insert into core.agent_state (tenant_id, agent_id, client_id)
        select tenant_id, agent_id, client_id from made""",
        partner.agents[0],
        count,
    )
    await owner.close()


async def test_filters(admin: httpx.AsyncClient, partner: Partner, owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "update core.agent_state set problems = '{disk_full}' where agent_id = any($1)", partner.agents[3:5]
    )
    await owner.close()
    assert len(await names(admin, status="online")) == 6
    assert await names(admin, status="problem") == ["host-0003", "host-0004"]
    assert await names(admin, status="problem", client_id=partner.clients[0], sort="-disk") == ["host-0004"]
    assert len(await names(admin, site_id=partner.sites[1])) == 6
    assert len(await names(admin, os="windows")) == 0
    assert await names(admin, status="offline", search="0005", sort="-cpu") == ["host-0005"]


async def test_a_whole_name_is_found_whatever_its_case(admin: httpx.AsyncClient) -> None:
    assert await names(admin, hostname="HOST-0005") == ["host-0005"]
    assert await names(admin, hostname="host-000") == []


async def test_nothing_of_another_partner(api: Api, partner: Partner, other: Partner) -> None:
    async with api.as_(other.person()) as client:
        listed = (await client.get("/agents")).json()
        assert listed["total"] == 3
        assert {item["id"] for item in listed["items"]} == {str(agent) for agent in other.agents}
        assert await names(client, site_id=partner.sites[0]) == []
        assert await names(client, client_id=partner.clients[0]) == []
        for path in ("", "/software", "/metrics", "/changes", "/processes", "/folders"):
            answer = await client.get(f"/agents/{partner.agents[0]}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "agent_not_found"), path
        assert (await client.delete(f"/agents/{partner.agents[0]}")).status_code == 404
        moved = await client.patch(f"/agents/{other.agents[0]}", json={"site_id": str(partner.sites[0])})
        assert (moved.status_code, moved.json()["code"]) == (404, "site_not_found")


async def test_a_client_contact_sees_its_client_only(api: Api, partner: Partner) -> None:
    person = partner.person(Role.CLIENT_CONTACT, partner.clients[1])
    async with api.as_(person) as client:
        assert len(await names(client)) == 6
        assert len(await names(client, sort="-cpu", status="offline")) == 6
        assert await names(client, client_id=partner.clients[0]) == []
        assert await names(client, site_id=partner.sites[0]) == []
        assert (await client.get(f"/agents/{partner.agents[1]}")).status_code == 200
        for path in ("", "/software", "/metrics", "/changes"):
            assert (await client.get(f"/agents/{partner.agents[0]}{path}")).status_code == 404
        for path in ("/processes", "/folders"):
            assert (await client.get(f"/agents/{partner.agents[1]}{path}")).status_code == 403
        overview = (await client.get("/overview")).json()
        assert overview["agents"]["total"] == 6
        assert [site["id"] for site in overview["sites"]] == [str(partner.sites[1])]
        assert (await client.delete(f"/agents/{partner.agents[1]}")).status_code == 403
        assert (await client.patch(f"/agents/{partner.agents[1]}", json={})).status_code == 403


async def test_malformed_queries_are_refused(admin: httpx.AsyncClient) -> None:
    for query in ("sort=nonsense", "limit=0", "limit=201", "cursor=%%%", "status=dead", "client_id=1", "search=%00"):
        assert (await admin.get(f"/agents?{query}")).status_code == 422, query


async def _plant_machines(owner: asyncpg.Connection, *partners: Partner) -> None:
    for each in partners:
        await owner.execute(
            "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
            " hostname) select $1, gen_random_uuid(), $2, $3, 'C', 'S', sha256('x'), 'planted-' || n"
            " from generate_series(1, 2000) n",
            each.tenant_id,
            each.clients[0],
            each.sites[0],
        )
    await owner.execute("analyze core.agents")


@pytest.mark.parametrize("sort", ["hostname", "os", "client", "site"])
async def test_a_page_reads_an_index_from_where_it_begins(
    partner: Partner, other: Partner, owner_url: str, sort: str
) -> None:
    key = SORTS[sort].expression
    owner = await asyncpg.connect(owner_url)
    await _plant_machines(owner, partner, other)
    async with owner.transaction():
        await owner.execute("set local role gururmm_app")
        await owner.execute(f"set local gururmm.tenant_id = '{partner.tenant_id}'; set local gururmm.clients = '*'")
        page = f"select a.agent_id from core.machines a where ({key}, a.agent_id) > ('m', '{UUID(int=1)}')"
        plan = "\n".join(row[0] for row in await owner.fetch(f"explain {page} order by {key}, a.agent_id limit 51"))
    await owner.close()
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert f"ROW({key.removeprefix('a.')}, agent_id) >" in condition, plan


async def test_the_search_reads_the_trigram_index_with_the_tenant_inside(
    partner: Partner, other: Partner, owner_url: str
) -> None:
    owner = await asyncpg.connect(owner_url)
    body = await owner.fetchval("select prosrc from pg_proc where proname = 'search_agents'")
    await _plant_machines(owner, partner, other)
    async with owner.transaction():
        await owner.execute("set local role gururmm_definer")
        await owner.execute(f"set local gururmm.tenant_id = '{partner.tenant_id}'")
        plan = "\n".join(row[0] for row in await owner.fetch("explain " + body.replace("pattern", "'%host-0003%'")))
    await owner.close()
    assert "Bitmap Index Scan on agents_search" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "tenant_id =" in condition
    assert "search_text ~~" in condition
