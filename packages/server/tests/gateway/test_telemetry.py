"""Readings from socket to table, and what somebody who looks sees at once."""

import time

import msgspec
import pytest
from agent_end import Fleet
from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.traffic import Deliver
from gururmm_server.core.telemetry.live import Sample
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import decode_from_agent, encode
from gururmm_wire.v2.agent import Fault, FilesystemUse, Heartbeat, Metrics, MetricsBacklog
from gururmm_wire.v2.server import Settings, SettingsPush, Watch

from packages.server.tests.hearing import hearing
from packages.server.tests.waiting import until

GIB = 2**30


def sample(at: int, **changes: object) -> Metrics:
    fields: dict[str, object] = {
        "at": at,
        "cpu": 250,
        "memory_used": 4 * GIB,
        "memory_total": 16 * GIB,
        "swap_used": 0,
        "load": 75,
        "receive_rate": 1000,
        "send_rate": 2000,
        "read_rate": 3000,
        "write_rate": 4000,
        "disks": [("/", 91, 100), ("/boot", 10, 100), ("/empty", 0, 0)],
        "temperatures": [("cpu", 451), ("board", 300)],
        "uptime": 3600,
    }
    return Metrics(**(fields | changes))


async def test_a_heartbeat_reaches_the_table_within_seconds(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send(Heartbeat(at=1, cpu=123, memory=456))
    await until(lambda: _reading(fleet, 123))
    row = await fleet.row("select * from core.agent_state where agent_id = $1", agent.agent_id)
    assert row["memory"] == 456
    assert abs(row["last_seen"].timestamp() - time.time()) < 3


async def test_metrics_reach_state_and_history_in_the_tables_units(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    now = int(time.time())
    metrics = sample(now)
    agent.send(metrics)
    await until(lambda: _reading(fleet, 250))
    state = await fleet.row("select * from core.agent_state where agent_id = $1", agent.agent_id)
    assert (state["memory"], state["disk"], state["uptime_s"]) == (250, 910, 3600)
    assert state["latest"] == encode(metrics)
    kept = await fleet.row("select * from core.agent_metrics where agent_id = $1", agent.agent_id)
    assert kept["at"].timestamp() == now
    assert (kept["cpu"], kept["memory"], kept["disk"], kept["temperature"], kept["load"]) == (250, 250, 910, 451, 75)
    assert (kept["receive_rate"], kept["write_rate"]) == (1000, 4000)
    assert kept["tenant_id"] == fleet.tenant_id


async def test_history_keeps_what_is_due_and_nothing_absurd(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    now = int(time.time())
    agent.send(sample(now - 10))
    agent.send(sample(now - 8))  # asked for by somebody who watches
    agent.send(sample(now + 10**9, load=2**62, receive_rate=2**62))  # a clock far ahead counts as now
    backlog = [sample(now - 8 * 86400), sample(now - 600), sample(now - 600), sample(now - 540), sample(0)]
    agent.send(MetricsBacklog(samples=backlog))
    await until(lambda: _kept(fleet, 3))
    rows = await fleet.value(
        "select array_agg(extract(epoch from at)::bigint order by at) from core.agent_metrics where agent_id = $1",
        agent.agent_id,
    )
    assert rows == [now - 600, now - 540, now - 10]


@pytest.mark.parametrize("off", [-3 * 3600, -3600, -365 * 86400, 3 * 3600, 365 * 86400])
@pytest.mark.parametrize("reckons", [False, True])
async def test_a_wrong_clock_loses_no_reading_and_is_known(
    gateway: Gateway, fleet: Fleet, bus: Bus, off: int, reckons: bool
) -> None:
    """`reckons`: the agent tells the server's time itself, and what its clock said; one of before cannot."""
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    now = int(time.time())

    def taken(ago: int, **changes: object) -> Metrics:
        moment = {"at": now - ago, "clock": now - ago + off} if reckons else {"at": now - ago + off}
        return sample(**(moment | changes))  # type: ignore[arg-type]

    agent.send(Heartbeat(at=now + off, cpu=1, memory=1))
    agent.send(taken(0, cpu=333))
    agent.send(MetricsBacklog(samples=[taken(900), taken(600), taken(300)]))
    await until(lambda: _kept(fleet, 4))
    rows = await fleet.value("select array_agg(extract(epoch from at)::bigint order by at) from core.agent_metrics")
    assert rows == [pytest.approx(now - ago, abs=30) for ago in (900, 600, 300, 0)]
    state = await fleet.row("select clock_s, latest from core.agent_state where agent_id = $1", agent.agent_id)
    assert state["clock_s"] == pytest.approx(off, abs=30)
    latest = decode_from_agent(state["latest"])
    assert isinstance(latest, Metrics)
    assert (latest.at, latest.cpu) == (pytest.approx(now, abs=30), 333)


async def test_what_was_kept_because_it_might_not_have_come_is_there_once(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    now = int(time.time())
    agent.send(sample(now - 100, cpu=1))
    await until(lambda: _kept(fleet, 1))
    agent.cut()
    await agent.join(gateway.port)
    # The moment is reckoned anew at each connection, so it may be another second's.
    agent.send(MetricsBacklog(samples=[sample(now - 99, clock=now), sample(now - 40, cpu=2, clock=now)]))
    await until(lambda: _kept(fleet, 2))
    agent.send(MetricsBacklog(samples=[sample(now - 40, cpu=2, clock=now)]))
    agent.send(sample(now, cpu=3))
    await until(lambda: _reading(fleet, 3))
    await until(lambda: _kept(fleet, 3))
    assert await fleet.value("select array_agg(cpu order by at) from core.agent_metrics") == [1, 2, 3]


async def test_what_is_full_is_full_for_users_and_what_is_read_only_is_not(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    now = int(time.time())
    disks = [
        FilesystemUse("/", 60 * 512, 100 * 512, 20),  # 20 are kept for root: df says 75 %
        FilesystemUse("/snap/core", 100, 100, 0, "read_only"),
        FilesystemUse("/data", 99, 100, 0, "became_read_only"),
        FilesystemUse("/silent", 0, 0, 0, "not_answering"),
    ]
    agent.send(sample(now, disks=disks))

    async def told() -> list[str] | None:
        row = await fleet.row("select disk, faults from core.agent_state where agent_id = $1", agent.agent_id)
        return row["faults"] if row["disk"] == 750 else None

    assert await until(told) == ["disk_read_only", "disk_not_answering"]
    faults = [Fault("state_not_kept", "No space left"), Fault("of_the_future", "?")]
    agent.send(sample(now, disks=[FilesystemUse("/", 80 * 512, 100 * 512, 20)], faults=faults, cpu=12))
    await until(lambda: _reading(fleet, 12))
    row = await fleet.row("select disk, faults from core.agent_state where agent_id = $1", agent.agent_id)
    assert (row["disk"], row["faults"]) == (1000, ["state_not_kept"])
    agent.send(sample(now, disks=[FilesystemUse("/", 1, 100)], cpu=13))
    await until(lambda: _reading(fleet, 13))
    assert await fleet.value("select faults from core.agent_state") == []


async def test_who_watches_sees_samples_at_once(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    order = Deliver(agent_id=agent.agent_id.bytes, message=encode(Watch(interval_s=2, for_s=30)))
    await bus.publish(traffic.gateway_deliver(gateway.gateway_id), traffic.encode(order))
    await agent.expect(Watch)
    metrics = sample(int(time.time()))
    async with hearing(bus, traffic.live_of_machines(fleet.tenant_id), LiveBatch) as live:
        agent.send(metrics)
        await until(lambda: any(batch.of(Sample) for batch in live))
        assert [s.metrics for batch in live for s in batch.of(Sample)] == [encode(metrics)]


@pytest.mark.parametrize("reading", [Heartbeat(at=1, cpu=321, memory=1), sample(2_000_000_000)])
async def test_a_reading_that_is_ahead_of_its_arrival_in_the_table_is_not_lost(
    gateway: Gateway, fleet: Fleet, reading: Heartbeat | Metrics
) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    await fleet.value("update core.agent_state set online = false, gateway_id = null")
    agent.send(reading)

    async def written() -> bool:
        return bool(await fleet.value("select cpu from core.agent_state") == reading.cpu)

    await until(written)
    assert await fleet.online(agent)
    if isinstance(reading, Metrics):
        latest = decode_from_agent(await fleet.value("select latest from core.agent_state"))
        assert isinstance(latest, Metrics)
        assert msgspec.structs.replace(latest, at=reading.at) == decode_from_agent(encode(reading))


async def test_dashboards_hear_readings_about_once_a_second(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    agents = await fleet.enrol(10)
    for agent in agents:
        await agent.join(gateway.port)
    await until(lambda: _all_online(fleet, 10))
    async with hearing(bus, traffic.live_of_machines(fleet.tenant_id), LiveBatch) as live:
        for cpu in range(320, 330):
            for agent in agents:
                agent.send(Heartbeat(at=1, cpu=cpu, memory=1))
                await agent.understood()
        latest = {agent.agent_id.bytes: 329 for agent in agents}
        await until(lambda: {row.agent_id: row.cpu for batch in live for row in batch.of(AgentRow)} == latest)
        assert len(live) <= 5, "100 heartbeats are a few batches, however slow the machine is"
        assert not any(row.changed for batch in live for row in batch.of(AgentRow))


async def test_changed_settings_are_pushed(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await say_settings(fleet, Settings(version=2, heartbeat_s=10))
    await bus.publish(f"settings.{fleet.tenant_id.hex}.changed", b"")
    pushed = await agent.expect(SettingsPush)
    assert (pushed.settings.heartbeat_s, pushed.settings.version) == (10, 2)
    await bus.publish("settings.nonsense.changed", b"")
    again = await (await fleet.enrol())[0].join(gateway.port)
    assert (await again.expect(SettingsPush)).settings.version == 2


async def test_settings_that_are_only_signed_anew_are_for_those_who_come(
    gateway: Gateway, fleet: Fleet, bus: Bus
) -> None:
    (agent,) = await fleet.enrol()
    await say_settings(fleet, Settings(version=2))
    await agent.join(gateway.port)
    await agent.expect(SettingsPush)
    await say_settings(fleet, Settings(version=2))
    await bus.publish(f"settings.{fleet.tenant_id.hex}.changed", b"")
    newest = await fleet.value("select signed_order from core.tenant_settings where tenant_id = $1", fleet.tenant_id)

    async def known() -> bool:
        again = await (await fleet.enrol())[0].join(gateway.port)
        await again.expect(SettingsPush)
        return encode(again.orders[-1]) == newest

    await until(known)
    await say_settings(fleet, Settings(version=3))
    await bus.publish(f"settings.{fleet.tenant_id.hex}.changed", b"")
    assert (await agent.expect(SettingsPush)).settings.version == 3
    assert len(agent.orders) == 2


async def say_settings(fleet: Fleet, settings: Settings) -> None:
    """Write settings and their order, as the api does."""
    await fleet.value(
        "update core.tenant_settings set version = $2, signed_order = $3 where tenant_id = $1",
        fleet.tenant_id,
        settings.version,
        fleet.order(fleet.tenant_id, SettingsPush(settings)),
    )


async def _reading(fleet: Fleet, cpu: int) -> bool:
    return bool(await fleet.value("select cpu from core.agent_state where cpu is not null limit 1") == cpu)


async def _all_online(fleet: Fleet, count: int) -> bool:
    return bool(await fleet.value("select count(*) from core.agent_state where online") == count)


async def _kept(fleet: Fleet, count: int) -> bool:
    return bool(await fleet.value("select count(*) from core.agent_metrics") >= count)
