"""Requests that create, sent twice: with a key they act once, and a failure says only what it knows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.idempotency.jobs import forget_old
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.kinds import Kind

from packages.server.tests.conftest import Engines
from packages.server.tests.lossy import Lossy, lossy

from .conftest import Answer, Api

KEY = "0198c5a0-1111-7222-8333-444455556666"


@pytest.fixture
async def wire(engines: Engines, database_name: str) -> AsyncIterator[tuple[Lossy, str]]:
    async with lossy(engines.database(engines.urls[Kind.API], database_name)) as wired:
        yield wired


@pytest.fixture
async def api_db(wire: tuple[Lossy, str]) -> AsyncIterator[Database]:
    """The api's database, behind a wire that can lose an answer."""
    database = Database(wire[1])
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def post(api: Api, path: str, body: Any, key: str | None = KEY, token: str | None = None) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await api.ask("POST", path, body, token=token or api.token(), headers=headers)


async def test_every_route_that_creates_takes_a_key(api: Api) -> None:
    document = (await api.ask("GET", "/openapi.json")).body
    creating = {
        path for path, item in document["paths"].items() if "post" in item and "201" in item["post"]["responses"]
    }
    taking = {
        path
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
        if method == "post"
    }
    assert len(creating) >= 8
    assert taking == creating | {"/api/v1/users/{user_id}/invitation"}


async def test_twice_is_once_and_the_first_answer(api: Api, owner: Any) -> None:
    first = await post(api, "/clients", {"name": "Harbor Dental"})
    again = await post(api, "/clients", {"name": "Harbor Dental"})
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    rows = [row for row in await api.audit() if row["operation"] == "client.created"]
    assert [row["details"]["name"] for row in rows].count("Harbor Dental") == 1
    assert await owner.fetchval("select count(*) from core.outbox where name = 'client.created'") == 3


async def test_a_command_runs_once_however_often_it_is_sent(api: Api, owner: Any) -> None:
    body = {"agent_ids": [str(api.own.ids["agent_id"])], "script": "echo once"}
    answers = await asyncio.gather(*(post(api, "/commands", body) for _ in range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["items"][0]["id"] for answer in answers}) == 1
    assert await owner.fetchval("select count(*) from core.commands where script = 'echo once'") == 1
    another = await post(api, "/commands", body, key=f"{KEY}2")
    assert another.body["items"][0]["id"] != answers[0].body["items"][0]["id"]


async def test_two_clicks_make_one_of_each(api: Api) -> None:
    ids = api.own.ids
    invite = {"email": "new@own.example", "role": "partner_tech"}
    for path, body in (
        ("/clients", {"name": "Twice"}),
        ("/sites", {"client_id": str(ids["client_id"]), "name": "Twice"}),
        (f"/sites/{ids['site_id']}/codes", {}),
        (f"/sites/{ids['site_id']}/codes/rotate", {}),
        ("/users", invite),
    ):
        one, other = await asyncio.gather(post(api, path, body), post(api, path, body))
        assert (one.status, other.status) == (201, 201), (path, one.body, other.body)
        assert one.body == other.body, path
    invited = await post(api, "/users", invite)
    renewed = [await post(api, f"/users/{invited.body['id']}/invitation", None) for _ in range(2)]
    assert renewed[0].status == 200
    assert renewed[0].body == renewed[1].body != invited.body["invitation_url"]


async def test_a_partner_is_made_once(api: Api, owner: Any) -> None:
    staff = api.token(None)
    body = {"name": "Once IT", "admin_email": "first@once.example"}
    first, again = [await post(api, "/platform/partners", body, token=staff) for _ in range(2)]
    assert (first.status, again.status) == (201, 201), first.body
    assert first.body == again.body
    assert await owner.fetchval("select count(*) from core.tenants where name = 'Once IT'") == 1


async def test_another_body_with_the_same_key_is_refused_in_words(api: Api, owner: Any) -> None:
    await post(api, "/clients", {"name": "One"})
    other = await post(api, "/clients", {"name": "Two"})
    assert (other.status, other.body["code"]) == (422, "idempotency_key_used")
    assert "another request" in other.body["message"]
    assert await owner.fetchval("select count(*) from core.clients where name = 'Two'") == 0


async def test_a_key_is_its_subjects_and_its_routes(api: Api) -> None:
    mine = await post(api, "/clients", {"name": "Mine"})
    theirs = await post(api, "/clients", {"name": "Mine"}, token=api.token(house=api.foreign))
    assert theirs.status == 201
    assert theirs.body["id"] != mine.body["id"]
    site = await post(api, "/sites", {"name": "Mine", "client_id": mine.body["id"]})
    assert (site.status, site.body["client_id"]) == (201, mine.body["id"])
    colleague = api.identity.tokens.issue(_colleague(api))
    same_name = await post(api, "/clients", {"name": "Mine"}, token=colleague)
    assert (same_name.status, same_name.body["code"]) == (409, "conflict")


def _colleague(api: Api) -> Any:
    from packages.server.tests.world import person

    return person(api.own.tenant_id, Role.PARTNER_TECH)


async def test_what_was_refused_may_be_asked_again(api: Api) -> None:
    body = {"client_id": str(new_id()), "name": "Later"}
    for _ in range(2):
        assert (await post(api, "/sites", body)).status == 404
    body["client_id"] = str(api.own.ids["client_id"])
    assert (await post(api, "/sites", body)).status == 201


