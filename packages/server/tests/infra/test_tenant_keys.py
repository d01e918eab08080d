"""The database refuses a row that points across Partners, or at another Client's Site or machine, whoever writes it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.commands.delivery import CommandDelivery, Report
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence import readings
from gururmm_server.core.presence.service import Change, ChangesRecorded, Presence
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire.v2.agent import CommandOutput, CommandResult

from packages.server.tests.world import Partner, plant

LOOSE = {
    "activity.agent_id": "the feed outlives its machines; a trigger refuses another tenant's",
    "activity.client_id": "the feed outlives it; of the machine, where that is there",
    "activity.site_id": "the feed outlives it; of the machine, where that is there",
    "activity.subject_id": "the feed outlives what it tells of, which may be of any kind",
    "activity.tenant_id": "of the event",
    "agent_metrics.agent_id": "dropped by the partition; a trigger refuses another tenant's",
    "agent_metrics.tenant_id": "of the gateway's session; a trigger refuses another tenant's machine",
    "agent_metrics_hourly.agent_id": "dropped by the partition; a trigger refuses another tenant's",
    "agent_metrics_hourly.tenant_id": "of the samples",
    "audit_chains.tenant_id": "evidence outlives the Partner; written by core.append_audit alone",
    "audit_log.actor_id": "evidence outlives the person",
    "audit_log.agent_id": "evidence outlives the machine",
    "audit_log.session_id": "evidence outlives the session",
    "audit_log.tenant_id": "evidence outlives the Partner; written by core.append_audit alone",
    "audit_reads.tenant_id": "evidence outlives the Partner",
    "commands.batch_id": "names no row: what was run at once",
    "idempotency_keys.subject_id": "whoever acts may be no person; a day later the row is gone",
    "outbox.tenant_id": "on its way to the bus within a second; a policy holds who writes for one Partner",
    "outbox_log.tenant_id": "of the outbox, for three days",
    "saved_views.owner_id": "a person of the Partner, or of the Platform, who is in no table of the Partner",
    "stream_tickets.subject": "a tech session that is looked up in the ticket's tenant",
    "tunnel_audit.actor_id": "evidence outlives the person",
    "tunnel_audit.agent_id": "evidence outlives the machine",
    "tunnel_audit.session_id": "evidence outlives the session",
    "tunnel_audit.tenant_id": "evidence outlives the Partner; written by core.append_audit alone",
    "tunnel_sessions.agent_id": "a session outlives its machine; a trigger wants one of its tenant at the beginning",
    "tunnel_sessions.opened_by_id": "evidence outlives the person",
    "user_sessions.family_id": "a sign-in outlives its first session, when somebody goes to another Partner",
}
"""uuid columns that no foreign key holds, each with its reason."""

_KEYS = """
select k.conrelid::regclass::text as child, k.confrelid::regclass::text as parent,
  (select array_agg(a.attname::text order by n) from unnest(k.conkey) with ordinality c (attnum, n)
   join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum) as columns,
  (select array_agg(a.attname::text order by n) from unnest(k.confkey) with ordinality c (attnum, n)
   join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.attnum) as points_at
from pg_constraint k where k.contype = 'f' and k.conparentid = 0
"""
_LOOSE = """
select c.relname || '.' || a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'core'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and a.atttypid = 'uuid'::regtype and not a.attisdropped
  and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any(k.conkey))
  and not exists (select from pg_constraint k
    where k.conrelid = c.oid and k.contype = 'p' and k.conkey[cardinality(k.conkey)] = a.attnum)
