"""A Client's number: given once, never again, and the same wherever it stands."""

from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.infra.database import Database, bits_of
from gururmm_server.infra.ids import new_id

from packages.server.tests.world import Partner, plant


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url)


async def number_of_new(db: Database, partner: Partner, name: str) -> tuple[Any, int]:
    client_id = new_id()
    async with db.scope(system_scope(partner.tenant_id)) as tx:
        number = await tx.fetchval(
            "insert into core.clients (tenant_id, client_id, name, number) values ($1, $2, $3, 0) returning number",
            partner.tenant_id,
            client_id,
            name,
        )
    return client_id, number


async def test_a_number_is_never_given_again(db: Database, partner: Partner) -> None:
    """Who kept the bits of a deleted Client must not see the one that comes after it."""
    first, number = await number_of_new(db, partner, "First")
    async with db.scope(system_scope(partner.tenant_id)) as tx:
        await tx.execute("delete from core.clients where client_id = $1", first)
    _, other = await number_of_new(db, partner, "Second")
    assert other == number + 1


async def test_a_row_cannot_have_another_clients_number(db: Database, partner: Partner) -> None:
    for table in ("agents", "agent_state"):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with db.scope(system_scope(partner.tenant_id)) as tx:
                await tx.execute(f"update core.{table} set client_number = client_number + 1000")


async def test_a_list_is_looked_up_once_and_shows_its_clients_alone(db: Database, partner: Partner) -> None:
    later, _ = await number_of_new(db, partner, "Later")
    for listed in ({partner.clients[0]}, {later}, set(partner.clients), set(), {new_id()}):
        scope = Scope(
            subject=system_scope(partner.tenant_id).subject, tenant_id=partner.tenant_id, client_ids=frozenset(listed)
        )
        for _ in range(2):
            async with db.scope(scope) as tx:
                rows = await tx.fetch("select client_id from core.clients")
                machines = await tx.fetch("select distinct client_id from core.agents")
            assert {row["client_id"] for row in rows} == listed & {*partner.clients, later}
            assert {row["client_id"] for row in machines} == listed & set(partner.clients)


@pytest.mark.parametrize("setting", ["", "zz", "0", "{}", "\\x01"])
async def test_what_are_no_bits_raises(owner_url: str, partner: Partner, setting: str) -> None:
    owner = await asyncpg.connect(owner_url)
    with pytest.raises(asyncpg.PostgresError):
        async with owner.transaction():
            await owner.execute(f"set local role gururmm_app; set local gururmm.tenant_id = '{partner.tenant_id}'")
            await owner.execute("select set_config('gururmm.clients', $1, true)", setting)
            await owner.fetchval("select count(*) from core.agents")
    await owner.close()


def test_bits_are_counted_as_postgresql_counts_them() -> None:
    assert bits_of([]) == "00"
    assert bits_of([0]) == "01"
    assert bits_of([9, 7]) == "8002"


@pytest.mark.parametrize(
    "statement",
    [
        "update core.clients set number = 1000000",
        (
            "insert into core.clients select * from core.clients limit 1"
            " on conflict (client_id) do update set number = 1000000"
        ),
        "update core.clients set client_id = gen_random_uuid()",
        "update core.tenants set clients_made = 0",
    ],
    ids=["number", "upsert", "id", "counter"],
)
async def test_only_the_database_gives_numbers(api_db: Database, partner: Partner, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with api_db.scope(system_scope(partner.tenant_id)) as tx:
            await tx.execute(statement)
    _, number = await number_of_new(api_db, partner, "Next")
    assert number == len(partner.clients)


async def test_a_number_is_that_of_a_bit(db: Database, owner_url: str, partner: Partner) -> None:
    client_id, _ = await number_of_new(db, partner, "Without machines")
    owner = await asyncpg.connect(owner_url)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("update core.clients set number = -1 where client_id = $1", client_id)
    await owner.close()
