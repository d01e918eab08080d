"""Commands from the click: durable, audited, told to the machine, and never anybody else's."""

import asyncio
import time
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.commands import schemas
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import encode
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import Page
from gururmm_wire import orders
from gururmm_wire.codec import encode as encode_wire
from gururmm_wire.v2.limits import SCRIPT_BYTES
from gururmm_wire.v2.server import RunCommand

from packages.server.tests.commands.acts import finish, queue
from packages.server.tests.commands.conftest import Hub, Traffic
from packages.server.tests.world import Api, Partner, described


async def test_a_run_is_told_in_numbers_before_it_is_started(
    admin: httpx.AsyncClient, partner: Partner, owner: Any
) -> None:
    online, offline = partner.agents[0], partner.agents[1]
    await owner.execute("update core.agents set username = 'ada' where agent_id = $1", online)
    chosen = await admin.post("/commands/preview", json={"agent_ids": [str(online), str(offline)]})
    everything = await admin.post("/commands/preview", json={"filter": {}})
    nothing = await admin.post("/commands/preview", json={"filter": {"search": "no such machine"}})
    unknown = await admin.post("/commands/preview", json={"agent_ids": [str(new_id())]})
    numbers = chosen.json()
    assert (numbers["machines"], numbers["online"], numbers["signed_in"]) == (2, 1, 1)
    assert sum(numbers["by_os"].values()) == 2
    assert everything.json()["machines"] == len(partner.agents)
    assert nothing.json() == {"machines": 0, "online": 0, "clients": 0, "signed_in": 0, "by_os": {}}
    assert (unknown.status_code, unknown.json()["code"]) == (404, "agent_not_found")
    for answer in (chosen, everything, nothing):
        described(schemas.RunPreview, answer.content)
    assert await owner.fetchval("select count(*) from core.commands") == 0


async def test_a_run_goes_to_what_a_query_means(admin: httpx.AsyncClient, partner: Partner, owner: Any) -> None:
    meant = {"filter": {"q": "online:false (name:0001 or name:0003 or name:0002)", "os": "linux"}}
    preview = await admin.post("/commands/preview", json=meant)
    assert (preview.json()["machines"], preview.json()["online"]) == (2, 0)
    made = await admin.post("/commands", json={"shell": "sh", "script": "true", **meant})
    assert {item["agent_id"] for item in made.json()["items"]} == {str(partner.agents[1]), str(partner.agents[3])}
    for path in ("/commands/preview", "/commands"):
        wrong = {"shell": "sh", "script": "true"} if path == "/commands" else {}
        refused = await admin.post(path, json={**wrong, "filter": {"q": "online:"}})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_query")
        assert (refused.json()["details"]["offset"], refused.json()["details"]["length"]) == (0, 7)
    assert await owner.fetchval("select count(*) from core.commands") == 2


async def test_a_run_is_sorted_by_what_needs_somebody_and_says_why(
    admin: httpx.AsyncClient, partner: Partner, db: Database, owner: Any
) -> None:
    items = await queue(admin, *partner.agents[:4])
    fine, bad, slow = (item["id"] for item in items[:3])
    batch = items[0]["batch_id"]
    await finish(db, fine, output=b"done\n")
    await finish(db, bad, "failed", b"step 1\nstep 2\n")
    await finish(db, slow, "timed_out")
    await owner.execute(
        "insert into core.command_output (tenant_id, command_id, seq, stream, data)"
        " select tenant_id, command_id, 1, 2, $2 from core.commands where command_id = $1",
        UUID(bad),
        b"warning: old\nE: no such package\n\n",
    )
    listed = (await admin.get("/commands", params={"batch_id": batch, "sort": "triage"})).json()["items"]
    assert [item["status"] for item in listed] == ["failed", "timed_out", "queued", "succeeded"]
    assert (listed[0]["first_line"], listed[0]["last_line"]) == ("step 1", "E: no such package")
    assert (listed[3]["last_line"], listed[1]["last_line"]) == ("done", None)
    assert listed[2]["machine_online"] is False
    sums = (await admin.get("/commands/sums", params={"batch_id": batch})).json()
    assert sums == {
        "total": 4,
        "by_status": {"failed": 1, "timed_out": 1, "queued": 1, "succeeded": 1},
        "offline": 1,
    }
    (failed,) = (await admin.get("/commands/failed-runs")).json()["items"]
    assert (failed["batch_id"], failed["failed"], failed["total"], failed["script"]) == (batch, 2, 4, "uptime")
    elsewhere = (await admin.get("/commands/sums", params={"batch_id": str(new_id())})).json()
    assert elsewhere == {"total": 0, "by_status": {}, "offline": 0}


