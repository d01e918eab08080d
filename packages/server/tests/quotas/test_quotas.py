"""What a Partner may use of what all share: counted exactly, by the day and in all, and within the disk."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.quotas.errors import QuotaUsedUp
from gururmm_server.core.quotas.jobs import forget
from gururmm_server.core.quotas.resources import COMMANDS, DAYS_SHARE, KEPT_DAYS, MACHINES, RECORDINGS, TERMINALS
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import TooSlow
from gururmm_server.infra.ids import new_id

from packages.server.tests.waiting import until
from packages.server.tests.world import Partner, plant

DAY = RECORDINGS.most // DAYS_SHARE


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, "Northwind IT", machines=1)


@pytest.fixture
async def other(owner_url: str) -> Partner:
    return await plant(owner_url, "Contoso", machines=1)


@pytest.fixture
async def owner(owner_url: str) -> Any:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def _give(owner: Any, partner: Partner, most: int) -> None:
    await owner.execute(
        "insert into core.partner_quotas (tenant_id, resource, most) values ($1, 'recorded_bytes', $2)"
        " on conflict (tenant_id, resource) do update set most = $2",
        partner.tenant_id,
        most,
    )


async def test_a_day_has_a_tenth_and_each_partner_its_own(api_db: Database, partner: Partner, other: Partner) -> None:
    quotas = Quotas(api_db)
    assert not await quotas.allowance(partner.tenant_id, RECORDINGS, DAY + 1)
    assert await quotas.allowance(partner.tenant_id, RECORDINGS, DAY)
    assert not await quotas.allowance(partner.tenant_id, RECORDINGS, 1)
    assert await quotas.allowance(partner.tenant_id, COMMANDS, 1)
    assert await quotas.allowance(other.tenant_id, RECORDINGS, DAY)


async def test_what_is_kept_counts_until_it_is_gone(
    api_db: Database, db: Database, partner: Partner, owner: Any
) -> None:
    quotas = Quotas(api_db)
    for days, used in ((KEPT_DAYS + 1, 10**15), (KEPT_DAYS, RECORDINGS.most - 100), (1, 60)):
        await owner.execute(
            "insert into core.partner_usage (tenant_id, resource, day, used)"
            " values ($1, 'recorded_bytes', current_date - $2::int, $3)",
            partner.tenant_id,
            days,
            used,
        )
    assert not await quotas.allowance(partner.tenant_id, RECORDINGS, 41)
    assert await quotas.allowance(partner.tenant_id, RECORDINGS, 30)
    assert not await quotas.allowance(partner.tenant_id, RECORDINGS, 11)
    assert await quotas.allowance(partner.tenant_id, RECORDINGS, 10)
    assert await forget(db) == 1


async def test_two_at_once_never_count_past_the_end(api_db: Database, partner: Partner) -> None:
    quotas = Quotas(api_db)
    granted = await asyncio.gather(*(quotas.allowance(partner.tenant_id, RECORDINGS, DAY // 10) for _ in range(30)))
    assert sum(granted) == 10


async def test_the_platform_gives_more_and_less(api_db: Database, partner: Partner, owner: Any) -> None:
    quotas = Quotas(api_db)
    await _give(owner, partner, 0)
    assert not await quotas.allowance(partner.tenant_id, RECORDINGS, 1)
    await _give(owner, partner, 1000)
    assert await quotas.allowance(partner.tenant_id, RECORDINGS, 100)
    assert not await quotas.allowance(partner.tenant_id, RECORDINGS, 1)
    await _give(owner, partner, 10 * RECORDINGS.most)
    assert await quotas.allowance(partner.tenant_id, RECORDINGS, 5 * DAY)


async def test_nobody_brings_a_disk_to_its_end(api_db: Database, partner: Partner, tmp_path: Path) -> None:
    """Long before the disk guard turns writing off for everybody, there is no room for what is bulky."""
    full = Quotas(api_db, tmp_path, reserve_mb=2**40)
    assert not await full.allowance(partner.tenant_id, RECORDINGS, 1)
    roomy = Quotas(api_db, tmp_path, reserve_mb=0)
    assert await roomy.allowance(partner.tenant_id, RECORDINGS, 1)


async def test_what_is_refused_is_not_written(api_db: Database, partner: Partner) -> None:
    quotas = Quotas(api_db)
    with pytest.raises(QuotaUsedUp, match="as many commands as it may today"):
        async with api_db.scope(system_scope(partner.tenant_id)) as tx:
            await quotas.spend(tx, COMMANDS, COMMANDS.most)
    with pytest.raises(QuotaUsedUp, match="has 150 open terminals"):
        async with api_db.scope(system_scope(partner.tenant_id)) as tx:
            await quotas.check(tx, TERMINALS, 150)
    async with api_db.scope(system_scope(partner.tenant_id)) as tx:
        await quotas.check(tx, TERMINALS, 149)
        used = await quotas.usage(tx, {TERMINALS: 149, MACHINES: 1})
    assert [(each.resource, each.used, each.today) for each in used] == [
        ("recorded_bytes", 0, 0),
        ("command_bytes", 0, 0),
        ("output_bytes", 0, 0),
        ("terminals", 149, None),
        ("machines", 1, None),
    ]


async def test_no_partner_holds_every_connection(database_url: str) -> None:
    """Of four connections, one Partner's slow statements hold two: another's do not wait for them."""
    db = Database(database_url, pool_size=4)
    await db.open()
    release, holding = asyncio.Event(), list[int]()
    greedy, modest = system_scope(new_id()), system_scope(new_id())

    async def hold(number: int) -> None:
        async with db.scope(greedy):
            holding.append(number)
            await release.wait()

    held = [asyncio.create_task(hold(number)) for number in range(20)]
    await until(lambda: len(holding) == 2)
    async with db.scope(modest) as tx:
        assert await tx.fetchval("select 1") == 1
    assert len(holding) == 2
    release.set()
    await asyncio.gather(*held)
    assert len(holding) == 20
    await db.close()


async def test_a_statement_is_given_up_after_its_time(database_url: str) -> None:
    db = Database(database_url, pool_size=1, statement_limit_s=0.2)
    await db.open()
    with pytest.raises(TooSlow):
        async with db.scope(system_scope(new_id())) as tx:
            await tx.fetchval("select pg_sleep(60)")
    async with db.scope(system_scope(new_id())) as tx:
        assert await tx.fetchval("select 1") == 1
    await db.close()