@pytest.mark.parametrize("key", ["", "x" * 65, "tab\there", "schlüssel"])
async def test_what_is_no_key_is_said(api: Api, key: str) -> None:
    answer = await post(api, "/clients", {"name": "No"}, key=key)
    assert (answer.status, answer.body["details"][0]["field"]) == (422, "Idempotency-Key")


async def test_a_key_of_64_characters_is_one(api: Api) -> None:
    key = "".join(map(chr, range(33, 33 + 64)))
    answers = [await post(api, "/clients", {"name": "Long"}, key=key) for _ in range(2)]
    assert answers[0].body == answers[1].body


async def test_a_day_later_it_is_another_key(api: Api, owner: Any) -> None:
    path = f"/sites/{api.own.ids['site_id']}/codes"
    first = await post(api, path, {})
    await owner.execute("update core.idempotency_keys set at = now() - interval '23 hours 59 minutes'")
    assert await forget_old(api.db) == 0
    assert (await post(api, path, {})).body == first.body
    await owner.execute("update core.idempotency_keys set at = now() - interval '24 hours'")
    later = await post(api, path, {})
    assert later.body["id"] != first.body["id"]
    await owner.execute("update core.idempotency_keys set at = now() - interval '24 hours'")
    assert await forget_old(api.db) == 1
    assert await owner.fetchval("select count(*) from core.idempotency_keys") == 0


async def test_what_is_kept_cannot_be_read_without_the_key(api: Api, owner: Any) -> None:
    invited = await post(api, "/users", {"email": "new@own.example", "role": "partner_tech"})
    link = invited.body["invitation_url"].rpartition("/")[2].encode()
    row = await owner.fetchrow("select * from core.idempotency_keys")
    kept = b"".join(value for value in row.values() if isinstance(value, bytes))
    assert link not in kept
    assert KEY.encode() not in kept
    assert row["tenant_id"] == api.own.tenant_id


async def test_without_its_key_an_act_is_not_done(api: Api, owner: Any) -> None:
    await owner.execute("alter table core.idempotency_keys add check (status <> 201)")
    assert (await post(api, "/clients", {"name": "Half"})).status == 500
    assert await owner.fetchval("select count(*) from core.clients where name = 'Half'") == 0
    assert [row for row in await api.audit() if row["details"].get("name") == "Half"] == []


async def test_an_answer_too_long_to_keep_is_said_to_be_done(api: Api, owner: Any) -> None:
    machines = [str(api.own.ids["agent_id"])]
    machines += [str(await _machine(api, owner, number)) for number in range(39)]
    body = {"agent_ids": machines, "script": "#" * 120_000}
    assert (await post(api, "/commands", body)).status == 201
    again = await post(api, "/commands", body)
    assert (again.status, again.body["code"]) == (409, "idempotency_answer_not_kept")
    assert await owner.fetchval("select count(*) from core.commands where script is null") == 40


async def _machine(api: Api, owner: Any, number: int) -> Any:
    ids, agent_id = api.own.ids, new_id()
    await owner.execute(
        "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
        " hostname) values ($1, $2, $3, $4, 'c', 's', $5, $6)",
        *(api.own.tenant_id, agent_id, ids["client_id"], ids["site_id"], agent_id.bytes * 2, f"m{number}"),
    )
    await owner.execute(
        "insert into core.agent_state (tenant_id, agent_id, client_id) values ($1, $2, $3)",
        *(api.own.tenant_id, agent_id, ids["client_id"]),
    )
    return agent_id


async def test_an_answer_that_was_lost_is_not_said_to_be_nothing(api: Api, wire: tuple[Lossy, str], owner: Any) -> None:
    wire[0].armed = True
    lost = await post(api, "/clients", {"name": "Perhaps"}, key=None)
    assert wire[0].lost == 1
    assert (lost.status, lost.body["code"]) == (503, "outcome_unknown")
    assert "may have been carried out" in lost.body["message"]
    assert await owner.fetchval("select count(*) from core.clients where name = 'Perhaps'") == 1


async def test_with_a_key_the_server_finds_the_answer_that_was_lost(
    api: Api, wire: tuple[Lossy, str], owner: Any
) -> None:
    body = {"agent_ids": [str(api.own.ids["agent_id"])], "script": "echo found"}
    wire[0].armed = True
    found = await post(api, "/commands", body)
    assert wire[0].lost == 1
    assert found.status == 201, found.body
    again = await post(api, "/commands", body)
    assert again.body == found.body
    assert await owner.fetchval("select count(*) from core.commands where script = 'echo found'") == 1


async def test_before_anything_is_committed_it_says_that_nothing_was_changed(api: Api, owner: Any) -> None:
    async with owner.transaction():
        await owner.execute("lock table core.clients in access exclusive mode")
        asking = asyncio.create_task(post(api, "/clients", {"name": "Never"}, key=None))
        while not await owner.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database()"
        ):
            await asyncio.sleep(0)
        answer = await asking
    assert (answer.status, answer.body["code"]) == (503, "unavailable")
    assert "Nothing was changed" in answer.body["message"]
    assert await owner.fetchval("select count(*) from core.clients where name = 'Never'") == 0