async def test_a_click_is_a_row_an_audit_row_an_event_and_a_message(
    admin: httpx.AsyncClient, partner: Partner, carried: Traffic, owner: Any
) -> None:
    online, offline = partner.agents[0], partner.agents[1]
    items = await queue(admin, online, offline, script="echo hé", timeout_s=7, deadline_s=60)
    assert [item["agent_id"] for item in items] == [str(online), str(offline)]
    assert items[0]["batch_id"] == items[1]["batch_id"]
    agent_id, message = await carried.sent()
    assert agent_id == online
    assert isinstance(message, RunCommand)
    assert (message.shell, message.script, message.timeout_s) == ("sh", "echo hé", 7)
    body = orders.read_body(carried.orders[0])
    assert (body.addressee, body.id) == (online.bytes, UUID(items[0]["id"]).bytes)
    assert 0 <= body.not_after - time.time() <= 61
    kept = await owner.fetch("select agent_id, signed_order, script_at from core.commands")
    assert {row["agent_id"] for row in kept} == {online, offline}
    assert encode_wire(carried.orders[0]) in {
        row["signed_order"][: row["script_at"]] + "echo hé".encode() + row["signed_order"][row["script_at"] :]
        for row in kept
    }
    update = await carried.update()
    assert (update.status, update.client_id) == ("queued", partner.clients[0].bytes)
    assert carried.to_agents.empty(), "an offline machine gets it when it returns"
    audit = await owner.fetch("select operation, agent_id, details, actor from core.tunnel_audit order by seq")
    assert [row["operation"] for row in audit] == ["command.queued"] * 2
    assert {row["agent_id"] for row in audit} == {online, offline}
    assert msgspec.json.decode(audit[0]["details"])["script"] == "echo hé"
    events = [msgspec.json.decode(row[0]) for row in await owner.fetch("select payload from core.outbox")]
    assert {event["agent_id"] for event in events} == {str(online), str(offline)}
    assert events[0]["actor"] == "partner_admin@example.org"
    chain = await owner.fetchrow("select seq from core.audit_chains")
    assert chain["seq"] == 2


async def test_what_is_answered_is_what_is_stored(admin: httpx.AsyncClient, partner: Partner, db: Database) -> None:
    (made,) = await queue(admin, partner.agents[0])
    answer = await admin.get(f"/commands/{made['id']}")
    detail = described(schemas.CommandDetail, answer.content)
    assert {name: answer.json()[name] for name in made} == made
    assert (detail.stdout, detail.stderr, detail.dropped_bytes) == ("", "", 0)
    await finish(db, made["id"], output=b"caf\xc3\xa9 \xff")
    assert (await admin.get(f"/commands/{made['id']}")).json()["stdout"] == "café \ufffd"
    listed = (await admin.get("/commands", params={"batch_id": made["batch_id"]})).json()["items"][0]
    assert listed["first_line"] == "café \ufffd"


async def test_output_is_answered_in_its_order_with_its_gaps(
    admin: httpx.AsyncClient, partner: Partner, owner: Any
) -> None:
    (made,) = await queue(admin, partner.agents[0])
    pieces = [
        (1, b"a\n", 0),
        (2, b"caf\xc3", 0),
        (1, b"b\n", 0),
        (1, b"c\n", 0),
        (2, b"\xa9\n", 0),
        (1, b"\x1b[31mend\n", 70_000),
        (2, b"FATAL\n", 0),
    ]
    await owner.executemany(
        "insert into core.command_output (tenant_id, command_id, seq, stream, data, skipped)"
        " values ($1, $2, $3, $4, $5, $6)",
        [(partner.tenant_id, UUID(made["id"]), seq, *piece) for seq, piece in enumerate(pieces)],
    )
    answer = (await admin.get(f"/commands/{made['id']}")).json()
    assert [(run["stream"], run["text"], run["skipped"]) for run in answer["output"]] == [
        ("stdout", "a\n", 0),
        ("stderr", "caf", 0),
        ("stdout", "b\nc\n", 0),
        ("stderr", "é\n", 0),
        ("stdout", "\x1b[31mend\n", 70_000),
        ("stderr", "FATAL\n", 0),
    ]
    assert answer["stdout"] == "a\nb\nc\n\n[... 70000 bytes are left out here ...]\n\x1b[31mend\n"
    assert answer["stderr"] == "café\nFATAL\n"


