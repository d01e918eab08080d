"""What is done by the clock, on a real database and broker."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.commands.jobs import expire, forget_output
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.core.component import Consumer, House, Job
from gururmm_server.core.events.service import ActivityFeed
from gururmm_server.core.identity.jobs import purge
from gururmm_server.core.inventory import jobs as inventory
from gururmm_server.core.orders.signing import KeyScope
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence import jobs as presence
from gururmm_server.core.telemetry import jobs as telemetry
from gururmm_server.core.tunnel.jobs import forget_recordings
from gururmm_server.entrypoints.jobs import process
from gururmm_server.entrypoints.jobs.consuming import Consuming
from gururmm_server.entrypoints.jobs.schedule import Schedule
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import Unavailable
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings
from structlog.testing import capture_logs

from packages.server.tests.conftest import Engines
from packages.server.tests.waiting import until
from packages.server.tests.world import DECLARED, Partner, audit_settings, plant


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=6)


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def live(bus: Bus, partner: Partner) -> AsyncIterator[asyncio.Queue[LiveBatch]]:
    batches: asyncio.Queue[LiveBatch] = asyncio.Queue()
    subscription = await bus.subscribe(
        traffic.live(partner.tenant_id),
        lambda _subject, payload: batches.put_nowait(msgspec.msgpack.decode(payload, type=LiveBatch)),
    )
    yield batches
    await subscription.stop()


@pytest.fixture
def db(worker_db: Database) -> Database:
    """The database as a worker has it."""
    return worker_db


async def test_problems_follow_the_state(db: Database, partner: Partner, owner: Any) -> None:
    full, busy, gone, fine = partner.agents[0], partner.agents[2], partner.agents[1], partner.agents[4]
    await owner.execute("update core.agent_state set disk = 500, memory = 500")
    await owner.execute("update core.agent_state set disk = 901 where agent_id = any($1)", [full, gone])
    await owner.execute("update core.agent_state set memory = 951 where agent_id = any($1)", [busy, gone])
    await owner.execute(
        "update core.agent_state set changed_at = now() - interval '25 hours' where agent_id = any($1)", [gone, fine]
    )
    assert await presence.mark_problems(db) == 3
    assert await presence.mark_problems(db) == 0, "what is as it was is not written again"
    rows = await owner.fetch("select agent_id, problems from core.agent_state where problems <> '{}'")
    assert {row["agent_id"]: row["problems"] for row in rows} == {
        full: ["disk_full"],
        busy: ["memory_high"],
        gone: ["disk_full", "offline_long"],
    }
    await owner.execute("update core.agent_state set disk = 900, memory = 950")
    assert await presence.mark_problems(db) == 3


async def test_a_problem_has_the_time_since_which_it_holds(db: Database, partner: Partner, owner: Any) -> None:
    agent = partner.agents[0]

    async def state(**values: int | bool) -> dict[str, datetime | None]:
        """Set what the machine says, mark, and return since when it has which problems."""
        given = ", ".join(f"{name} = {value}" for name, value in values.items())
        await owner.execute(f"update core.agent_state set {given} where agent_id = $1", agent)
        await presence.mark_problems(db)
        row = await owner.fetchrow("select problems, problems_since from core.agent_state where agent_id = $1", agent)
        return dict(zip(row["problems"], row["problems_since"], strict=True))

    before: datetime = await owner.fetchval("select now()")
    first = await state(online=True, disk=901, memory=951)
    assert set(first) == {"disk_full", "memory_high"}
    assert all(since is not None and since > before for since in first.values())
    assert await state(disk=950, memory=500) == {"disk_full": first["disk_full"]}, "fuller is not anew"
    again = await state(memory=952)
    assert again["disk_full"] == first["disk_full"]
    assert again["memory_high"] > first["memory_high"], "it had ended"
    assert await state(disk=100, memory=100) == {}


async def test_nobody_knows_since_when_problems_hold_that_are_older_than_the_question(
    db: Database, partner: Partner, owner: Any
) -> None:
    old, agent = "update core.agent_state set online = true, disk = 901, problems = '{disk_full}'", partner.agents[0]
    await owner.execute(f"{old} where agent_id = $1", agent)
    await owner.execute("update core.agent_state set memory = 951 where agent_id = $1", agent)
    await presence.mark_problems(db)
    row = await owner.fetchrow("select problems, problems_since from core.agent_state where agent_id = $1", agent)
    assert row["problems"] == ["disk_full", "memory_high"]
    assert [since is None for since in row["problems_since"]] == [True, False]


async def set_value(owner: Any, tenant_id: UUID | None, key: str, value: int) -> None:
    """Sets something for a Partner (None: for everybody)."""
    table, columns = ("platform_settings", "") if tenant_id is None else ("setting_values", "tenant_id, ")
    given = "" if tenant_id is None else f"'{tenant_id}', "
    await owner.execute(
        f"insert into core.{table} ({columns}key, value, changed_by) values ({given}'{key}', '{value}', 'x')"
    )


async def test_from_when_on_something_is_a_problem_is_each_partners_to_say(
    db: Database, partner: Partner, owner: Any, owner_url: str
) -> None:
    other = await plant(owner_url, "Other", machines=2)
    await owner.execute("update core.agent_state set disk = 850, memory = 850, online = true")
    await owner.execute("update core.agent_state set online = false, changed_at = now() - interval '3 hours'")
    assert await presence.mark_problems(db) == 0
    await set_value(owner, other.tenant_id, "disk_full_percent", 80)
    await set_value(owner, other.tenant_id, "offline_long_hours", 2)
    await set_value(owner, None, "offline_long_hours", 4)
    assert await presence.mark_problems(db) == 2
    rows = await owner.fetch("select tenant_id, problems from core.agent_state where problems <> '{}'")
    assert [tuple(row) for row in rows] == [(other.tenant_id, ["disk_full", "offline_long"])] * 2
    await owner.execute("update core.platform_settings set value = '3'")
    await owner.execute("update core.agent_state set changed_at = now() - interval '200 minutes'")
    assert await presence.mark_problems(db) == len(partner.agents)


async def test_a_wrong_clock_and_what_a_machine_tells_of_are_problems(
    db: Database, partner: Partner, owner: Any
) -> None:
    clocks = dict(zip(partner.agents, (-10_800, 120, 121, -121, 2**31 - 1, None), strict=True))
    for agent_id, off in clocks.items():
        await owner.execute(
            "update core.agent_state set online = true, clock_s = $2 where agent_id = $1", agent_id, off
        )
    told = "update core.agent_state set faults = '{disk_read_only,state_not_kept}' where agent_id = $1"
    await owner.execute(told, partner.agents[1])
    await owner.execute("update core.agent_state set online = false where agent_id = $1", partner.agents[2])
    await presence.mark_problems(db)
    rows = await owner.fetch("select agent_id, problems from core.agent_state where problems <> '{}'")
    assert {row["agent_id"]: row["problems"] for row in rows} == {
        partner.agents[0]: ["clock_wrong"],
        partner.agents[1]: ["disk_read_only", "state_not_kept"],
        partner.agents[3]: ["clock_wrong"],
        partner.agents[4]: ["clock_wrong"],
    }


async def test_an_hour_is_averaged_and_again_when_late_samples_come(db: Database, partner: Partner, owner: Any) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)

    async def sample(minute: int, cpu: int, temperature: int | None = None) -> None:
        await owner.execute(
            "insert into core.agent_metrics (tenant_id, agent_id, at, cpu, memory, disk, temperature, load,"
            " receive_rate, send_rate, read_rate, write_rate) values ($1, $2, $3, $4, 100, null, $5, 0, 7, 0, 0, 0)",
            partner.tenant_id,
            partner.agents[0],
            hour + timedelta(minutes=minute),
            cpu,
            temperature,
        )

    await sample(0, 100)
    await sample(59, 300, 455)
    await sample(60, 999)
    await telemetry.roll_up(db)
    rows = await owner.fetch("select * from core.agent_metrics_hourly order by at")
    assert [(row["at"], row["samples"], row["cpu"]) for row in rows] == [
        (hour, 2, 200),
        (hour + timedelta(hours=1), 1, 999),
    ]
    assert (rows[0]["disk"], rows[0]["temperature"], rows[0]["receive_rate"]) == (None, 455, 7)
    await sample(30, 500)
    await telemetry.roll_up(db)
    row = await owner.fetchrow("select samples, cpu from core.agent_metrics_hourly where at = $1", hour)
    assert tuple(row) == (3, 300)


async def test_online_history_has_one_point_each_half_hour(db: Database, partner: Partner, owner: Any) -> None:
    await presence.sample_online(db)
    await presence.sample_online(db)
    row = await owner.fetchrow(
        "select online, total, extract(epoch from at)::bigint % 1800 as beside from core.online_history"
    )
    assert tuple(row) == (3, 6, 0)
    assert await owner.fetchval("select count(*) from core.online_history") == 1


async def test_online_history_goes_on_at_zero_and_begins_with_a_machine(
    db: Database, partner: Partner, owner: Any, owner_url: str
) -> None:
    without = await plant(owner_url, "No machines yet", machines=0)
    await presence.sample_online(db)
    await owner.execute("update core.online_history set at = at - interval '30 minutes'")
    await owner.execute("delete from core.agents where tenant_id = $1", partner.tenant_id)
    await presence.sample_online(db)
    rows = await owner.fetch("select tenant_id, online, total from core.online_history order by at")
    assert [tuple(row) for row in rows] == [(partner.tenant_id, 3, 6), (partner.tenant_id, 0, 0)]
    assert without.tenant_id not in {row["tenant_id"] for row in rows}


async def test_partitions_are_kept_ahead(db: Database, owner: Any) -> None:
    await owner.execute(f"drop table core.agent_metrics_{datetime.now(UTC):%Y%m%d}")
    await telemetry.maintain_partitions(db)
    assert await owner.fetchval("select to_regclass($1)", f"core.agent_metrics_{datetime.now(UTC):%Y%m%d}")


async def test_partitions_are_dropped_after_the_time_that_is_set(db: Database, owner: Any) -> None:
    today = datetime.now(UTC)

    async def there(days: int) -> bool:
        """Makes the partition of so many days ago, and tells whether it outlives the job."""
        day = today - timedelta(days=days)
        name = f"agent_metrics_{day:%Y%m%d}"
        await owner.execute(
            f"select core.ensure_partition('agent_metrics', '{day:%Y-%m-%d}Z',"
            f" '{day + timedelta(days=1):%Y-%m-%d}Z', '{day:%Y%m%d}')"
        )
        await telemetry.maintain_partitions(db)
        return bool(await owner.fetchval("select to_regclass($1) is not null", f"core.{name}"))

    assert not await there(10)
    await set_value(owner, None, "metrics_kept_days", 20)
    assert await there(10)
    assert not await there(22)


async def queue(owner: Any, partner: Partner, agent: int, **columns: Any) -> Any:
    command_id = new_id()
    columns = {"status": "queued", "deadline_at": datetime.now(UTC) - timedelta(seconds=5), **columns}
    names = list(columns)
    await owner.execute(
        "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s, created_by,"
        f" {', '.join(names)}) values ($1, $2, $2, $3, 'sh', 'true', 60, 'x', "
        f"{', '.join(f'${place}' for place in range(4, 4 + len(names)))})",
        partner.tenant_id,
        command_id,
        partner.agents[agent],
        *columns.values(),
    )
    return command_id


async def test_commands_expire_after_their_deadline(
    *, db: Database, bus: Bus, partner: Partner, owner: Any, live: asyncio.Queue[LiveBatch]
) -> None:
    moment = datetime.now(UTC)
    missed = await queue(owner, partner, 1)
    await queue(owner, partner, 1, deadline_at=moment + timedelta(hours=1))
    await queue(owner, partner, 0, sent_at=moment)  # it may be running there
    lost = await queue(
        owner, partner, 0, status="delivered", sent_at=moment, deadline_at=moment - timedelta(seconds=61)
    )
    called_off = await queue(
        owner,
        partner,
        0,
        status="delivered",
        sent_at=moment,
        deadline_at=moment - timedelta(seconds=61),
        cancel_requested_at=moment,
    )
    await queue(owner, partner, 0, status="running", started_at=moment - timedelta(days=6))
    forgotten = await queue(owner, partner, 0, status="running", started_at=moment - timedelta(days=8))
    assert await expire(db, Post(bus.publish)) == 4
    assert await expire(db, Post(bus.publish)) == 0
    rows = await owner.fetch("select command_id, status from core.commands where finished_at is not null")
    assert {row["command_id"]: row["status"] for row in rows} == {
        missed: "expired",
        lost: "expired",
        called_off: "cancelled",
        forgotten: "failed",
    }
    assert await owner.fetchval("select count(*) from core.outbox where name = 'command.completed'") == 4
    batch = await asyncio.wait_for(live.get(), 5)
    assert {update.status for update in batch.of(CommandUpdate)} == {"expired", "cancelled", "failed"}


async def test_machines_of_a_dead_gateway_go_offline(
    *, db: Database, bus: Bus, partner: Partner, owner: Any, live: asyncio.Queue[LiveBatch]
) -> None:
    await owner.execute("insert into core.gateways (gateway_id, url) values ('gw-1', 'ws://x'), ('gw-2', 'ws://y')")
    await owner.execute("update core.agent_state set gateway_id = 'gw-2' where agent_id = $1", partner.agents[0])
    watch = presence.GatewayWatch(db, Post(bus.publish), dead_after_s=30)
    for second in range(0, 40, 5):
        await owner.execute("update core.gateways set beat_at = clock_timestamp() where gateway_id = 'gw-2'")
        gone = await watch.look(1000.0 + second)
        assert gone == (2 if second == 30 else 0), second
    rows = await owner.fetch("select agent_id, gateway_id from core.agent_state where online")
    assert [tuple(row) for row in rows] == [(partner.agents[0], "gw-2")]
    assert await owner.fetchval("select array_agg(gateway_id) from core.gateways") == ["gw-2"]
    payloads = [msgspec.json.decode(row[0]) for row in await owner.fetch("select payload from core.outbox")]
    assert {payload["agent_id"] for payload in payloads} == {str(partner.agents[2]), str(partner.agents[4])}
    assert payloads[0]["reason"] == presence.GATEWAY_LOST
    batch = await asyncio.wait_for(live.get(), 5)
    assert [(row.online, row.changed) for row in batch.of(AgentRow)] == [(False, True)] * 2


async def test_machines_that_came_back_elsewhere_stay_online(
    db: Database, bus: Bus, partner: Partner, owner: Any
) -> None:
    await owner.execute("insert into core.gateways (gateway_id, url) values ('gw-1', 'ws://x')")
    watch = presence.GatewayWatch(db, Post(bus.publish), dead_after_s=30)
    await watch.look(0)
    await owner.execute("update core.agent_state set gateway_id = 'gw-9' where online")
    await owner.execute("insert into core.gateways (gateway_id, url) values ('gw-9', 'ws://x')")
    assert await watch.look(31) == 0
    assert await owner.fetchval("select count(*) from core.agent_state where online") == 3


async def test_a_gateway_that_is_not_registered_is_dead_too(db: Database, bus: Bus, partner: Partner) -> None:
    watch = presence.GatewayWatch(db, Post(bus.publish), dead_after_s=30)
    assert await watch.look(0) == 0
    assert await watch.look(29) == 0
    assert await watch.look(30) == 3


@asynccontextmanager
async def outage(engines: Engines, database_name: str) -> AsyncIterator[None]:
    """Within it, the database takes nobody, and whoever was there is thrown out."""
    admin = await asyncpg.connect(engines.database(engines.owner_url, "postgres"))
    try:
        await admin.execute(f"alter database {database_name} with allow_connections false")
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database_name)
        yield
    finally:
        await admin.execute(f"alter database {database_name} with allow_connections true")
        await admin.close()


async def answers(db: Database, bus: Bus) -> bool:
    return (await process.readiness(db, bus)())["database"]


async def test_an_outage_of_the_database_buries_nobody(
    *, db: Database, bus: Bus, partner: Partner, owner: Any, engines: Engines, database_name: str
) -> None:
    watch = presence.GatewayWatch(db, Post(bus.publish), dead_after_s=30)
    await owner.execute("insert into core.gateways (gateway_id, url) values ('gw-1', 'ws://x')")
    await watch.look(0)
    async with outage(engines, database_name):
        with pytest.raises(Unavailable):
            await watch.look(20)
    await until(lambda: answers(db, bus))
    assert await watch.look(300) == 0, "the beat could not be written either"


async def test_old_tickets_invitations_and_sessions_are_forgotten(db: Database, partner: Partner, owner: Any) -> None:
    user_id = new_id()
    await owner.execute("insert into core.users (user_id, email) values ($1, 'a@example.org')", user_id)
    for age, keeps in ((timedelta(days=31), False), (timedelta(days=1), True)):
        moment = datetime.now(UTC) - age
        await owner.execute(
            "insert into core.user_sessions (session_id, user_id, refresh_hash, expires_at, ended_at)"
            " values ($1, $2, $3, $4, $4)",
            new_id(),
            user_id,
            new_id().bytes,
            moment,
        )
        await owner.execute(
            "insert into core.invitations (token_hash, user_id, expires_at) values ($1, $2, $3)",
            new_id().bytes,
            user_id,
            moment,
        )
        await owner.execute(
            "insert into core.stream_tickets (ticket_hash, tenant_id, principal, purpose, expires_at)"
            " values ($1, $2, '{}', 'live', $3)",
            new_id().bytes,
            partner.tenant_id,
            moment if not keeps else datetime.now(UTC),
        )
    assert await purge(db) == 3
    for table in ("user_sessions", "invitations", "stream_tickets"):
        assert await owner.fetchval(f"select count(*) from core.{table}") == 1


async def test_output_and_recordings_are_kept_ninety_days(db: Database, partner: Partner, owner: Any) -> None:
    ids = {days: (new_id(), new_id()) for days in (89, 91)}
    for days, (command_id, session_id) in ids.items():
        await owner.execute(
            "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s,"
            " created_by, status, finished_at) values ($1, $2, $2, $3, 'sh', 'true', 60, 'x', 'succeeded',"
            " now() - make_interval(days => $4))",
            partner.tenant_id,
            command_id,
            partner.agents[0],
            days,
        )
        await owner.execute(
            "insert into core.command_output (tenant_id, command_id, seq, stream, data) values ($1, $2, 0, 1, 'x')",
            partner.tenant_id,
            command_id,
        )
        await owner.execute(
            "insert into core.tunnel_sessions (tenant_id, session_id, agent_id, hostname, opened_by, opened_by_id,"
            " status, closed_at) values ($1, $2, $3, 'pc', 'x', $2, 'closed', now() - make_interval(days => $4))",
            partner.tenant_id,
            session_id,
            partner.agents[0],
            days,
        )
        await owner.execute(
            "insert into core.tunnel_channels (tenant_id, session_id, channel, kind, state, closed_at)"
            " values ($1, $2, 1, 'terminal', 'closed', now())",
            partner.tenant_id,
            session_id,
        )
        await owner.execute(
            "insert into core.tunnel_recording (tenant_id, session_id, channel, at, output_offset, output_bytes, codec,"
            " data) values ($1, $2, 1, now(), 0, 1, 'n', 'x')",
            partner.tenant_id,
            session_id,
        )
    assert (await forget_output(db), await forget_recordings(db)) == (1, 1)
    assert (await forget_output(db), await forget_recordings(db)) == (0, 0)
    assert await owner.fetchval("select command_id from core.command_output") == ids[89][0]
    assert await owner.fetchval("select session_id from core.tunnel_recording") == ids[89][1]
    # What was done, and by whom, stays.
    assert await owner.fetchval("select count(*) from core.commands") == 2
    assert await owner.fetchval("select count(*) from core.tunnel_channels") == 2


async def test_what_is_kept_for_less_long_is_each_partners_to_say(
    db: Database, partner: Partner, owner: Any, owner_url: str
) -> None:
    other = await plant(owner_url, "Other", machines=1)
    for each in (partner, other):
        for days in (20, 40):
            await owner.execute(
                "insert into core.inventory_changes (tenant_id, change_id, agent_id, at, section, key, change)"
                " values ($1, $2, $3, now() - make_interval(days => $4), 'software', 'nginx', 'added')",
                each.tenant_id,
                new_id(),
                each.agents[0],
                days,
            )
            command_id = new_id()
            await owner.execute(
                "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s,"
                " created_by, status, finished_at) values ($1, $2, $2, $3, 'sh', 'true', 60, 'x', 'succeeded',"
                " now() - make_interval(days => $4))",
                each.tenant_id,
                command_id,
                each.agents[0],
                days,
            )
            await owner.execute(
                "insert into core.command_output (tenant_id, command_id, seq, stream, data) values ($1, $2, 0, 1, 'x')",
                each.tenant_id,
                command_id,
            )
    await set_value(owner, None, "inventory_changes_kept_days", 39)
    await set_value(owner, other.tenant_id, "inventory_changes_kept_days", 19)
    await set_value(owner, other.tenant_id, "command_output_kept_days", 30)
    assert await inventory.forget_changes(db) == 3
    assert await forget_output(db) == 1
    kept = "select tenant_id, count(*) from core.{} group by tenant_id"
    assert dict(await owner.fetch(kept.format("inventory_changes"))) == {partner.tenant_id: 1}
    assert dict(await owner.fetch(kept.format("command_output"))) == {partner.tenant_id: 2, other.tenant_id: 1}


async def test_inventory_changes_are_kept_a_year(db: Database, partner: Partner, owner: Any) -> None:
    for days in (1, 364, 367, 368, 400):
        await owner.execute(
            "insert into core.inventory_changes (tenant_id, change_id, agent_id, at, section, key, change)"
            " values ($1, $2, $3, now() - make_interval(days => $4), 'software', 'nginx', 'added')",
            partner.tenant_id,
            new_id(),
            partner.agents[0],
            days,
        )
    assert await inventory.forget_changes(db, at_once=2) == 3
    assert await inventory.forget_changes(db) == 0
    assert await owner.fetchval("select count(*) from core.inventory_changes") == 2


async def test_a_job_runs_alone_among_workers(db: Database, database_url: str) -> None:
    other = Database(database_url)
    await other.open()
    running, release, ran = asyncio.Event(), asyncio.Event(), []

    async def slow() -> None:
        running.set()
        await release.wait()

    async def note() -> None:
        ran.append(1)

    first = asyncio.create_task(Schedule(db).run_once(Job("same", 1, slow)))
    await running.wait()
    assert await Schedule(other).run_once(Job("same", 1, note))
    assert not ran, "another worker is at it"
    assert await Schedule(other).run_once(Job("different", 1, note))
    release.set()
    assert await first
    assert await Schedule(other).run_once(Job("same", 1, note))
    assert len(ran) == 2
    await other.close()


async def test_no_gateway_can_keep_a_job_from_the_workers(db: Database, engines: Engines, database_name: str) -> None:
    async def note() -> None:
        ran.append(1)

    ran: list[int] = []
    thief = await asyncpg.connect(engines.database(engines.urls[Kind.GATEWAY], database_name))
    await thief.execute("set role gururmm_ingest")
    # Advisory locks are every login's: this one was what a worker took.
    assert await thief.fetchval("select pg_try_advisory_lock(726876, $1)", zlib.crc32(b"same") - 2**31)
    assert await Schedule(db).run_once(Job("same", 1, note))
    assert ran
    for statement in (
        "select * from core.job_locks for update",
        "lock table core.job_locks in access share mode",
        "insert into core.job_locks values ('other')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await thief.execute(f"begin; {statement}")
        await thief.execute("rollback; set role gururmm_ingest")
    await thief.close()


async def test_a_job_that_somebody_else_always_has_is_told_of(db: Database) -> None:
    running, release = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        running.set()
        await release.wait()

    first = asyncio.create_task(Schedule(db).run_once(Job("same", 1, slow)))
    await running.wait()
    other = Schedule(db)
    with capture_logs() as logs:
        for times in range(20):
            assert [each["times"] for each in logs if each["log_level"] == "warning"] == [10] * (times >= 10)
            assert await other.run_once(Job("same", 1, slow))
    release.set()
    assert await first
    assert [(each["job"], each["times"]) for each in logs] == [("same", 10), ("same", 20)]


async def test_a_failing_job_is_survived(db: Database) -> None:
    async def broken() -> None:
        raise ValueError("planted")

    assert not await Schedule(db).run_once(Job("broken", 1, broken))
    assert await Schedule(db).run_once(Job("broken", 1, lambda: asyncio.sleep(0)))


async def test_unreadable_events_do_not_hold_up_the_feed(db: Database, bus: Bus, partner: Partner, owner: Any) -> None:
    await bus.publish_event(f"events.{partner.tenant_id.hex}.agent.online", b"not json", str(new_id()))
    newer: dict[str, Any] = {
        "event_id": str(new_id()),
        "tenant_id": str(partner.tenant_id),
        "name": "backup.failed",
        "version": 3,
        "at": "2026-11-23T01:02:03Z",
        "payload": {"agent_id": str(partner.agents[0])},
    }
    await bus.publish_event(
        f"events.{partner.tenant_id.hex}.backup.failed", msgspec.json.encode(newer), newer["event_id"]
    )
    consumer = Consuming(bus, Consumer("test", "events.>", ActivityFeed(db, Post(bus.publish), DECLARED.events).take))
    reader = await bus.pull(f"test-{new_id().hex}", f"events.{partner.tenant_id.hex}.>")
    assert await consumer.consume(reader, 2) == 2
    row = await owner.fetchrow("select name, text, client_id from core.activity")
    assert tuple(row) == ("backup.failed", "backup.failed", partner.clients[0])
    assert await consumer.consume(reader, 0.2) == 0, "both were acknowledged"


async def test_the_worker_as_a_whole(
    db: Database, worker_bus: Bus, partner: Partner, owner: Any, tmp_path: Path
) -> None:
    """Ready, moves an event from the outbox to the feed, stops when told."""
    settings = ProcessSettings("", "", **audit_settings(tmp_path))
    stop = asyncio.Event()
    await queue(owner, partner, 1)
    house = House(COMPONENTS, settings, db, worker_bus)
    house.give(KeyScope(db.worker))
    working = asyncio.create_task(process.run(house, stop))
    # The broker is every test's, so the feed shows other tests' Partners too.

    def moved() -> Any:
        assert not working.done()
        return owner.fetchval("select count(*) from core.activity where name = 'command.completed'")

    await until(moved, 20)
    row = await owner.fetchrow(
        "select text, client_id, hostname from core.activity where tenant_id = $1", partner.tenant_id
    )
    assert row["text"] == "A command on host-0001 expired before the machine could run it."
    assert row["client_id"] == partner.clients[1]
    await until(lambda: owner.fetchval("select count(*) = 0 from core.outbox"))
    await until(lambda: owner.fetchval("select count(*) = 1 from core.online_history"))
    stop.set()
    await asyncio.wait_for(working, 5)


async def test_readiness_says_what_is_missing(db: Database, bus: Bus, engines: Engines, database_name: str) -> None:
    ready = process.readiness(db, bus)
    assert await ready() == {"database": True, "bus": True}
    async with outage(engines, database_name):
        assert (await ready())["database"] is False

    await until(lambda: answers(db, bus))
