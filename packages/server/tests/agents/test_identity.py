"""Who a machine is, as people decide it: it goes on as the one that it was, both stay, or one of several is a copy."""

import asyncpg
import httpx
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_wire import orders
from gururmm_wire.codec import decode_from_server
from gururmm_wire.v2.server import ChangeIdentity, Order, Uninstall

from packages.server.tests.world import Api, Partner

MACHINE_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def twice(partner: Partner, owner_url: str) -> tuple[str, str]:
    """A machine that is a second row now: the ids of the older one, which is offline, and of the newer one."""
    old, new = partner.agents[1], partner.agents[2]
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "update core.agents set machine_id = $1, enrolled_at = now() - (agent_id = $2)::int * interval '1 day'"
        " where agent_id = any($3)",
        MACHINE_ID,
        old,
        [old, new],
    )
    await owner.close()
    return str(old), str(new)


async def last_order(db: Database, agent_id: str) -> orders.Body:
    async with db.ingest() as tx:
        signed = await tx.fetchval("select last_order from core.removed_agents where agent_id = $1::uuid", agent_id)
    order = decode_from_server(signed)
    assert isinstance(order, Order)
    return orders.read_body(order)


async def test_it_goes_on_as_the_machine_that_it_was(
    admin: httpx.AsyncClient, twice: tuple[str, str], db: Database
) -> None:
    old, new = twice
    assert [each["id"] for each in (await admin.get(f"/agents/{new}")).json()["former"]] == [old]
    async with db.ingest() as tx:
        key = await tx.fetchval("select public_key from core.agents where agent_id = $1::uuid", new)
    answer = await admin.post(f"/agents/{new}/former", json={"go_on_as": old})
    assert (answer.status_code, answer.json()["id"], answer.json()["former"]) == (200, old, [])
    assert (await admin.get(f"/agents/{new}")).status_code == 404
    async with db.ingest() as tx:
        assert await tx.fetchval("select public_key from core.agents where agent_id = $1::uuid", old) == key
    body = await last_order(db, new)
    assert (str(body.addressee.hex()), body.not_after) == (new.replace("-", ""), 0)
    message = decode_from_server(body.message)
    assert isinstance(message, ChangeIdentity)
    assert message.agent_id is not None
    assert message.agent_id.hex() == old.replace("-", "")
    again = await admin.post(f"/agents/{new}/former", json={"go_on_as": old})
    assert again.status_code == 404


async def test_both_stay(admin: httpx.AsyncClient, twice: tuple[str, str]) -> None:
    old, new = twice
    answer = await admin.post(f"/agents/{new}/former", json={"go_on_as": None})
    assert (answer.json()["id"], answer.json()["former"]) == (new, [])
    assert (await admin.get(f"/agents/{old}")).status_code == 200
    assert (await admin.post(f"/agents/{new}/former", json={"go_on_as": old})).status_code == 409


async def test_only_the_machine_that_it_was_and_only_whoever_may_remove_machines(
    *, admin: httpx.AsyncClient, api: Api, partner: Partner, other: Partner, twice: tuple[str, str]
) -> None:
    old, new = twice
    for wrong in (new, str(partner.agents[3]), str(other.agents[1]), str(new_id())):
        answer = await admin.post(f"/agents/{new}/former", json={"go_on_as": wrong})
        assert (answer.status_code, answer.json()["code"]) == (409, "agent_not_the_same"), wrong
    assert (await admin.post(f"/agents/{old}/former", json={"go_on_as": new})).status_code == 409
    async with api.as_(other.person()) as stranger:
        assert (await stranger.post(f"/agents/{new}/former", json={"go_on_as": old})).status_code == 404
    async with api.as_(partner.person(Role.PARTNER_TECH)) as technician:
        assert (await technician.post(f"/agents/{new}/former", json={"go_on_as": old})).status_code == 403


async def test_removing_with_the_agent_leaves_it_an_order_that_never_ends(
    admin: httpx.AsyncClient, partner: Partner, db: Database
) -> None:
    first, second = (str(agent_id) for agent_id in partner.agents[1:3])
    assert (await admin.delete(f"/agents/{first}", params={"uninstall": "true"})).status_code == 204
    body = await last_order(db, first)
    assert (body.kind, body.not_after) == ("uninstall", 0)
    assert isinstance(decode_from_server(body.message), Uninstall)
    assert (await admin.delete(f"/agents/{second}")).status_code == 204
    async with db.ingest() as tx:
        row = await tx.fetchval("select last_order from core.removed_agents where agent_id = $1::uuid", second)
    assert row is None


async def test_several_with_one_key_are_named_and_one_of_them_gets_its_own(
    *, admin: httpx.AsyncClient, api: Api, partner: Partner, other: Partner, db: Database
) -> None:
    agent_id = str(partner.agents[0])
    async with db.ingest() as tx:
        for number, name in enumerate(("main", "clone")):
            await tx.execute(
                "insert into core.agent_doubles (tenant_id, agent_id, instance, hostname, machine_id, address)"
                " values ($1, $2::uuid, $3, $4, '', '192.0.2.1')",
                partner.tenant_id,
                agent_id,
                bytes([number]) * 16,
                name,
            )
    shown = (await admin.get(f"/agents/{agent_id}")).json()["doubles"]
    assert [(each["hostname"], each["ordered"]) for each in shown] == [("main", False), ("clone", False)]
    instance = shown[1]["instance"]
    async with api.as_(other.person()) as stranger:
        for choice in (instance, None):
            answer = await stranger.post(f"/agents/{agent_id}/doubles", json={"own_key": choice})
            assert answer.status_code == 404
    async with api.as_(partner.person(Role.CLIENT_CONTACT, partner.clients[0])) as contact:
        assert (await contact.post(f"/agents/{agent_id}/doubles", json={"own_key": None})).status_code == 403
    answer = await admin.post(f"/agents/{agent_id}/doubles", json={"own_key": instance})
    assert [each["ordered"] for each in answer.json()["doubles"]] == [False, True]
    assert (await admin.post(f"/agents/{agent_id}/doubles", json={"own_key": "0f" * 16})).status_code == 404
    assert (await admin.post(f"/agents/{agent_id}/doubles", json={"own_key": "no id"})).status_code == 422
    async with db.ingest() as tx:
        signed = await tx.fetchval("select signed_order from core.agent_doubles where signed_order is not null")
    order = decode_from_server(signed)
    assert isinstance(order, Order)
    message = orders.read(order)[1]
    assert isinstance(message, ChangeIdentity)
    assert (message.agent_id, message.instance) == (None, bytes.fromhex(instance))
    answer = await admin.post(f"/agents/{agent_id}/doubles", json={"own_key": None})
    assert answer.json()["doubles"] == []
