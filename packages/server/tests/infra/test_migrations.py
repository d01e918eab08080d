"""What a migration makes of rows that were there before it: what is there is kept and completed."""

import asyncio
import json
import re
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.tunnel.recording import Block, play
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.schema import check_revision, migrate, upgrade
from gururmm_server.migrations import versions
from gururmm_server.migrations.versions import rev_0010_signed_orders, rev_0034_settings

from packages.server.tests.conftest import Engines
from packages.server.tests.world import plant


def test_the_revisions_are_one_series_and_a_file_of_sql_has_the_number_of_its_revision() -> None:
    folder = Path(versions.__path__[0])
    scripts = {path.name[4:8]: path.read_text() for path in sorted(folder.glob("rev_*.py"))}
    before: str | None = None
    for revision, text in scripts.items():
        assert f'revision = "{revision}"' in text
        assert f"down_revision = {json.dumps(before).replace('null', 'None')}" in text
        before = revision
    files = sorted(path.name for path in folder.glob("*.sql"))
    named = [(revision, name) for revision, text in scripts.items() for name in re.findall(r'"(\w+\.sql)"', text)]
    assert named == [(name[:4], name) for name in files]


async def _before_names_per_membership(owner: asyncpg.Connection) -> None:
    """The schema as the revision before left it, as far as names go."""
    await owner.execute(
        "alter table core.tenant_users drop column name; grant select (name) on core.users to gururmm_app;"
        " grant select on core.tenant_users to gururmm_platform"
    )


async def _run(owner: asyncpg.Connection, file: str) -> None:
    await owner.execute((Path(versions.__path__[0]) / file).read_text())


