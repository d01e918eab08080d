"""Many machines, long scripts: what one request may do, and what it writes."""

import base64
import hashlib
import json
import os
from typing import Any

import httpx
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.commands.jobs import forget_scripts
from gururmm_server.infra.database import Database
from gururmm_wire.v2.limits import SCRIPT_BYTES
from gururmm_wire.v2.server import RunCommand

from packages.server.tests.commands.acts import finish, queue
from packages.server.tests.commands.conftest import Traffic
from packages.server.tests.world import Api, Partner

_LANDMARK = "echo 'ä' # a landmark"


async def test_many_machines_at_once(admin: httpx.AsyncClient, partner: Partner, owner: Any, carried: Traffic) -> None:
    await owner.execute(
        "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
        " hostname) select $1, gen_random_uuid(), $2, $3, 'C', 'S', sha256('x'), 'planted-' || n"
        " from generate_series(1, 996) n",
        partner.tenant_id,
        partner.clients[0],
        partner.sites[0],
    )
    await owner.execute(
        "insert into core.agent_state (tenant_id, agent_id, client_id, online, gateway_id)"
        " select tenant_id, agent_id, client_id, true, 'gw-1' from core.agents where hostname like 'planted%'"
    )
    answer = await admin.post("/commands", json={"filter": {}, "script": "true"})
    assert len(answer.json()["items"]) == 1000
    assert await owner.fetchval("select seq from core.audit_chains") == 1000
    assert await owner.fetchval("select count(*) from core.outbox") == 1000
    for _ in range(998):
        await carried.sent()


async def test_a_partner_writes_no_more_than_its_quota(admin: httpx.AsyncClient, partner: Partner, owner: Any) -> None:
    """One request with a long script for many machines is much: it is counted before anything is written."""
    await owner.execute(
        "insert into core.partner_quotas (tenant_id, resource, most) values ($1, 'command_bytes', 300000)",
        partner.tenant_id,
    )
    await queue(admin, partner.agents[0])
    body = {"agent_ids": [str(partner.agents[0])], "shell": "sh", "script": "x" * 20_000}
    refused = await admin.post("/commands", json=body)
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_used_up")
    assert await owner.fetchval("select count(*) from core.commands") == 1
    assert await owner.fetchval("select used from core.partner_usage") < 30_000
    await queue(admin, partner.agents[0])


async def _many(owner: Any, partner: Partner, count: int) -> None:
    """More machines of the Partner's first Client, none of them online."""
    await owner.execute(
        "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
        " hostname) select $1, gen_random_uuid(), $2, $3, 'C', 'S', sha256('x'), 'planted-' || n"
        " from generate_series(1, $4::int) n",
        partner.tenant_id,
        partner.clients[0],
        partner.sites[0],
        count,
    )
    await owner.execute(
        "insert into core.agent_state (tenant_id, agent_id, client_id)"
        " select tenant_id, agent_id, client_id from core.agents where hostname like 'planted%'"
    )


async def test_a_long_script_for_many_machines_is_written_once(
    admin: httpx.AsyncClient, partner: Partner, owner: Any
) -> None:
    """A request of 128 KiB wrote three times that for each machine. What is counted is what is written, about."""
    await _many(owner, partner, 200)
    script = base64.b64encode(os.urandom(SCRIPT_BYTES)).decode()[:SCRIPT_BYTES]
    before = await owner.fetchval("select pg_database_size(current_database())")
    answer = await admin.post("/commands", json={"filter": {"search": "planted"}, "script": script})
    assert len(answer.json()["items"]) == 200
    written = await owner.fetchval("select pg_database_size(current_database())") - before
    counted = await owner.fetchval("select used from core.partner_usage where resource = 'command_bytes'")
    assert 2 * SCRIPT_BYTES < counted < 3 * SCRIPT_BYTES + 200 * 2048
    assert written < counted + 2 * 1024 * 1024


async def test_a_shared_script_is_read_like_any_other(
    *, admin: httpx.AsyncClient, api: Api, partner: Partner, carried: Traffic, owner: Any
) -> None:
    """In the list, in a command, in a search, in the audit of each Client; by who sees one Client only, too."""
    items = await queue(admin, *partner.agents, script=_LANDMARK)
    assert {item["script"] for item in items} == {_LANDMARK}
    assert (await admin.get(f"/commands/{items[0]['id']}")).json()["script"] == _LANDMARK
    found = (await admin.get("/commands", params={"search": "LANDMARK"})).json()
    assert {item["id"] for item in found["items"]} == {item["id"] for item in items}
    assert {item["script"] for item in found["items"]} == {_LANDMARK}
    assert isinstance((await carried.sent())[1], RunCommand)
    audited = await owner.fetch(
        "select t.details, a.client_id from core.tunnel_audit t join core.agents a using (agent_id)"
        " where operation = 'command.queued' order by seq"
    )
    details = [(row["client_id"], json.loads(row["details"])) for row in audited]
    assert {each["script_sha256"] for _, each in details} == {hashlib.sha256(_LANDMARK.encode()).hexdigest()}
    assert len(details) == len(partner.agents)
    with_script = [client_id for client_id, each in details if each.get("script") == _LANDMARK]
    assert sorted(with_script) == sorted({client_id for client_id, _ in details}), "once for each Client"
    async with api.as_(partner.person(Role.PARTNER_TECH, partner.clients[0])) as narrowed:
        seen = (await narrowed.get("/commands")).json()["items"]
        assert [item["script"] for item in seen] == [_LANDMARK] * 2
        assert len(await queue(narrowed, partner.agents[0], partner.agents[2], script="echo mine")) == 2
        seen = (await narrowed.get("/commands", params={"search": "mine"})).json()["items"]
        assert [item["script"] for item in seen] == ["echo mine"] * 2


async def test_a_gateway_reads_a_script_while_it_is_under_way(
    *, admin: httpx.AsyncClient, partner: Partner, db: Database, gateway_db: Database, worker_db: Database, owner: Any
) -> None:
    items = await queue(admin, *partner.agents[:2], script="echo secret")
    reading = "select script from core.shared_scripts"

    async def seen() -> list[str]:
        async with gateway_db.ingest() as tx:
            return [row["script"] for row in await tx.fetch(reading)]

    assert await seen() == ["echo secret"]
    for item in items:
        assert await seen() == ["echo secret"]
        await finish(db, item["id"])
    assert await seen() == []
    assert await forget_scripts(worker_db) == 0
    assert (await admin.post("/commands/clear", json={})).json() == {"deleted": 2}
    assert await forget_scripts(worker_db) == 1
