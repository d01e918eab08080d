"""Saved views: whose they are, who else has them, and that none is kept that cannot be read."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.views import schemas
from gururmm_server.core.views.errors import ViewsOfEveryClient
from gururmm_server.core.views.routes import build_router
from gururmm_server.core.views.service import MOST_VIEWS, SavedViews
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id

from packages.server.tests.world import DECLARED, Api, Partner, described, plant

FULL: dict[str, Any] = {
    "name": "Full disks",
    "query": "disk:>90% online:true",
    "sort": "-disk",
    "columns": ["hostname", "disk"],
    "shared": False,
}


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=0)


@pytest.fixture
def views(api_db: Database) -> SavedViews:
    return SavedViews(api_db, DECLARED.search_fields)


@pytest.fixture
def api(views: SavedViews) -> Api:
    return Api(build_router(views))


@pytest.fixture
async def tech(api: Api, partner: Partner) -> AsyncIterator[httpx.AsyncClient]:
    async with api.as_(partner.person(Role.PARTNER_TECH)) as client:
        yield client


@pytest.fixture
async def colleague(api: Api, partner: Partner) -> AsyncIterator[httpx.AsyncClient]:
    async with api.as_(partner.person(Role.PARTNER_TECH)) as client:
        yield client


@pytest.fixture
async def admin(api: Api, partner: Partner) -> AsyncIterator[httpx.AsyncClient]:
    async with api.as_(partner.person()) as client:
        yield client


async def names(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/views")
    return [item.name for item in described(schemas.Views, answer.content).items]


async def save(client: httpx.AsyncClient, **other: Any) -> str:
    answer = await client.post("/views", json=FULL | other)
    assert answer.status_code == 201, answer.text
    return str(described(schemas.View, answer.content).id)


async def test_a_view_is_kept_as_it_was_given(tech: httpx.AsyncClient) -> None:
    await save(tech)
    (view,) = (await tech.get("/views")).json()["items"]
    assert {name: view[name] for name in FULL} == FULL
    assert (view["own"], view["saved_by"]) == (True, "partner_tech@example.org")


async def test_what_is_private_is_its_owners_alone(
    tech: httpx.AsyncClient, colleague: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    view_id = await save(tech)
    for other in (colleague, admin):
        assert await names(other) == []
        assert (await other.patch(f"/views/{view_id}", json={"name": "Mine"})).status_code == 404
        assert (await other.delete(f"/views/{view_id}")).status_code == 404


async def test_what_is_shared_is_everybodys_to_read(
    tech: httpx.AsyncClient, colleague: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    view_id = await save(tech, shared=True)
    (seen,) = (await colleague.get("/views")).json()["items"]
    assert (seen["name"], seen["own"]) == ("Full disks", False)
    refused = await colleague.patch(f"/views/{view_id}", json={"name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (404, "view_not_found")
    assert (await colleague.delete(f"/views/{view_id}")).status_code == 404
    assert (await admin.patch(f"/views/{view_id}", json={"name": "Full"})).json()["name"] == "Full"
    assert (await admin.patch(f"/views/{view_id}", json={"shared": False})).json()["shared"] is False
    assert await names(admin) == []
    assert await names(tech) == ["Full"]


async def test_a_change_leaves_the_rest_as_it_is(tech: httpx.AsyncClient) -> None:
    view_id = await save(tech)
    changed = (await tech.patch(f"/views/{view_id}", json={"query": "disk:>95%"})).json()
    assert {name: changed[name] for name in FULL} == FULL | {"query": "disk:>95%"}
    assert (await tech.delete(f"/views/{view_id}")).status_code == 204
    assert await names(tech) == []


async def test_views_are_listed_by_their_names(tech: httpx.AsyncClient) -> None:
    for name in ("view 10", "View 2", "Ärger", "zebra"):
        await save(tech, name=name)
    assert await names(tech) == ["Ärger", "View 2", "view 10", "zebra"]


async def test_a_person_has_a_name_once(tech: httpx.AsyncClient, colleague: httpx.AsyncClient) -> None:
    await save(tech)
    again = await tech.post("/views", json=FULL | {"name": "FULL disks"})
    assert (again.status_code, again.json()["code"]) == (409, "view_exists")
    await save(colleague)
    other = await save(tech, name="Other")
    assert (await tech.patch(f"/views/{other}", json={"name": "full DISKS"})).status_code == 409
    assert (await tech.patch(f"/views/{other}", json={"name": "other"})).json()["name"] == "other"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"query": "raam:8gb"}, "invalid_query"),
        ({"query": "x" * 501}, "invalid_query"),
        ({"sort": "colour"}, "invalid_input"),
        ({"sort": "name; drop table"}, "invalid_input"),
        ({"name": " "}, "invalid_input"),
        ({"name": "a\nb"}, "invalid_input"),
        ({"columns": ["<script>"]}, "invalid_input"),
        ({"columns": ["a"] * 31}, "invalid_input"),
    ],
)
async def test_what_cannot_be_used_is_not_kept(tech: httpx.AsyncClient, wrong: dict[str, Any], code: str) -> None:
    view_id = await save(tech, name="Good")
    for answer in (
        await tech.post("/views", json=FULL | wrong),
        await tech.patch(f"/views/{view_id}", json=wrong),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await names(tech) == ["Good"]


async def test_a_person_has_so_many_views_at_most(tech: httpx.AsyncClient, owner_url: str) -> None:
    await save(tech, name="0")
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "insert into core.saved_views (tenant_id, view_id, owner_id, name, query, sort, columns, shared, saved_by)"
        " select tenant_id, gen_random_uuid(), owner_id, n::text, '', 'hostname', '{}', false, 'x'"
        " from core.saved_views, generate_series(1, $1::int) n",
        MOST_VIEWS - 1,
    )
    await owner.close()
    answer = await tech.post("/views", json=FULL)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_views")


async def test_whoever_sees_some_clients_has_no_views(
    api: Api, partner: Partner, views: SavedViews, tech: httpx.AsyncClient
) -> None:
    await save(tech, shared=True, query='client:="client 0"')
    async with api.as_(partner.person(Role.CLIENT_CONTACT, partner.clients[1])) as contact:
        assert (await contact.get("/views")).status_code == 403
    limited = Scope(
        subject=partner.person(Role.PARTNER_TECH).subject,
        tenant_id=partner.tenant_id,
        client_ids=frozenset({partner.clients[1]}),
    )
    assert (await views.all(limited)).items == []
    with pytest.raises(ViewsOfEveryClient):
        await views.save(limited, schemas.NewView(name="Mine"))


async def test_nothing_of_another_partner(api: Api, tech: httpx.AsyncClient, owner_url: str) -> None:
    view_id = await save(tech, shared=True)
    other = await plant(owner_url, "Somebody else", machines=0)
    async with api.as_(other.person()) as stranger:
        assert await names(stranger) == []
        assert (await stranger.patch(f"/views/{view_id}", json={"name": "Taken"})).status_code == 404
        assert (await stranger.delete(f"/views/{new_id()}")).status_code == 404


async def test_each_act_is_in_the_audit(tech: httpx.AsyncClient, owner_url: str) -> None:
    view_id = await save(tech)
    await tech.patch(f"/views/{view_id}", json={"shared": True})
    await tech.delete(f"/views/{view_id}")
    owner = await asyncpg.connect(owner_url)
    rows = await owner.fetch("select operation, details from core.audit_log where operation like 'view.%' order by seq")
    await owner.close()
    assert [row["operation"] for row in rows] == ["view.saved", "view.changed", "view.deleted"]
    assert all(view_id in str(row["details"]) for row in rows)
