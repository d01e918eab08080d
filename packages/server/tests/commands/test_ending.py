"""Commands that somebody stops, deletes or clears away."""

from typing import Any

import httpx
from gururmm_server.infra.database import Database
from gururmm_wire.v2.server import CancelCommand

from packages.server.tests.commands.acts import finish, queue
from packages.server.tests.commands.conftest import Traffic
from packages.server.tests.world import Partner


async def test_cancel_what_waits_for_an_offline_machine(
    admin: httpx.AsyncClient, partner: Partner, carried: Traffic, owner: Any
) -> None:
    (made,) = await queue(admin, partner.agents[1])
    await carried.update()
    answer = await admin.post(f"/commands/{made['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert (await carried.update()).status == "cancelled"
    assert carried.to_agents.empty()
    assert (await admin.post(f"/commands/{made['id']}/cancel")).json()["code"] == "already_finished"
    names = [row[0] for row in await owner.fetch("select name from core.outbox order by event_id")]
    assert names == ["command.queued", "command.completed"]
    assert await owner.fetchval("select count(*) from core.tunnel_audit where operation = 'command.cancelled'") == 1


async def test_cancel_what_a_machine_may_have(
    admin: httpx.AsyncClient, partner: Partner, carried: Traffic, db: Database
) -> None:
    for status in ("queued", "delivered", "running"):
        (made,) = await queue(admin, partner.agents[0])
        await carried.sent()
        async with db.ingest() as tx:
            await tx.execute("update core.commands set status = $2 where command_id = $1", made["id"], status)
        answer = await admin.post(f"/commands/{made['id']}/cancel")
        assert answer.status_code == 202
        assert answer.json()["cancel_requested"] is True
        assert answer.json()["status"] == ("running" if status == "running" else "delivered")
        assert isinstance((await carried.sent())[1], CancelCommand)


async def test_delete_and_clear(
    *, admin: httpx.AsyncClient, partner: Partner, other: Partner, carried: Traffic, db: Database, owner: Any
) -> None:
    made = await queue(admin, *partner.agents)
    for _ in range(2):
        await carried.sent()
    assert (await admin.delete(f"/commands/{made[0]['id']}")).status_code == 204
    assert isinstance((await carried.sent())[1], CancelCommand), "a machine may run it already"
    assert (await admin.get(f"/commands/{made[0]['id']}")).status_code == 404
    await finish(db, made[1]["id"], output=b"x")
    await finish(db, made[2]["id"], "expired")
    assert (await admin.post("/commands/clear", json={"agent_id": str(partner.agents[2])})).json() == {"deleted": 1}
    assert (await admin.post("/commands/clear", json={})).json() == {"deleted": 1}
    assert (await admin.get("/commands")).json()["total"] == 1
    assert await owner.fetchval("select count(*) from core.command_output") == 0
    answer = await admin.post("/commands/clear", json={"agent_id": str(other.agents[0])})
    assert answer.status_code == 404
    operations = [row[0] for row in await owner.fetch("select operation from core.tunnel_audit order by seq")]
    assert operations == ["command.queued"] * 4 + ["command.deleted", "commands.cleared", "commands.cleared"]