async def test_an_hour_is_the_limit_where_none_is_given(admin: httpx.AsyncClient, partner: Partner) -> None:
    body = {"agent_ids": [str(partner.agents[0])], "script": "apt-get -y upgrade"}
    assert (await admin.post("/commands", json=body)).json()["items"][0]["timeout_s"] == 3600


async def test_one_unknown_machine_and_nothing_is_queued(
    admin: httpx.AsyncClient, partner: Partner, other: Partner, carried: Traffic, owner: Any
) -> None:
    for stranger in (other.agents[0], new_id()):
        answer = await admin.post(
            "/commands", json={"agent_ids": [str(partner.agents[0]), str(stranger)], "script": "true"}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "agent_not_found")
    for table in ("commands", "tunnel_audit", "outbox", "audit_chains"):
        assert await owner.fetchval(f"select count(*) from core.{table}") == 0
    assert carried.to_agents.empty()


async def test_no_audit_row_no_action(
    *, admin: httpx.AsyncClient, partner: Partner, carried: Traffic, owner: Any, bus: Bus
) -> None:
    await owner.execute("revoke insert on core.tunnel_audit from gururmm_definer")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await admin.post("/commands", json={"agent_ids": [str(partner.agents[0])], "script": "true"})
    assert await owner.fetchval("select count(*) from core.commands") == 0
    await carried.nothing_more(bus)


async def test_by_filter(admin: httpx.AsyncClient, partner: Partner) -> None:
    async def run(**wanted: Any) -> httpx.Response:
        return await admin.post("/commands", json={"filter": wanted, "script": "true"})

    assert len((await run()).json()["items"]) == 4
    assert len((await run(status="online", client_id=str(partner.clients[0]))).json()["items"]) == 2
    assert [item["hostname"] for item in (await run(search="0003")).json()["items"]] == ["host-0003"]
    assert (await run(search="nobody")).json()["code"] == "no_targets"


