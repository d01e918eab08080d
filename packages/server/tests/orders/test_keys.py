"""The order key: who may read it, what it signs, and how it is changed."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.orders import rotation
from gururmm_server.core.orders.chain import KeyChain
from gururmm_server.core.orders.errors import NothingToRetire, TooEarly
from gururmm_server.core.orders.signing import OrderSigner, Wanted
from gururmm_server.core.post.service import Post
from gururmm_server.core.post.traffic import settings_changed
from gururmm_server.core.settings.jobs import sign_settings
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.schema import migrate
from gururmm_wire import orders
from gururmm_wire.codec import decode_from_server
from gururmm_wire.v2.agent import Message
from gururmm_wire.v2.limits import ORDER_SECONDS
from gururmm_wire.v2.server import KeyChange, Order, RunCommand, Settings, SettingsPush
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from packages.server.tests.conftest import Engines
from packages.server.tests.waiting import until
from packages.server.tests.world import plant

ACTOR = "test"


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


def wanted(**changes: Any) -> Wanted:
    command_id = new_id()
    fields = {
        "message": RunCommand(command_id.bytes, "sh", "true", 60),
        "addressee": new_id(),
        "order_id": command_id,
        "until": now() + timedelta(hours=1),
    }
    return Wanted(**(fields | changes))


def opened(data: bytes, public_key: bytes) -> tuple[orders.Body, Message]:
    """What an order says, if that key signed it."""
    order = decode_from_server(data)
    assert isinstance(order, Order)
    assert order.key_id == orders.key_id(public_key)
    crypto_sign_open(order.signature + orders.signed_bytes(order.body), public_key)
    return orders.read(order)


async def seeds(tx: Any) -> list[bytes]:
    return [row["value"] for row in await tx.fetch("select value from core.server_secrets where name like 'order%'")]


async def test_the_api_and_the_worker_read_the_key_and_a_gateway_cannot(db: Database, signer: OrderSigner) -> None:
    for scope in (db.identity, db.worker):
        async with scope() as tx:
            assert [len(seed) for seed in await seeds(tx)] == [32]
        holder = OrderSigner(scope)
        await holder.refresh()
        assert holder.key.public_key == signer.key.public_key
    async with db.ingest() as tx:
        assert await seeds(tx) == []
        assert await tx.fetchval("select count(*) from core.order_keys") == 1
    for scope in (db.scope, db.audit_reader):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with scope(system_scope(new_id())) as tx:
                await seeds(tx)


@pytest.mark.parametrize(
    "statement",
    [
        "update core.commands set signed_order = 'x'",
        "update core.commands set signed_cancel = 'x'",
        "update core.tenant_settings set signed_order = 'x'",
        "insert into core.order_keys (key_id, public_key, signs_from) values ('12345678', 'x', now())",
        "insert into core.order_key_changes (key_id, signed_order) values ('12345678', 'x')",
        "update core.order_keys set retired_at = now()",
        "insert into core.server_secrets (name, value) values ('order_key_x', 'x')",
    ],
)
async def test_a_gateway_cannot_write_what_it_carries(db: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.ingest() as tx:
            await tx.execute(statement)


async def test_a_second_migration_makes_no_second_key(engines: Engines, database_name: str, owner: Any) -> None:
    await migrate(engines.database(engines.migrator_url, database_name))
    assert await owner.fetchval("select count(*) from core.order_keys") == 1


async def test_an_order_is_bound_to_whom_it_is_for_until_when_and_a_counter_that_rises(signer: OrderSigner) -> None:
    first, second = wanted(), wanted()
    before = time.time_ns()
    (body, message), (later, _) = (
        opened(data, signer.key.public_key) for data in (signer.sign(first), signer.sign(second))
    )
    assert (body.addressee, body.id, message) == (first.addressee.bytes, first.order_id.bytes, first.message)
    assert 0 <= body.not_after - first.until.timestamp() < 1
    assert before <= body.counter < later.counter
    tampered = decode_from_server(signer.sign(first))
    assert isinstance(tampered, Order)
    with pytest.raises(BadSignatureError):
        crypto_sign_open(tampered.signature + orders.signed_bytes(tampered.body + b"\0"), signer.key.public_key)


async def test_a_batch_is_signed_beside_the_loop(signer: OrderSigner) -> None:
    """Two thousand orders: each is as if it had been signed alone, and meanwhile others had their turns."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    batch = [wanted() for _ in range(2000)]
    task = asyncio.create_task(others())
    signed = await signer.sign_all(batch)
    task.cancel()
    assert turns > 3
    read = [opened(data, signer.key.public_key)[0] for data in signed]
    assert [body.id for body in read] == [each.order_id.bytes for each in batch]
    assert sorted({body.counter for body in read}) == [body.counter for body in read]


