"""Questions to a machine: the answer of the right one, in time, or a clear no."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from gururmm_server.core.fleet import schemas
from gururmm_server.core.post import traffic
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import decode_from_server, encode
from gururmm_wire.v2.agent import Answer
from gururmm_wire.v2.names import UNKNOWN_KIND
from gururmm_wire.v2.server import Query

from packages.server.tests.world import Api, Partner, described

Reply = Callable[[bytes, Query], list[bytes]]


@asynccontextmanager
async def answering(bus: Bus, reply: Reply) -> AsyncIterator[list[Query]]:
    """A gateway `gw-1` whose agents say what `reply` says."""
    asked: list[Query] = []

    async def deliver(_subject: str, payload: bytes) -> None:
        told = msgspec.msgpack.decode(payload, type=traffic.Deliver)
        query = decode_from_server(told.message)
        assert isinstance(query, Query)
        asked.append(query)
        for answer in reply(told.agent_id, query):
            await bus.publish(traffic.answer(UUID(bytes=query.query_id)), answer)

    subscription = await bus.subscribe("gateway.gw-1.deliver", deliver)
    yield asked
    await subscription.stop()


def says(data: Any, ok: bool = True, message: str = "") -> Reply:
    return lambda agent_id, query: [agent_id + encode(Answer(query.query_id, ok, message, data))]


async def test_processes_are_sorted(admin: httpx.AsyncClient, partner: Partner, bus: Bus) -> None:
    items = [{"pid": 1, "cpu_percent": 2.5, "name": "b"}, {"pid": 2, "cpu_percent": 9, "name": "A"}, {"pid": 3}]
    async with answering(bus, says({"items": items, "truncated": True})) as asked:
        path = f"/agents/{partner.agents[0]}/processes"
        answer = (await admin.get(path)).json()
        assert [item["pid"] for item in answer["items"]] == [2, 1, 3]
        assert answer["truncated"] is True
        assert answer["at"].endswith("Z")
        by_name = (await admin.get(path, params={"sort": "name"})).json()
        assert [item["pid"] for item in by_name["items"]] == [3, 2, 1]
        assert asked[0].kind == "processes"


async def test_a_machines_word_has_the_described_shape_whatever_it_was(
    admin: httpx.AsyncClient, partner: Partner, bus: Bus
) -> None:
    odd = {"pid": "x", "name": 5, "cpu_percent": "x", "rss": True, "started": [1], "command": None, "more": {"a": 1}}
    path = f"/agents/{partner.agents[0]}"
    async with answering(bus, says({"items": [odd, "no item", {"pid": 7, "cpu_percent": 1, "started": 2.5}]})):
        answer = await admin.get(f"{path}/processes")
    page = described(schemas.Processes, answer.content)
    assert [(row.pid, row.name, row.cpu_percent, row.rss, row.started) for row in page.items] == [
        (7, "", 1, None, 2.5),
        (0, "", None, None, None),
    ]
    async with answering(bus, says({"path": 3, "items": [{"name": [], "bytes": "x", "files": 1.5}]})):
        answer = await admin.get(f"{path}/folders", params={"path": "/var"})
    folders = described(schemas.Folders, answer.content)
    assert folders.path == "/var"
    assert [(row.name, row.bytes, row.files) for row in folders.items] == [("", 0, 0)]


async def test_folders(admin: httpx.AsyncClient, partner: Partner, bus: Bus) -> None:
    async with answering(bus, says({"path": "/var", "items": [{"name": "log", "bytes": 5, "files": 2}]})) as asked:
        answer = await admin.get(f"/agents/{partner.agents[0]}/folders", params={"path": "/var"})
        assert answer.json() == {"path": "/var", "items": [{"name": "log", "bytes": 5, "files": 2}], "truncated": False}
        assert asked[0].arguments == {"path": "/var"}


class Question(NamedTuple):
    """What is asked of a machine, and what the audit says of it."""

    path: str
    operation: str
    details: dict[str, Any]


QUESTIONS = pytest.mark.parametrize(
    "question",
    [
        Question("processes?sort=name", "agent.processes", {}),
        Question("folders?path=/root", "agent.folders", {"path": "/root"}),
    ],
    ids=lambda question: question.operation,
)


@QUESTIONS
async def test_the_row_is_there_before_the_machine_is_asked(
    admin: httpx.AsyncClient, partner: Partner, bus: Bus, owner_url: str, question: Question
) -> None:
    owner = await asyncpg.connect(owner_url)
    rows_when_asked: list[list[asyncpg.Record]] = []

    async def look(_subject: str, payload: bytes) -> None:
        rows_when_asked.append(await owner.fetch("select * from core.tunnel_audit"))
        told = msgspec.msgpack.decode(payload, type=traffic.Deliver)
        query = decode_from_server(told.message)
        answer = told.agent_id + encode(Answer(query.query_id, True, "", {"items": []}))
        await bus.publish(traffic.answer(UUID(bytes=query.query_id)), answer)

    subscription = await bus.subscribe("gateway.gw-1.deliver", look)
    assert (await admin.get(f"/agents/{partner.agents[0]}/{question.path}")).status_code == 200
    await subscription.stop()
    [[row]] = rows_when_asked
    assert (row["operation"], row["agent_id"]) == (question.operation, partner.agents[0])
    assert json.loads(row["details"]) == question.details
    assert row["actor"] == partner.person().email
    await owner.close()


@QUESTIONS
async def test_without_a_row_nothing_is_asked(
    api: Api, partner: Partner, bus: Bus, owner_url: str, question: Question
) -> None:
    owner = await asyncpg.connect(owner_url)
    await owner.execute("alter function core.append_audit rename to append_audit_away")
    async with answering(bus, says({"items": []})) as asked, api.as_(partner.person()) as client:
        with pytest.raises(asyncpg.UndefinedFunctionError):
            await client.get(f"/agents/{partner.agents[0]}/{question.path}")
        await owner.execute("alter function core.append_audit_away rename to append_audit")
        assert (await client.get(f"/agents/{partner.agents[0]}/{question.path}")).status_code == 200
        assert len(asked) == 1
    assert await owner.fetchval("select count(*) from core.tunnel_audit where operation = $1", question.operation) == 1
    await owner.close()


async def test_no_folder_has_a_nul_in_its_name(admin: httpx.AsyncClient, partner: Partner) -> None:
    assert (await admin.get(f"/agents/{partner.agents[0]}/folders", params={"path": "/\0"})).status_code == 422


async def test_an_agent_that_does_not_know_the_question_is_too_old_for_it(
    admin: httpx.AsyncClient, partner: Partner, bus: Bus
) -> None:
    def reply(agent_id: bytes, query: Query) -> list[bytes]:
        return [agent_id + encode(Answer(query.query_id, ok=False, message="what?", code=UNKNOWN_KIND))]

    async with answering(bus, reply):
        answer = await admin.get(f"/agents/{partner.agents[0]}/processes")
    assert (answer.status_code, answer.json()["code"]) == (409, "agent_refused")
    assert "too old" in answer.json()["message"]


async def test_offline_is_said_at_once(admin: httpx.AsyncClient, partner: Partner) -> None:
    answer = await admin.get(f"/agents/{partner.agents[1]}/processes")
    assert (answer.status_code, answer.json()["code"]) == (409, "agent_offline")


async def test_silence_is_said_in_time(admin: httpx.AsyncClient, partner: Partner) -> None:
    answer = await admin.get(f"/agents/{partner.agents[0]}/processes")
    assert (answer.status_code, answer.json()["code"]) == (504, "agent_silent")


async def test_another_machine_cannot_answer(admin: httpx.AsyncClient, partner: Partner, bus: Bus) -> None:
    def forge(agent_id: bytes, query: Query) -> list[bytes]:
        lie = encode(Answer(query.query_id, True, "", {"items": [{"pid": 666}]}))
        truth = encode(Answer(query.query_id, True, "", {"items": [{"pid": 1}]}))
        return [partner.agents[2].bytes + lie, agent_id + b"\xc1 not a message", b"", agent_id + truth]

    async with answering(bus, forge):
        answer = (await admin.get(f"/agents/{partner.agents[0]}/processes")).json()
        assert [item["pid"] for item in answer["items"]] == [1]


async def test_a_refusal_is_passed_on(admin: httpx.AsyncClient, partner: Partner, bus: Bus) -> None:
    async with answering(bus, says(None, ok=False, message="no such folder")):
        answer = await admin.get(f"/agents/{partner.agents[0]}/folders", params={"path": "/nowhere"})
        assert (answer.status_code, answer.json()["code"]) == (409, "agent_refused")
        assert "no such folder" in answer.json()["message"]


async def test_hostile_answers_are_only_data(admin: httpx.AsyncClient, partner: Partner, bus: Bus) -> None:
    for data in (
        7,
        ["x"],
        {"items": 5},
        {"items": [1, None, {"cpu_percent": "x"}, {"cpu_percent": [1]}, {"cpu_percent": 1}]},
    ):
        async with answering(bus, says(data)):
            answer = await admin.get(f"/agents/{partner.agents[0]}/processes")
            assert answer.status_code == 200, data


async def test_what_json_cannot_say_is_made_plain_or_refused(
    admin: httpx.AsyncClient, partner: Partner, bus: Bus
) -> None:
    path = f"/agents/{partner.agents[0]}/processes"
    for data, status in (
        ({"items": [{"pid": 1, "name": msgspec.msgpack.Ext(5, b"x")}]}, 409),
        ({"items": [{"pid": 1, "x": {(1, 2): 3}}]}, 409),
        ({"items": [{"pid": 1, "x": {None: 3}}]}, 409),
        ({"items": [{"pid": 1, 7: b"bytes", "cpu_percent": float("nan")}], 3: 4}, 200),
    ):
        async with answering(bus, says(data)):
            answer = await admin.get(path)
            assert answer.status_code == status, (data, answer.text)
            assert status == 200 or answer.json()["code"] == "agent_refused"
