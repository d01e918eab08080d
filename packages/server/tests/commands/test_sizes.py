"""Many machines, long scripts: what one request may do, and what it writes."""

from typing import Any

import httpx

from packages.server.tests.commands.acts import queue
from packages.server.tests.commands.conftest import Traffic
from packages.server.tests.world import Partner


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