async def test_a_rotation_is_announced_before_the_new_key_signs(db: Database, owner: Any, signer: OrderSigner) -> None:
    old = signer.key
    chain = KeyChain(db)
    assert await chain.reload() == []
    assert chain.missing(old.key_id) == []
    listed = await rotation.rotate(db, ACTOR)
    assert [key.state for key in listed] == ["signs", "announced"]
    (told,) = await chain.reload()
    body, change = opened(told, old.public_key)
    assert (body.addressee, body.kind) == (orders.EVERY_AGENT, "key_change")
    assert isinstance(change, KeyChange)
    assert (orders.key_id(change.public_key).hex(), change.retired) == (listed[1].key_id, [])
    await signer.refresh()
    assert signer.key == old
    await owner.execute("update core.order_keys set signs_from = now() where signs_from > now()")
    await signer.refresh()
    assert signer.key.public_key == change.public_key
    assert [key.state for key in await rotation.status(db, ACTOR)] == ["accepted", "signs"]
    assert await owner.fetchval("select count(*) from core.platform_access where reason like '%order key%'") == 2


async def test_a_retired_key_is_gone_and_the_chain_leads_past_it(db: Database, owner: Any, signer: OrderSigner) -> None:
    first = signer.key
    with pytest.raises(NothingToRetire):
        await rotation.retire(db, ACTOR)
    await rotation.rotate(db, ACTOR)
    with pytest.raises(TooEarly):
        await rotation.retire(db, ACTOR)
    await owner.execute("update core.order_keys set signs_from = signs_from - interval '8 days'")
    await signer.refresh()
    second = signer.key
    assert [key.state for key in await rotation.retire(db, ACTOR)] == ["retired", "signs"]
    async with db.identity() as tx:
        assert await seeds(tx) == [second.secret[:32]]
    chain = KeyChain(db)
    add, retire = await chain.reload()
    _, change = opened(retire, second.public_key)
    assert change == KeyChange(second.public_key, [first.key_id])
    assert chain.missing(first.key_id) == [add, retire]
    assert chain.missing(second.key_id) == [retire]
    assert chain.missing(b"nobody's") == [add, retire]
    assert chain.missing(None) == []


async def test_what_leaked_can_be_retired_at_once(db: Database, signer: OrderSigner) -> None:
    leaked = signer.key
    await rotation.rotate(db, ACTOR)
    listed = await rotation.retire(db, ACTOR, at_once=True)
    assert [key.state for key in listed] == ["retired", "signs"]
    await signer.refresh()
    assert signer.key.key_id.hex() == listed[1].key_id != leaked.key_id.hex()


async def test_settings_are_signed_once_for_all_agents_and_again_each_day(
    *, db: Database, bus: Bus, owner: Any, owner_url: str
) -> None:
    partner = await plant(owner_url, machines=0)
    told: list[str] = []
    hearing = await bus.subscribe(settings_changed(partner.tenant_id), lambda subject, _: told.append(subject))
    signer = OrderSigner(db.worker)
    await signer.refresh()
    assert await sign_settings(db, Post(bus.publish), signer) == 1
    assert await sign_settings(db, Post(bus.publish), signer) == 0
    row = await owner.fetchrow("select * from core.tenant_settings")
    body, message = opened(row["signed_order"], signer.key.public_key)
    assert body.addressee == partner.tenant_id.bytes
    assert message == SettingsPush(Settings(version=1))
    assert 0 <= body.not_after - time.time() - ORDER_SECONDS < 2
    await owner.execute("update core.tenant_settings set signed_at = now() - interval '25 hours'")
    assert await sign_settings(db, Post(bus.publish), signer) == 1
    again, _ = opened(await owner.fetchval("select signed_order from core.tenant_settings"), signer.key.public_key)
    assert again.counter > body.counter
    await rotation.rotate(db, ACTOR)
    await owner.execute("update core.order_keys set signs_from = now() where signs_from > now()")
    await signer.refresh()
    assert await sign_settings(db, Post(bus.publish), signer) == 1
    opened(await owner.fetchval("select signed_order from core.tenant_settings"), signer.key.public_key)
    await until(lambda: len(told) >= 3)
    await hearing.stop()
    assert len(told) == 3


async def test_the_operator_rotates_from_the_terminal(engines: Engines, database_name: str) -> None:
    database_url = engines.database(engines.urls[Kind.API], database_name)

    async def gururmm(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "gururmm_server", "keys", *arguments, "--database-url", database_url]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    code, said = await gururmm("rotate", "order")
    assert code == 0
    first, second = said.splitlines()
    assert "  signs  " in first
    assert "  announced  " in second
    code, said = await gururmm("retire", "order")
    assert (code, said) == (1, f"gururmm: {TooEarly.__doc__}\n")
    code, said = await gururmm("retire", "order", "--at-once")
    assert "  retired  " in said.splitlines()[0]
    assert await gururmm("status") == (0, said)
    assert (await gururmm("rotate", "link"))[0] == 2
