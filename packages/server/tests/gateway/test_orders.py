"""A gateway carries orders: the same bytes each time, the keys' chain before them, and the word of who refuses one."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from agent_end import Fleet, until
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.core.orders import rotation
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.entrypoints.agent_gateway import downlink
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import CommandResult, OrderRefused
from gururmm_wire.v2.server import KeyChange, RunCommand
from test_commands import queue, status


def refuse(command_id: Any, code: str, **changes: Any) -> OrderRefused:
    return OrderRefused(command_id.bytes, "run_command", code, **({"message": "it is behind"} | changes))


async def events(fleet: Fleet) -> list[dict[str, Any]]:
    rows = await fleet.value(
        "select coalesce(array_agg(payload order by event_id), '{}')"
        " from core.outbox where name = 'agent.order_refused'"
    )
    return [msgspec.json.decode(row) for row in rows]


async def test_what_is_delivered_again_is_the_same_bytes(
    start_gateway: Callable[[], Awaitable[Gateway]], fleet: Fleet
) -> None:
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    stored = await fleet.value("select signed_order from core.commands where command_id = $1", command_id)
    for _ in range(2):
        gateway = await start_gateway()
        await agent.join(gateway.port)
        await agent.expect(RunCommand)
        agent.cut()
    assert [encode(order) for order in agent.orders] == [stored, stored]


async def test_a_refusal_is_an_event_and_ends_what_will_never_run(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    live: list[LiveBatch] = []
    hearing = await bus.subscribe(
        traffic.live_all(fleet.tenant_id), lambda _s, data: live.append(msgspec.msgpack.decode(data, type=LiveBatch))
    )
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    agent.send(refuse(command_id, "unknown_key", message="the key\0 is not pinned"))

    async def failed() -> bool:
        return await status(fleet, command_id) == "failed"

    await until(failed)
    row = await fleet.row("select * from core.commands where command_id = $1", command_id)
    assert row["message"] == "The machine does not follow the order to run it: the key is not pinned."
    assert row["finished_at"] is not None
    assert row["started_at"] is None
    await until(lambda: _told(live, command_id))
    assert await fleet.events("command.completed") == 1
    (event,) = await events(fleet)
    assert (event["kind"], event["code"], event["reason"]) == ("run_command", "unknown_key", "the key is not pinned")
    assert event["agent_id"] == str(agent.agent_id)
    await hearing.stop()


async def _told(live: list[LiveBatch], command_id: Any) -> bool:
    return "failed" in [u.status for batch in live for u in batch.of(CommandUpdate) if u.command_id == command_id.bytes]


@pytest.mark.parametrize("code", ["forged", "not_signed", "expired", "of_the_future"])
async def test_what_others_forged_is_told_and_ends_nothing(gateway: Gateway, fleet: Fleet, code: str) -> None:
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    agent.send(refuse(command_id, code))
    await until(lambda: _is_told(fleet, code))
    assert await status(fleet, command_id) == "delivered"


async def _is_told(fleet: Fleet, code: str) -> bool:
    return [event["code"] for event in await events(fleet)] == [code]


async def test_nobody_ends_anothers_command_or_one_that_runs(gateway: Gateway, fleet: Fleet) -> None:
    owner, thief = await fleet.enrol(2)
    waiting, running = await queue(fleet, owner), await queue(fleet, owner, status="running")
    await owner.join(gateway.port)
    await thief.join(gateway.port)
    thief.send(refuse(waiting, "behind"))
    owner.send(refuse(running, "behind"))

    async def both_told() -> bool:
        return len(await events(fleet)) == 2

    await until(both_told)
    assert await status(fleet, running) == "running"
    assert await status(fleet, waiting) in ("queued", "delivered")


async def test_a_machine_that_refuses_without_end_fills_no_feed(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    for _ in range(100):
        agent.send(OrderRefused(bytes(16), "run_command", "forged"))
    agent.send(OrderRefused(bytes(16), "run_command", "behind"))

    async def last_told() -> bool:
        return (await events(fleet))[-1:] != [] and (await events(fleet))[-1]["code"] == "behind"

    await until(last_told)
    assert [event["code"] for event in await events(fleet)] == ["forged", "behind"]


async def test_whoever_was_away_hears_of_every_key_before_what_they_signed(
    *, start_gateway: Callable[[], Awaitable[Gateway]], fleet: Fleet, db: Database, signer: OrderSigner
) -> None:
    """Two rotations and a retirement while the machine was off. It pins what each change says, and so can read all."""
    (agent,) = await fleet.enrol()
    await rotation.rotate(db, "test")
    await rotation.rotate(db, "test")
    await rotation.retire(db, "test", at_once=True)
    await signer.refresh()
    assert signer.key.key_id not in agent.order_keys
    fleet.order_key = fleet.order_key.another(signer.key.secret[:32])
    command_id = await queue(fleet, agent)
    gateway = await start_gateway()
    await agent.join(gateway.port)
    for _ in range(3):
        pin(agent, await agent.expect(KeyChange))
    assert list(agent.order_keys) == [signer.key.key_id]
    assert (await agent.expect(RunCommand)).command_id == command_id.bytes
    agent.order_key = signer.key.key_id
    await agent.join(gateway.port)
    assert await agent.expect(KeyChange) == KeyChange(signer.key.public_key, agent.retired)


def pin(agent: Any, change: KeyChange) -> None:
    from gururmm_wire import orders

    agent.order_keys[orders.key_id(change.public_key)] = change.public_key
    agent.retired = change.retired
    for key_id in change.retired:
        agent.order_keys.pop(key_id, None)


async def test_whoever_is_connected_hears_of_a_new_key_soon(
    *, start_gateway: Callable[[], Awaitable[Gateway]], fleet: Fleet, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downlink, "SETTINGS_RELOAD_S", 0.1)
    gateway = await start_gateway()
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await rotation.rotate(db, "test")
    change = await agent.expect(KeyChange)
    assert change.retired == []


async def test_an_agent_without_a_key_is_told_of_none(
    start_gateway: Callable[[], Awaitable[Gateway]], fleet: Fleet, db: Database
) -> None:
    await rotation.rotate(db, "test")
    gateway = await start_gateway()
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    agent.order_key = None
    await agent.join(gateway.port)
    assert (await agent.receive()) == RunCommand(command_id.bytes, "sh", "true", 60)


async def test_an_order_is_not_kept_where_gateways_read_once_its_command_is_over(
    gateway: Gateway, fleet: Fleet
) -> None:
    """It has the script in it, which no gateway needs to know of what is done."""
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    assert await fleet.value("select signed_order is not null from core.commands where command_id = $1", command_id)
    agent.send(CommandResult(command_id.bytes, "succeeded", 0, 5, 0))

    async def done() -> bool:
        return await status(fleet, command_id) == "succeeded"

    await until(done)
    assert await fleet.value("select signed_order is null from core.commands where command_id = $1", command_id)