async def test_names_go_to_memberships_and_to_nobody_who_did_not_type_them(owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    await _before_names_per_membership(owner)
    tenants = [new_id(), new_id()]
    for tenant_id in tenants:
        await owner.execute("insert into core.tenants (tenant_id, name) values ($1, 'T')", tenant_id)

    async def person(name: str, *, signed_in: bool = True) -> UUID:
        user_id = new_id()
        await owner.execute(
            "insert into core.users (user_id, email, name, last_sign_in_at)"
            " values ($1, $2, $3, case when $4 then now() end)",
            user_id,
            f"{user_id}@example.org",
            name,
            signed_in,
        )
        return user_id

    async def member(tenant: int, user_id: UUID, *, accepted: bool) -> None:
        await owner.execute(
            "insert into core.tenant_users (tenant_id, user_id, role, accepted_at)"
            " values ($1, $2, 'partner_tech', case when $3 then now() end)",
            tenants[tenant],
            user_id,
            accepted,
        )

    async with owner.transaction():  # an invitation makes the person and the membership at one moment
        invited = await person("Typed", signed_in=False)
        await member(0, invited, accepted=False)
    shared = await person("Real")
    await member(0, shared, accepted=True)
    await member(1, shared, accepted=False)
    known = await person("Removed elsewhere", signed_in=False)
    await member(1, known, accepted=False)
    await _run(owner, "0004_names_per_membership.sql")
    rows = await owner.fetch("select tenant_id, user_id, name from core.tenant_users")
    assert {(tenants.index(row["tenant_id"]), row["user_id"], row["name"]) for row in rows} == {
        (0, invited, "Typed"),
        (0, shared, "Real"),
        (1, shared, ""),
        (1, known, ""),
    }
    await owner.close()


@pytest.mark.parametrize(
    ("scope", "statement"),
    [("tenant", "select name from core.users"), ("platform", "select name from core.tenant_users")],
)
async def test_names_are_read_where_they_belong_only(db: Database, scope: str, statement: str) -> None:
    opened = db.scope(system_scope(new_id())) if scope == "tenant" else db.platform("test", "look")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with opened as tx:
            await tx.fetch(statement)


async def _replayed(owner: asyncpg.Connection) -> list[tuple[str, bytes]]:
    """The pieces of the only recording, and nothing left out; what its channel says is checked on the way."""
    channel = await owner.fetchrow("select * from core.tunnel_channels")
    assert (channel["channel"], channel["kind"], channel["rights"]) == (1, "terminal", ["input"])
    assert json.loads(channel["parameters"]) == {"columns": 80, "rows": 24, "shell": ""}
    assert (channel["input_audited"], channel["output_recorded"], channel["exit_code"]) == (3, 11, 7)
    rows = await owner.fetch(
        "select extract(epoch from at)::float8, output_offset, output_bytes, codec::text, data"
        " from core.tunnel_recording order by record_id"
    )
    blocks = [(number, Block(*row)) for number, row in enumerate(rows, 1)]
    assert channel["recorded_bytes"] == sum(len(block.data) for _, block in blocks)

    async def pages(after: int) -> list[tuple[int, Block]]:
        return blocks[after:]

    return [(piece.kind, piece.data) async for piece in play(pages, channel["output_recorded"])]


async def test_sessions_of_before_get_their_machines_name_and_a_channel_with_their_recording(engines: Engines) -> None:
    url = engines.database(engines.owner_url, f"older_{new_id().hex}")
    admin = await asyncpg.connect(engines.database(engines.owner_url, "postgres"))
    await admin.execute(f"create database {url.rpartition('/')[2]} owner gururmm_owner")
    migrator = engines.database(engines.migrator_url, url.rpartition("/")[2])
    await asyncio.to_thread(upgrade, migrator, "0001")
    tenant_id, client_id, site_id, agent_id, session_id = (new_id() for _ in range(5))
    owner = await asyncpg.connect(url)
    await owner.execute("insert into core.tenants (tenant_id, name) values ($1, 'Northwind IT')", tenant_id)
    await owner.execute(
        "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Acme')", tenant_id, client_id
    )
    await owner.execute(
        "insert into core.sites (tenant_id, client_id, site_id, name) values ($1, $2, $3, 'HQ')",
        tenant_id,
        client_id,
        site_id,
    )
    await owner.execute(
        "insert into core.agents (tenant_id, client_id, site_id, agent_id, client_name, site_name, public_key,"
        " hostname) values ($1, $2, $3, $4, 'Acme', 'HQ', sha256(''), 'nw-srv-01')",
        tenant_id,
        client_id,
        site_id,
        agent_id,
    )
    await owner.execute(
        "insert into core.tunnel_sessions (tenant_id, agent_id, session_id, opened_by, opened_by_id, columns, rows)"
        " values ($1, $2, $3, 'ann@example.org', $1, 80, 24)",
        tenant_id,
        agent_id,
        session_id,
    )
    await owner.executemany(
        "insert into core.tunnel_recording (tenant_id, session_id, kind, output_offset, data)"
        " values ($1, $2, $3, $4, $5)",
        [
            (tenant_id, session_id, b"r", 0, b"100x40"),
            (tenant_id, session_id, b"o", 0, b"hello "),
            (tenant_id, session_id, b"o", 6, b"there"),
        ],
    )
    await owner.execute("update core.tunnel_sessions set output_recorded = 11, input_audited = 3, exit_code = 7")
    await migrate(migrator)
    await check_revision(migrator)
    assert await owner.fetchval("select hostname from core.tunnel_sessions") == "nw-srv-01"
    assert await _replayed(owner) == [("r", b"100x40"), ("o", b"hello "), ("o", b"there")]
    await owner.execute("delete from core.agents")
    assert await owner.fetchval("select count(*) from core.tunnel_sessions") == 1
    await owner.close()
    await admin.execute(f"drop database {url.rpartition('/')[2]} with (force)")
    await admin.close()


async def test_what_was_queued_before_orders_were_signed_ends_and_all_have_a_deadline(
    engines: Engines,
) -> None:
    url = engines.database(engines.owner_url, f"older_{new_id().hex}")
    admin = await asyncpg.connect(engines.database(engines.owner_url, "postgres"))
    await admin.execute(f"create database {url.rpartition('/')[2]} owner gururmm_owner")
    migrator = engines.database(engines.migrator_url, url.rpartition("/")[2])
    await asyncio.to_thread(upgrade, migrator, rev_0010_signed_orders.down_revision)
    owner = await asyncpg.connect(url)
    partner = await plant(url, machines=1)
    for status, deadline in (
        ("queued", None),
        ("delivered", "30 days"),
        ("running", None),
        ("succeeded", "30 days"),
        ("failed", "1 day"),
    ):
        await owner.execute(
            "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s, status,"
            " created_by, started_at, deadline_at) values ($1, $2, $2, $3, 'sh', 'true', 60, $4, 'x',"
            " case when $4 in ('running', 'succeeded') then now() end, now() + $5::text::interval)",
            partner.tenant_id,
            new_id(),
            partner.agents[0],
            status,
            deadline,
        )
    await migrate(migrator)
    rows = await owner.fetch("select status, message, deadline_at - created_at as wait from core.commands")
    assert sorted((row["status"], row["wait"].days) for row in rows) == [
        ("expired", 7),
        ("expired", 7),
        ("failed", 1),
        ("running", 7),
        ("succeeded", 7),
    ]
    said = {row["message"] for row in rows if row["status"] == "expired"}
    assert said == {"it was queued before commands were signed; run it again"}
    await owner.close()
    await admin.execute(f"drop database {url.rpartition('/')[2]} with (force)")
    await admin.close()


async def test_what_was_set_before_there_was_a_registry_is_set_in_it(engines: Engines) -> None:
    url = engines.database(engines.owner_url, f"older_{new_id().hex}")
    admin = await asyncpg.connect(engines.database(engines.owner_url, "postgres"))
    await admin.execute(f"create database {url.rpartition('/')[2]} owner gururmm_owner")
    migrator = engines.database(engines.migrator_url, url.rpartition("/")[2])
    await asyncio.to_thread(upgrade, migrator, rev_0034_settings.down_revision)
    owner = await asyncpg.connect(url)
    usual, own = await plant(url, machines=0), await plant(url, machines=0)
    await owner.execute(
        "update core.tenant_settings set heartbeat_s = 10, metrics_s = 20, inventory_s = 120, log_level = 'DEBUG',"
        " terminal_grace_s = 90, version = 7, label_overrides = $2, signed_order = 'an order' where tenant_id = $1",
        own.tenant_id,
        json.dumps({"client": "Customer", "agent": "Device"}),
    )
    await migrate(migrator)
    rows = await owner.fetch("select tenant_id, site_id, key, value from core.setting_values")
    assert {row["key"]: json.loads(row["value"]) for row in rows} == {
        "heartbeat_s": 10,
        "metrics_s": 20,
        "inventory_s": 120,
        "log_level": "DEBUG",
        "terminal_grace_s": 90,
        "label_client": "Customer",
        "label_agent": "Device",
    }
    assert {(row["tenant_id"], row["site_id"]) for row in rows} == {(own.tenant_id, None)}
    told = {row["tenant_id"]: row for row in await owner.fetch("select * from core.tenant_settings")}
    assert (told[own.tenant_id]["version"], told[own.tenant_id]["last_version"]) == (7, 7)
    assert told[own.tenant_id]["signed_order"] == b"an order"
    assert json.loads(told[own.tenant_id]["told"]) == {
        "heartbeat_s": 10,
        "metrics_s": 20,
        "inventory_s": 120,
        "log_level": "DEBUG",
    }
    assert json.loads(told[usual.tenant_id]["told"])["heartbeat_s"] == 30
    await owner.close()
    await admin.execute(f"drop database {url.rpartition('/')[2]} with (force)")
    await admin.close()
