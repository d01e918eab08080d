"""One machine: its page, software, history, changes, move and delete."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
from gururmm_server.core.fleet import schemas
from gururmm_server.core.inventory.schemas import Change, Software
from gururmm_server.core.overview.schemas import Overview
from gururmm_server.core.post import traffic
from gururmm_server.core.telemetry.history import RANGES
from gururmm_server.core.telemetry.schemas import History
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import Page
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Fault, FilesystemUse, Metrics
from gururmm_wire.v2.limits import Close

from packages.server.tests.world import Partner, described


def sample(at: int) -> Metrics:
    return Metrics(at, 125, 4, 8, 1, 250, 10, 20, 30, 40, [("/", 5, 10)], [("cpu", 455)], 3600)


async def test_the_page_holds_inventory_and_newest_readings(
    admin: httpx.AsyncClient, partner: Partner, db: Database
) -> None:
    agent_id = partner.agents[0]
    async with db.ingest() as tx:
        await tx.execute(
            "update core.agent_state set latest = $2 where agent_id = $1", agent_id, encode(sample(1_700_000_000))
        )
        for section in ("system", "software"):
            await tx.execute(
                "insert into core.agent_inventory (tenant_id, agent_id, section, hash, items)"
                " values ($1, $2, $3, '', $4)",
                partner.tenant_id,
                agent_id,
                section,
                {"os": {"name": "Debian", "kernel": "6.1"}},
            )
    answer = await admin.get(f"/agents/{agent_id}")
    detail = described(schemas.AgentDetail, answer.content)
    assert detail.gateway
    assert detail.inventory == {"system": {"os": {"name": "Debian", "kernel": "6.1"}}}
    assert detail.latest is not None
    assert (detail.latest.cpu_percent, detail.latest.load) == (12.5, 2.5)
    assert detail.latest.temperatures[0].celsius == 45.5
    assert answer.json()["latest"]["at"] == "2023-11-14T22:13:20Z"


async def test_readings_of_a_hostile_agent_do_not_break_the_page(
    admin: httpx.AsyncClient, partner: Partner, db: Database
) -> None:
    for latest in (b"\xc1", encode(sample(2**40)), b""):
        async with db.ingest() as tx:
            await tx.execute("update core.agent_state set latest = $2 where agent_id = $1", partner.agents[0], latest)
        assert (await admin.get(f"/agents/{partner.agents[0]}")).status_code == 200


async def test_software_is_searched_sorted_and_paged(admin: httpx.AsyncClient, partner: Partner, db: Database) -> None:
    items: dict[str, Any] = {f"package-{n:03}": {"version": f"1.{n % 7}", "source": "dpkg"} for n in range(120)}
    items |= {"truncated": {"kept": 120, "total": 130}, "odd": "text", "100%": {"version": None, "source": 7}}
    async with db.ingest() as tx:
        await tx.execute(
            "insert into core.agent_inventory (tenant_id, agent_id, section, hash, items)"
            " values ($1, $2, 'software', '', $3)",
            partner.tenant_id,
            partner.agents[0],
            items,
        )
    path = f"/agents/{partner.agents[0]}/software"
    first = Page[Software].model_validate_json((await admin.get(path)).content)
    assert (first.total, len(first.items), first.items[0].name) == (121, 50, "100%")
    second = (await admin.get(path, params={"cursor": first.next_cursor, "limit": 200})).json()
    assert len(second["items"]) == 71
    assert second["next_cursor"] is None
    found = (await admin.get(path, params={"search": "package 1.3", "sort": "-name"})).json()
    assert found["total"] == 17
    assert found["items"][0]["name"] == "package-115"
    assert (await admin.get(path, params={"search": "0%"})).json()["total"] == 1
    assert (await admin.get(f"/agents/{partner.agents[1]}/software")).json() == {
        "items": [],
        "next_cursor": None,
        "total": 0,
    }


async def test_changes(admin: httpx.AsyncClient, partner: Partner, db: Database) -> None:
    async with db.ingest() as tx:
        for number in range(3):
            await tx.execute(
                "insert into core.inventory_changes (tenant_id, change_id, agent_id, at, section, key, change, after)"
                " values ($1, $2, $3, now() - make_interval(hours => $4), $5, 'nginx', 'added', $6)",
                partner.tenant_id,
                new_id(),
                partner.agents[0],
                number,
                "software" if number else "disks",
                {"version": f"1.{number}"},
            )
    path = f"/agents/{partner.agents[0]}/changes"
    page = Page[Change].model_validate_json((await admin.get(path)).content)
    assert [change.after["version"] for change in page.items] == ["1.0", "1.1", "1.2"]
    assert (await admin.get(path, params={"section": "software"})).json()["total"] == 2
    assert (await admin.get(path, params={"search": "NGINX 1.2"})).json()["total"] == 1
    rest = await admin.get(
        path, params={"limit": 1, "cursor": (await admin.get(path, params={"limit": 2})).json()["next_cursor"]}
    )
    assert rest.json()["items"][0]["after"]["version"] == "1.2"


async def plant_samples(owner_url: str, partner: Partner, moments: list[float], table: str = "agent_metrics") -> None:
    owner = await asyncpg.connect(owner_url)
    extra = ", samples" if table.endswith("hourly") else ""
    await owner.executemany(
        f"insert into core.{table} (tenant_id, agent_id, at, cpu, memory, disk, temperature, load,"
        f" receive_rate, send_rate, read_rate, write_rate{extra})"
        f" values ($1, $2, to_timestamp($3), 500, 250, 900, null, 150, 1, 2, 3, 4{', 60' if extra else ''})",
        [(partner.tenant_id, partner.agents[0], moment) for moment in moments],
    )
    await owner.close()


async def test_history_shows_gaps_as_null(admin: httpx.AsyncClient, partner: Partner, owner_url: str) -> None:
    minute = int(time.time()) // 60 * 60
    await plant_samples(owner_url, partner, [minute - 60 * back + 7 for back in (2, 3, 5, 20, 21)])
    answer = await admin.get(f"/agents/{partner.agents[0]}/metrics", params={"range": "1h"})
    history = described(History, answer.content)
    assert history.step_s == 60
    cpu = dict(zip(history.columns.at, history.columns.cpu, strict=True))
    assert cpu[minute - 120] == 50
    assert cpu[minute - 240] == 50, "a single empty step between two samples is jitter"
    assert cpu[minute - 600] is None, "a machine that was away is a gap"
    assert cpu[minute - 1200] == 50
    assert history.columns.temperature[-3] is None
    assert {len(column) for column in history.columns.model_dump().values()} == {len(history.columns.at)}
    assert history.columns.load[history.columns.at.index(minute - 120)] == 1.5


async def test_long_ranges_come_from_the_roll_up(admin: httpx.AsyncClient, partner: Partner, owner_url: str) -> None:
    hour = int(time.time()) // 3600 * 3600
    await plant_samples(
        owner_url, partner, [hour - 3600 * back for back in (1, 2, 30 * 24 - 1)], "agent_metrics_hourly"
    )
    for name, step in (("7d", 300), ("30d", 3600), ("1y", 3600), ("24h", 60)):
        answer = await admin.get(f"/agents/{partner.agents[0]}/metrics", params={"range": name})
        history = described(History, answer.content)
        assert history.step_s == step
        assert abs(history.columns.at[-1] - history.columns.at[0] - RANGES[name]) <= 2 * step
        filled = sum(value is not None for value in history.columns.cpu)
        assert filled == (3 if step == 3600 else 0)


async def test_impossible_ranges_are_refused(admin: httpx.AsyncClient, partner: Partner) -> None:
    for query in (
        {"range": "2h"},
        {"from": "yesterday"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "2020-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"to": "2026-01-01T00:00:00Z"},
        {"from": "0001-01-01T00:00:00Z", "to": "0001-01-01T00:00:00Z"},
    ):
        answer = await admin.get(f"/agents/{partner.agents[0]}/metrics", params=query)
        assert answer.status_code == 422, query


async def test_from_and_to(admin: httpx.AsyncClient, partner: Partner, owner_url: str) -> None:
    moment = datetime.now(UTC) - timedelta(hours=5)
    await plant_samples(owner_url, partner, [moment.timestamp()])
    window = {"from": (moment - timedelta(minutes=10)).isoformat(), "to": (moment + timedelta(minutes=10)).isoformat()}
    answer = (await admin.get(f"/agents/{partner.agents[0]}/metrics", params=window)).json()
    assert answer["step_s"] == 60
    assert sum(value is not None for value in answer["columns"]["disk"]) == 1


async def test_move_takes_the_client_along_and_is_audited(
    admin: httpx.AsyncClient, partner: Partner, owner_url: str
) -> None:
    agent_id = partner.agents[0]
    moved = await admin.patch(f"/agents/{agent_id}", json={"site_id": str(partner.sites[1])})
    assert moved.json()["client_name"] == "Client 1"
    assert moved.json()["site_id"] == str(partner.sites[1])
    owner = await asyncpg.connect(owner_url)
    assert (
        await owner.fetchval("select client_id from core.agent_state where agent_id = $1", agent_id)
        == partner.clients[1]
    )
    row = await owner.fetchrow("select operation, actor, agent_id, details from core.audit_log")
    await owner.close()
    assert row is not None
    assert (row["operation"], row["agent_id"]) == ("agent.moved", agent_id)
    assert (await admin.get("/agents", params={"search": "0000 client 1"})).json()["total"] == 1


async def test_delete_closes_the_socket_and_is_audited(
    admin: httpx.AsyncClient, partner: Partner, owner_url: str, bus: Bus
) -> None:
    agent_id = partner.agents[0]
    kicks: asyncio.Queue[bytes] = asyncio.Queue()
    subscription = await bus.subscribe("gateway.gw-1.kick", lambda _subject, payload: kicks.put_nowait(payload))
    assert (await admin.delete(f"/agents/{agent_id}")).status_code == 204
    kick = msgspec.msgpack.decode(await asyncio.wait_for(kicks.get(), 5), type=traffic.Kick)
    assert kick == traffic.Kick(agent_id.bytes, Close.REVOKED)
    assert (await admin.get(f"/agents/{agent_id}")).status_code == 404
    assert (await admin.delete(f"/agents/{agent_id}")).status_code == 404
    owner = await asyncpg.connect(owner_url)
    assert await owner.fetchval("select count(*) from core.agent_state where agent_id = $1", agent_id) == 0
    assert await owner.fetchval("select operation from core.audit_log") == "agent.deleted"
    await owner.close()
    await subscription.stop()


async def test_problems_that_a_machine_tells_of_are_said_in_words(
    admin: httpx.AsyncClient, partner: Partner, owner_url: str
) -> None:
    told = msgspec.structs.replace(
        sample(1_700_000_000),
        disks=[
            FilesystemUse("/data", 512, 1536, 1, "became_read_only"),
            FilesystemUse("/mnt/x", 5, 10, 0, "not_answering"),
            FilesystemUse("/", 98, 100, 0, "of_the_future"),
        ],
        faults=[Fault("state_not_kept", "/var/lib/agent: No space left on device"), Fault("of_the_future", "?")],
    )
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "update core.agent_state set clock_s = -10805, latest = $2, problems = '{clock_wrong,disk_not_answering,"
        "disk_read_only,reading_failed,state_not_kept}' where agent_id = $1",
        partner.agents[0],
        encode(told),
    )
    await owner.close()
    detail = described(schemas.AgentDetail, (await admin.get(f"/agents/{partner.agents[0]}")).content)
    assert detail.problem_texts == {
        "clock_wrong": "Its clock is 3 hours behind the server's.",
        "disk_not_answering": "/mnt/x does not answer.",
        "disk_read_only": "Nothing can be written to /data any more: it became read-only.",
        "reading_failed": "Something cannot be read on the machine; it does not say what.",
        "state_not_kept": "The agent cannot write to its disk: /var/lib/agent: No space left on device",
    }
    assert detail.latest is not None
    assert [(disk.free, disk.access) for disk in detail.latest.disks] == [
        (512, "became_read_only"),
        (5, "not_answering"),
        (2, "writable"),
    ]
    (attention,) = described(Overview, (await admin.get("/overview")).content).attention
    assert (attention.kind, attention.since) == ("disk_read_only", None)


async def test_overview_counts_what_there_is(admin: httpx.AsyncClient, partner: Partner, owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "update core.agent_state set problems = '{memory_high,disk_full}', disk = 950,"
        " problems_since = '{2026-01-02T00:00Z,2026-01-01T12:34:56Z}' where agent_id = $1",
        partner.agents[0],
    )
    await owner.execute(
        "update core.agent_state set problems = '{offline_long}', changed_at = now() - interval '50 hours'"
        " where agent_id = $1",
        partner.agents[1],
    )
    await owner.execute(
        "insert into core.online_history values ($1, now() - interval '1 hour', 5, 12), ($1, now(), 6, 12)",
        partner.tenant_id,
    )
    await owner.close()
    overview = described(Overview, (await admin.get("/overview")).content)
    assert overview.agents.model_dump() == {"total": 12, "online": 6, "offline": 6}
    assert overview.problems.total == 2
    counts = {kind: count for kind, count in overview.problems.by_kind.items() if count}
    assert counts == {"disk_full": 1, "memory_high": 1, "offline_long": 1}
    assert [point.online for point in overview.online_history] == [5, 6]
    assert [(item.kind, item.text) for item in overview.attention] == [
        ("disk_full", "The fullest disk is 95 % full."),
        ("offline_long", "Offline for 2 days."),
    ]
    full, gone = (item.since for item in overview.attention)
    assert full == datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC)
    assert gone is not None
    assert timedelta(hours=50) <= datetime.now(UTC) - gone < timedelta(hours=51)
    assert [(site.name, site.total, site.problems) for site in overview.sites] == [("Site 0", 6, 1), ("Site 1", 6, 1)]
    assert [site.offline_since is not None for site in overview.sites] == [
        site.online < site.total for site in overview.sites
    ]
    assert [item.online for item in overview.attention] == [True, False]
    assert overview.jobs_this_month == 0


async def test_a_full_drive_is_named_and_what_a_machine_read_before_it_went_is_no_news(
    admin: httpx.AsyncClient, partner: Partner, owner_url: str
) -> None:
    owner = await asyncpg.connect(owner_url)
    drives = [("/", 10, 100), ("/srv", 98 << 30, 100 << 30)]
    full = Metrics(1, 0, 0, 1, 0, 0, 0, 0, 0, 0, drives, [], 1)
    await owner.execute(
        "update core.agent_state set problems = '{disk_full}', disk = 980, latest = $2 where agent_id = $1",
        partner.agents[0],
        encode(full),
    )
    await owner.execute(
        "update core.agent_state set problems = '{disk_full,offline_long}', disk = 990,"
        " changed_at = now() - interval '1 hour' where agent_id = $1",
        partner.agents[1],
    )
    await owner.close()
    attention = described(Overview, (await admin.get("/overview")).content).attention
    assert [(item.kind, item.text) for item in attention] == [
        ("disk_full", "/srv is 98 % full: 2.0 GiB left."),
        ("offline_long", "Offline for 1 hour."),
    ]