"""


async def keys_without_tenant(connection: Any) -> set[str]:
    """Returns every foreign key (child → parent) to a table of Partners that leaves out whose row it is.

    A table is a Partner's where its keys reach core.tenants, whatever its columns are called; a key has the tenant
    where one of its columns leads there, and that column is the child's own tenant too.
    """
    keys = await connection.fetch(_KEYS)
    tenant = {"core.tenants": {"tenant_id"}}
    belongs = {"core.tenants"}
    for _ in keys:  # each round reaches one key further
        for key in keys:
            if key["parent"] in belongs:
                belongs.add(key["child"])
            for column, target in zip(key["columns"], key["points_at"], strict=True):
                if target in tenant.get(key["parent"], ()):
                    tenant.setdefault(key["child"], set()).add(column)
    return {
        f"{key['child']} → {key['parent']}"
        for key in keys
        if key["parent"] in belongs and not any(target in tenant.get(key["parent"], ()) for target in key["points_at"])
    } | {f"{table}: {sorted(columns)}" for table, columns in tenant.items() if len(columns) > 1}


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def north(owner_url: str) -> Partner:
    return await plant(owner_url, "North", machines=4)


@pytest.fixture
async def south(owner_url: str) -> Partner:
    return await plant(owner_url, "South", machines=2)


async def test_every_foreign_key_has_the_tenant(owner: Any) -> None:
    assert len(await owner.fetch(_KEYS)) > 20
    assert await keys_without_tenant(owner) == set()


async def test_every_other_uuid_has_its_reason(owner: Any) -> None:
    assert {row["name"] for row in await owner.fetch(_LOOSE)} == set(LOOSE)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("planted (whose uuid references core.tenants, machine uuid references core.agents)", "core.agents"),
        ("planted (machine uuid primary key references core.agents)", "core.agents"),
        ("planted (output uuid, n int, foreign key (output, n) references core.command_output)", "core.command_output"),
        (
            (
                "planted (whose uuid references core.tenants, other uuid, machine uuid,"
                " foreign key (other, machine) references core.agents (tenant_id, agent_id))"
            ),
            "['other', 'whose']",
        ),
    ],
)
async def test_a_planted_key_without_the_tenant_is_found(owner: Any, table: str, found: str) -> None:
    await owner.execute(f"create table core.{table}")
    (seen,) = await keys_without_tenant(owner)
    assert seen.startswith("core.planted")
    assert found in seen


async def test_a_planted_reference_without_a_key_is_found(owner: Any) -> None:
    await owner.execute("create table core.planted (id uuid primary key, machine uuid)")
    assert {row["name"] for row in await owner.fetch(_LOOSE)} - set(LOOSE) == {"planted.machine"}


Scope = Callable[[Database, UUID], AbstractAsyncContextManager[Transaction]]
SCOPES: dict[str, Scope] = {
    "app": lambda db, tenant_id: db.scope(system_scope(tenant_id)),
    "identity": lambda db, tenant_id: db.identity(tenant_id),
    "ingest": lambda db, _: db.ingest(),
    "worker": lambda db, _: db.worker(),
}
_METRICS = (
    "cpu, memory, load, receive_rate, send_rate, read_rate, write_rate) values ($1, $2, now(), 1, 1, 1, 1, 1, 1, 1"
)
CROSSINGS: dict[str, tuple[str, str, str]] = {
    "a Site of another's Client": (
        "app",
        "insert into core.sites (tenant_id, client_id, site_id, name) values ($1, $2, gen_random_uuid(), 'x')",
        "client",
    ),
    "a code of another's Site": (
        "app",
        (
            "insert into core.site_codes (tenant_id, site_id, code_id, code, created_by)"
            " values ($1, $2, gen_random_uuid(), 'x', 'x')"
        ),
        "site",
    ),
    "a contact of another's Client": (
        "identity",
        (
            "insert into core.tenant_users (tenant_id, client_id, user_id, role)"
            " values ($1, $2, (select user_id from core.users), 'client_contact')"
        ),
        "client",
    ),
    "a machine at another's Site": (
        "app",
        (
            "insert into core.agents (tenant_id, client_id, site_id, agent_id, client_name, site_name, public_key,"
            " hostname) values ($1, (select client_id from core.clients limit 1), $2, gen_random_uuid(), 'x', 'x',"
            " sha256(''), 'x')"
        ),
        "site",
    ),
    "the state of another's machine": (
        "app",
        (
            "insert into core.agent_state (tenant_id, client_id, agent_id)"
            " values ($1, (select client_id from core.clients limit 1), $2)"
        ),
        "stateless",
    ),
    "a command to another's machine": (
        "app",
        (
            "insert into core.commands (tenant_id, agent_id, command_id, batch_id, shell, script, timeout_s,"
            " created_by) values ($1, $2, gen_random_uuid(), gen_random_uuid(), 'sh', 'id', 9, 'mallory@example.org')"
        ),
        "agent",
    ),
    "output of another's command": (
        "ingest",
        "insert into core.command_output (tenant_id, command_id, seq, stream, data) values ($1, $2, 0, 1, 'x')",
        "command",
    ),
    "inventory of another's machine": (
        "ingest",
        "insert into core.agent_inventory (tenant_id, agent_id, section, hash, items) values ($1, $2, 'x', 'x', '{}')",
        "agent",
    ),
    "a tag on another's machine": (
        "app",
        "insert into core.tags (tenant_id, tag, agent_id) values ($1, 'vip', $2)",
        "agent",
    ),
    "software of another's machine": (
        "ingest",
        "insert into core.agent_software (tenant_id, agent_id, titles) values ($1, $2, '{}')",
        "agent",
    ),
    "a change at another's machine": (
        "ingest",
        (
            "insert into core.inventory_changes (tenant_id, agent_id, change_id, section, key, change)"
            " values ($1, $2, gen_random_uuid(), 'x', 'x', 'added')"
        ),
        "agent",
    ),
    "a sample of another's machine": (
        "ingest",
        f"insert into core.agent_metrics (tenant_id, agent_id, at, {_METRICS})",
        "agent",
    ),
    "an hour of another's machine": (
        "worker",
        f"insert into core.agent_metrics_hourly (tenant_id, agent_id, at, samples, {_METRICS}, 1)",
        "agent",
    ),
    "a line about another's machine": (
        "worker",
        (
            "insert into core.activity (tenant_id, agent_id, event_id, at, name, text)"
            " values ($1, $2, gen_random_uuid(), now(), 'x', 'x')"
        ),
        "agent",
    ),
    "a tech session to another's machine": (
        "app",
        (
            "insert into core.tunnel_sessions (tenant_id, agent_id, session_id, hostname, opened_by,"
            " opened_by_id) values ($1, $2, gen_random_uuid(), 'x', 'mallory@example.org', gen_random_uuid())"
        ),
        "agent",
    ),
    "a recording of another's session": (
        "app",
        (
            "insert into core.tunnel_recording (tenant_id, session_id, channel, at, output_offset, output_bytes, codec,"
            " data) values ($1, $2, 1, now(), 0, 1, 'n', 'x')"
        ),
        "session",
    ),
    "a setting of another's Site": (
        "app",
        "insert into core.setting_values (tenant_id, site_id, key, value, changed_by) values ($1, $2, 'x', '1', 'x')",
        "site",
    ),
    "what another's Site is told": (
        "worker",
        "insert into core.site_settings (tenant_id, site_id, version, told) values ($1, $2, 1, '{}')",
        "site",
    ),
    "settings for another's machine": (
        "worker",
        (
            "insert into core.agent_settings (tenant_id, agent_id, version, signed_order, signed_by)"
            " values ($1, $2, 1, 'x', 'x')"
        ),
        "agent",
    ),
    "a channel of another's session": (
        "app",
        "insert into core.tunnel_channels (tenant_id, session_id, channel, kind) values ($1, $2, 2, 'terminal')",
        "session",
    ),
}


async def _plant_victims(owner: Any, partner: Partner) -> dict[str, UUID]:
    """Returns one row of each kind of that Partner's; the machine `stateless` has no state yet."""
    command, session, stateless = new_id(), new_id(), new_id()
    await owner.execute(
        "insert into core.commands (tenant_id, agent_id, command_id, batch_id, shell, script, timeout_s, created_by)"
        " values ($1, $2, $3, $3, 'sh', 'id', 9, 'ann@example.org')",
        partner.tenant_id,
        partner.agents[0],
        command,
    )
    await owner.execute(
        "insert into core.tunnel_sessions (tenant_id, agent_id, session_id, hostname, opened_by,"
        " opened_by_id) values ($1, $2, $3, 'x', 'ann@example.org', gen_random_uuid())",
        partner.tenant_id,
        partner.agents[0],
        session,
    )
    await owner.execute(
        "insert into core.tunnel_channels (tenant_id, session_id, channel, kind) values ($1, $2, 1, 'terminal')",
        partner.tenant_id,
        session,
    )
    await owner.execute(
        "insert into core.agents (tenant_id, client_id, site_id, agent_id, client_name, site_name, public_key,"
        " hostname) values ($1, $2, $3, $4, 'x', 'x', sha256(''), 'x')",
        partner.tenant_id,
        partner.clients[0],
        partner.sites[0],
        stateless,
    )
    await owner.execute("insert into core.users (user_id, email) values (gen_random_uuid(), 'mallory@example.org')")
    return {
        "client": partner.clients[0],
        "site": partner.sites[0],
        "agent": partner.agents[0],
        "stateless": stateless,
        "command": command,
        "session": session,
    }


