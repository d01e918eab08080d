"""Tags: hung on many at once, found by a query, seen by whoever sees what they hang on."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.fleet.filter import FleetFilter
from gururmm_server.core.fleet.service import SORTS, AgentService
from gururmm_server.core.post.service import Post
from gururmm_server.core.tags import schemas
from gururmm_server.core.tags.routes import build_router
from gururmm_server.core.tags.service import MOST_TAGS, Tags
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import parse_page

from packages.server.tests.world import DECLARED, Api, Partner, described, plant


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=6)


@pytest.fixture
def agents(api_db: Database, bus: Bus) -> AgentService:
    return AgentService(api_db, Post(bus.publish), fields=DECLARED.search_fields)


@pytest.fixture
def api(api_db: Database, agents: AgentService) -> Api:
    return Api(build_router(Tags(api_db, agents)))


@pytest.fixture
async def tech(api: Api, partner: Partner) -> AsyncIterator[httpx.AsyncClient]:
    async with api.as_(partner.person(Role.PARTNER_TECH)) as client:
        yield client


async def tag(client: httpx.AsyncClient, **change: Any) -> None:
    answer = await client.post("/tags", json=change)
    assert answer.status_code == 204, answer.text


async def found(agents: AgentService, partner: Partner, query: str, scope: Scope | None = None) -> list[int]:
    """The places of the machines that a query means."""
    page = parse_page(SORTS, sort="hostname")
    rows = await agents.page(scope or system_scope(partner.tenant_id), FleetFilter(q=query), page)
    return [partner.agents.index(row.id) for row in rows.items]


async def test_machines_are_found_by_their_tags_and_those_of_their_place(
    tech: httpx.AsyncClient, agents: AgentService, partner: Partner
) -> None:
    await tag(tech, agent_ids=[str(partner.agents[0]), str(partner.agents[1])], add=["VIP", "new"])
    await tag(tech, site_ids=[str(partner.sites[1])], add=["cellar"])
    await tag(tech, client_ids=[str(partner.clients[0])], add=["gold"])
    assert await found(agents, partner, "tag:vip") == [0, 1]
    assert await found(agents, partner, "tag:cellar") == [1, 3, 5]
    assert await found(agents, partner, "tag:GOLD") == [0, 2, 4]
    assert await found(agents, partner, "not tag:gold tag:vip") == [1]
    assert await found(agents, partner, "tag:vi") == []
    listed = described(schemas.AgentTags, (await tech.get(f"/agents/{partner.agents[1]}/tags")).content)
    assert [(each.tag, each.of) for each in listed.items] == [("cellar", "site"), ("new", "agent"), ("vip", "agent")]
    counts = described(schemas.TagCounts, (await tech.get("/tags")).content)
    assert [(each.tag, each.agents, each.sites, each.clients) for each in counts.items] == [
        ("cellar", 0, 1, 0),
        ("gold", 0, 0, 1),
        ("new", 2, 0, 0),
        ("vip", 2, 0, 0),
    ]


async def test_all_that_a_filter_means_is_tagged(
    tech: httpx.AsyncClient, agents: AgentService, partner: Partner
) -> None:
    await tag(tech, filter={"q": "online:false", "client_id": str(partner.clients[1])}, add=["away"])
    assert await found(agents, partner, "tag:away") == [1, 3, 5]
    wrong = await tech.post("/tags", json={"filter": {"q": "raam:1gb"}, "add": ["x"]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_query")


async def test_tagging_twice_is_tagging_once_and_tags_come_off(
    tech: httpx.AsyncClient, agents: AgentService, partner: Partner
) -> None:
    first = [str(partner.agents[0])]
    for _ in range(2):
        await tag(tech, agent_ids=first * 2, add=["a", "b"])
    await tag(tech, agent_ids=first, add=["c"], remove=["a", "nothing"])
    listed = (await tech.get(f"/agents/{partner.agents[0]}/tags")).json()["items"]
    assert [each["tag"] for each in listed] == ["b", "c"]
    assert await found(agents, partner, "tag:a") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"add": ["x"]},
        {"agent_ids": ["{agent}"]},
        {"agent_ids": ["{agent}"], "add": [""]},
        {"agent_ids": ["{agent}"], "add": ["two words"]},
        {"agent_ids": ["{agent}"], "add": ["-x"]},
        {"agent_ids": ["{agent}"], "add": ["x" * 41]},
        {"agent_ids": ["{agent}"], "add": ["<b>"]},
        {"agent_ids": ["{agent}"], "add": [f"t{number}" for number in range(21)]},
    ],
)
async def test_what_is_no_tag_is_refused(tech: httpx.AsyncClient, partner: Partner, wrong: dict[str, Any]) -> None:
    body = {name: [each.replace("{agent}", str(partner.agents[0])) for each in said] for name, said in wrong.items()}
    answer = await tech.post("/tags", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_thing_has_so_many_tags_at_most(tech: httpx.AsyncClient, partner: Partner) -> None:
    first = [str(partner.agents[0])]
    await tag(tech, agent_ids=first, add=[f"t{number}" for number in range(MOST_TAGS)])
    answer = await tech.post("/tags", json={"agent_ids": first, "add": ["more"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_tags")
    assert len((await tech.get(f"/agents/{partner.agents[0]}/tags")).json()["items"]) == MOST_TAGS
    await tag(tech, agent_ids=first, add=["more"], remove=["t0"])


async def test_nothing_of_others_is_tagged_or_told(
    api: Api, tech: httpx.AsyncClient, agents: AgentService, partner: Partner, owner_url: str
) -> None:
    other = await plant(owner_url, "Somebody else", machines=1)
    for theirs in (
        {"agent_ids": [str(partner.agents[0]), str(other.agents[0])]},
        {"site_ids": [str(other.sites[0])]},
        {"client_ids": [str(other.clients[0])]},
    ):
        answer = await tech.post("/tags", json={**theirs, "add": ["x"]})
        assert (answer.status_code, answer.json()["code"]) == (404, "tagged_not_found")
    assert (await tech.get(f"/agents/{other.agents[0]}/tags")).status_code == 404
    assert await found(agents, partner, "tag:x") == []
    await tag(tech, client_ids=[str(partner.clients[0])], add=["gold"])
    await tag(tech, agent_ids=[str(partner.agents[0])], add=["vip"])
    async with api.as_(partner.person(Role.CLIENT_CONTACT, partner.clients[1])) as contact:
        assert (await contact.get("/tags")).json()["items"] == []
        assert (
            await contact.post("/tags", json={"agent_ids": [str(partner.agents[1])], "add": ["x"]})
        ).status_code == 403
    subject = partner.person(Role.PARTNER_TECH).subject
    limited = Scope(subject=subject, tenant_id=partner.tenant_id, client_ids=frozenset({partner.clients[1]}))
    assert await found(agents, partner, "tag:gold or tag:vip", limited) == []


async def test_each_change_is_in_the_audit(tech: httpx.AsyncClient, partner: Partner, owner_url: str) -> None:
    await tag(tech, agent_ids=[str(partner.agents[0])], add=["vip"], remove=["old"])
    owner = await asyncpg.connect(owner_url)
    rows = await owner.fetch("select details from core.audit_log where operation = 'tags.changed'")
    await owner.close()
    assert len(rows) == 1
    for said in ("vip", "old", str(partner.agents[0])):
        assert said in str(rows[0]["details"])
