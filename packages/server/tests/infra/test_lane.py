"""A lane: one round trip, one Partner, and back after a lost connection."""

import asyncpg
import pytest
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import Unavailable
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.lane import Lane, Lanes


async def test_a_lane_sees_one_partner_only_and_commits_each_statement(db: Database) -> None:
    lanes = []
    for number in range(2):
        tenant_id = new_id()
        async with db.platform("test@example.org", "planting a Partner") as tx:
            await tx.execute("insert into core.tenants (tenant_id, name) values ($1, 'Partner')", tenant_id)
        lanes.append(Lane(db, tenant_id))
        async with lanes[-1].statement() as tx:
            await tx.execute(
                "insert into core.clients (tenant_id, client_id, name) values ($1, $2, $3)",
                tenant_id,
                new_id(),
                f"Client {number}",
            )
    for number, lane in enumerate(lanes):
        async with lane.statement() as tx:
            assert [row["name"] for row in await tx.fetch("select name from core.clients")] == [f"Client {number}"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with lane.statement() as tx:
                await tx.fetch("select * from core.tunnel_audit")
        await lane.close()


async def test_a_gateways_lane_reaches_what_its_scope_does(db: Database) -> None:
    lane = Lane(db, None)
    async with lane.statement() as tx:
        assert await tx.fetchval("select current_user") == "gururmm_ingest"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with lane.statement() as tx:
            await tx.fetch("select * from core.users")
    await lane.close()


async def test_a_lane_connects_again_after_its_connection_was_killed(db: Database, owner_url: str) -> None:
    lane = Lane(db, new_id())
    async with lane.statement() as tx:
        pid = await tx.fetchval("select pg_backend_pid()")
    owner = await asyncpg.connect(owner_url)
    await owner.execute("select pg_terminate_backend($1, 2000)", pid)
    await owner.close()
    for _ in range(2):
        try:
            async with lane.statement() as tx:
                assert await tx.fetchval("select pg_backend_pid()") != pid
        except Unavailable:
            continue
        break
    else:
        pytest.fail("the lane stayed broken")
    await lane.close()
    with pytest.raises(Unavailable):
        async with lane.statement() as tx:
            await tx.fetchval("select 1")


async def test_a_lane_is_shared_and_closed_with_its_last_user(db: Database) -> None:
    lanes, tenant_id = Lanes(db), new_id()
    first, second = lanes.take(tenant_id), lanes.take(tenant_id)
    assert first is second
    assert lanes.take(new_id()) is not first
    await lanes.give_back(tenant_id)
    async with first.statement() as tx:
        assert await tx.fetchval("select current_user") == "gururmm_app"
    await lanes.give_back(tenant_id)
    with pytest.raises(Unavailable):
        async with first.statement() as tx:
            await tx.fetchval("select 1")