@pytest.mark.parametrize("crossing", CROSSINGS)
async def test_a_row_that_points_across_partners_is_refused(
    db: Database, owner: Any, north: Partner, south: Partner, crossing: str
) -> None:
    """With South's tenant set, a row that points at something of North's; the same row of North's own is taken."""
    scope, statement, victim = CROSSINGS[crossing]
    victims = await _plant_victims(owner, north)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with SCOPES[scope](db, south.tenant_id) as tx:
            await tx.execute(statement, south.tenant_id, victims[victim])
    async with SCOPES[scope](db, north.tenant_id) as tx:
        assert await tx.execute(statement, north.tenant_id, victims[victim]) == 1


@pytest.mark.parametrize(
    "statement",
    [
        (
            "insert into core.agents (tenant_id, client_id, site_id, agent_id, client_name, site_name, public_key,"
            " hostname) select tenant_id, client_id, $2, gen_random_uuid(), 'x', 'x', sha256(''), 'x' from core.clients"
            " where client_id = $1"
        ),
        "update core.agents set client_id = $1 where site_id = $2",
        "update core.agents set site_id = $2 where client_id = $1",
        "update core.agent_state set client_id = $1 where client_id <> $1 and $2::uuid is not null",
    ],
)
async def test_a_machine_is_its_sites_clients_and_so_is_its_state(db: Database, north: Partner, statement: str) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with db.scope(system_scope(north.tenant_id)) as tx:
            await tx.execute(statement, north.clients[0], north.sites[1])