async def test_malformed_orders_are_refused(admin: httpx.AsyncClient, partner: Partner) -> None:
    good = {"agent_ids": [str(partner.agents[0])], "script": "true"}
    changes: list[dict[str, Any]] = [
        {"agent_ids": []},
        {"agent_ids": None},
        {"agent_ids": ["x"]},
        {"agent_ids": [str(new_id()) for _ in range(5001)]},
        {"filter": {}},
        {"shell": "fish"},
        {"script": ""},
        {"script": "a\0b"},
        {"script": "é" * (SCRIPT_BYTES // 2 + 1)},
        {"script": 7},
        {"timeout_s": 0},
        {"timeout_s": 86401},
        {"deadline_s": 0},
        {"deadline_s": 7 * 86400 + 1},
        {"deadline_s": None},
        {"extra": 1},
        {"agent_ids": None, "filter": {"search": "a\0b"}},
        {"agent_ids": None, "filter": {"status": "asleep"}},
    ]
    for change in changes:
        answer = await admin.post("/commands", json={**good, **change})
        assert answer.status_code == 422, (change, answer.text[:200])
    surrogate = b'{"agent_ids": ["%s"], "script": "\\ud800"}' % str(partner.agents[0]).encode()
    headers = {"content-type": "application/json"}
    assert (await admin.post("/commands", content=surrogate, headers=headers)).status_code == 422


async def test_the_same_machine_twice_runs_once(admin: httpx.AsyncClient, partner: Partner) -> None:
    assert len(await queue(admin, partner.agents[0], partner.agents[0])) == 1


async def test_waiting_for_the_end(
    *, admin: httpx.AsyncClient, partner: Partner, db: Database, bus: Bus, hub: Hub
) -> None:
    (made,) = await queue(admin, partner.agents[0])
    started = time.monotonic()
    assert (await admin.get(f"/commands/{made['id']}?wait_s=0.2")).json()["status"] == "queued"
    assert time.monotonic() - started >= 0.2
    hub.listened.clear()
    waiting = asyncio.create_task(admin.get(f"/commands/{made['id']}?wait_s=20"))
    await asyncio.wait_for(hub.listened.wait(), 5)
    await finish(db, made["id"], output=b"done\n")
    update = CommandUpdate(
        msgspec.convert(made["id"], type=type(partner.tenant_id)).bytes,
        partner.agents[0].bytes,
        partner.clients[0].bytes,
        "succeeded",
    )
    await bus.publish(traffic.live(partner.tenant_id), encode([update]))
    answer = (await asyncio.wait_for(waiting, 5)).json()
    assert (answer["status"], answer["stdout"]) == ("succeeded", "done\n")


@pytest.mark.parametrize("recheck_s", [0.05])
async def test_waiting_survives_lost_traffic(
    admin: httpx.AsyncClient, partner: Partner, db: Database, hub: Hub
) -> None:
    (made,) = await queue(admin, partner.agents[0])
    waiting = asyncio.create_task(admin.get(f"/commands/{made['id']}?wait_s=20"))
    await asyncio.wait_for(hub.listened.wait(), 5)
    await finish(db, made["id"])
    assert (await asyncio.wait_for(waiting, 5)).json()["status"] == "succeeded"


async def test_lists(admin: httpx.AsyncClient, partner: Partner, db: Database) -> None:
    first = await queue(admin, *partner.agents[:3], script="first thing")
    second = await queue(admin, partner.agents[0], script="second")
    await finish(db, first[0]["id"], "failed")

    async def ids(**query: Any) -> list[str]:
        answer = await admin.get("/commands", params=query)
        page = Page[schemas.Command].model_validate_json(answer.content)
        assert page.total >= len(page.items)
        return [str(item.id) for item in page.items]

    assert (await ids())[0] == second[0]["id"]
    assert len(await ids()) == 4
    assert set(await ids(agent_id=partner.agents[0])) == {first[0]["id"], second[0]["id"]}
    assert await ids(status="failed") == [first[0]["id"]]
    assert await ids(state="finished") == [first[0]["id"]]
    assert await ids(state="active", status="failed") == []
    assert len(await ids(state="active")) == 3
    assert len(await ids(batch_id=first[0]["batch_id"])) == 3
    assert await ids(search="SECOND host-0000") == [second[0]["id"]]
    assert (await ids(sort="-duration"))[0] == first[0]["id"]
    for sort in ("created_at", "-status", "hostname", "duration"):
        page = (await admin.get("/commands", params={"sort": sort, "limit": 3})).json()
        rest = (await admin.get("/commands", params={"sort": sort, "limit": 3, "cursor": page["next_cursor"]})).json()
        assert len({item["id"] for item in page["items"] + rest["items"]}) == 4


async def test_nobody_elses(api: Api, admin: httpx.AsyncClient, partner: Partner, other: Partner) -> None:
    (made,) = await queue(admin, partner.agents[0])
    async with api.as_(other.person()) as stranger:
        for method, path in (("GET", ""), ("POST", "/cancel"), ("DELETE", "")):
            answer = await stranger.request(method, f"/commands/{made['id']}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "command_not_found")
        assert (await stranger.get("/commands")).json()["total"] == 0
        assert (await stranger.get("/commands", params={"agent_id": str(partner.agents[0])})).json()["total"] == 0
        assert (await stranger.post("/commands/clear", json={})).json() == {"deleted": 0}
    async with api.as_(partner.person(Role.CLIENT_CONTACT, partner.clients[0])) as contact:
        for method, path in (("GET", ""), ("GET", f"/{made['id']}"), ("POST", "/clear"), ("DELETE", f"/{made['id']}")):
            kind: dict[str, Any] = {"json": {}} if method == "POST" else {}
            assert (await contact.request(method, f"/commands{path}", **kind)).status_code == 403