async def test_a_machine_takes_its_state_along_to_another_client(db: Database, bus: Bus, north: Partner) -> None:
    agent_id = north.agents[0]
    await AgentService(db, Post(bus.publish)).move(system_scope(north.tenant_id), agent_id, north.sites[1])
    async with db.scope(system_scope(north.tenant_id)) as tx:
        assert (
            await tx.fetchval("select client_id from core.agent_state where agent_id = $1", agent_id)
            == (north.clients[1])
        )


async def test_removing_a_machine_takes_along_what_hangs_on_it_and_keeps_the_evidence(
    *, db: Database, bus: Bus, owner: Any, north: Partner, signer: OrderSigner
) -> None:
    victims = await _plant_victims(owner, north)
    async with db.ingest() as tx:
        for crossing in (
            "output of another's command",
            "inventory of another's machine",
            "a change at another's machine",
        ):
            _, statement, victim = CROSSINGS[crossing]
            await tx.execute(statement, north.tenant_id, victims[victim])
    await AgentRemoval(db, bus, (), signer).remove(system_scope(north.tenant_id), north.agents[0])
    counts = {
        table: await owner.fetchval(f"select count(*) from core.{table}")
        for table in ("commands", "command_output", "agent_inventory", "inventory_changes", "tunnel_sessions")
    }
    assert counts == {
        "commands": 0,
        "command_output": 0,
        "agent_inventory": 0,
        "inventory_changes": 0,
        "tunnel_sessions": 1,
    }


async def _cross(owner: Any, north: Partner, south: Partner) -> UUID:
    """Returns a command of South's to North's machine: planted with the database's own check taken away."""
    command_id = new_id()
    await owner.execute("alter table core.commands drop constraint commands_tenant_id_agent_id_fkey")
    await owner.execute(
        "insert into core.commands (tenant_id, agent_id, command_id, batch_id, shell, script, timeout_s, created_by,"
        " created_at) values ($1, $2, $3, $3, 'sh', 'id', 9, 'mallory@example.org', now() - interval '1 minute')",
        south.tenant_id,
        north.agents[0],
        command_id,
    )
    return command_id


async def test_a_gateway_delivers_no_command_of_another_partner(
    db: Database, owner: Any, north: Partner, south: Partner
) -> None:
    """Should a row that points across be there all the same, it reaches nobody and nobody's word changes it."""
    command_id, agent_id = await _cross(owner, north, south), north.agents[0]
    delivery = CommandDelivery(db)
    await owner.execute("delete from core.outbox")
    taken = await delivery.take({agent_id.bytes: (north.tenant_id, north.clients[0])}, again=True)
    assert taken == ([], {})
    assert await delivery.overdue("gw-1") == ([], [])
    await owner.execute("update core.commands set status = 'delivered', cancel_requested_at = created_at")
    assert await delivery.overdue("gw-1") == ([], [])
    said: list[CommandOutput | CommandResult] = [
        CommandOutput(command_id=command_id.bytes, seq=0, stream=1, data=b"root"),
        CommandResult(command_id=command_id.bytes, outcome="succeeded", exit_code=0, duration_ms=1, chunks=1),
    ]
    for batch in (said, [CommandResult(command_id.bytes, "succeeded", 0, 1, 0)]):  # the latter goes by the lane
        await delivery.record([Report(north.tenant_id, agent_id, north.clients[0], "host", each) for each in batch])
        assert await owner.fetchval("select status from core.commands") == "delivered"
        assert await owner.fetchval("select count(*) from core.command_output") == 0
        assert await owner.fetchval("select count(*) from core.outbox") == 0
    await delivery.close()


async def test_presence_and_readings_are_written_for_the_sessions_own_tenant(
    db: Database, owner: Any, north: Partner, south: Partner
) -> None:
    """A session that names North's machine and South's tenant finds nothing to write to."""
    before = await owner.fetch("select * from core.agent_state order by agent_id")
    stray = AgentSession(north.agents[0], south.tenant_id, north.clients[0], "host", 1)
    presence = Presence(db, "gw-1")
    assert await presence.record([Change(stray)]) == ChangesRecorded(superseded=[stray])
    await owner.execute("update core.agent_state set connection_id = 1")
    async with db.ingest() as tx:
        for stray.cpu, stray.latest in ((7, None), (7, b"a sample")):
            assert await readings.write(tx, "gw-1", [stray]) == [stray]
    assert await presence.record([Change(stray, reason="cut")]) == ChangesRecorded()
    await owner.execute("update core.agent_state set connection_id = null")
    assert await owner.fetch("select * from core.agent_state order by agent_id") == before
