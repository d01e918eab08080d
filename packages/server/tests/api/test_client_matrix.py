"""A Client contact's matrix with the application's checks off: what the database alone keeps from them.

The contact of one Client is given every permission there is and asks for everything; only the scope narrows them. Then
the same through bare SQL, for every table of the catalogue.
"""

from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.permissions import Permissions, Role
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import Subject, SubjectKind
from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.commands.live import CommandUpdate, OutputPiece
from gururmm_server.core.events.live import FeedItem
from gururmm_server.core.telemetry.live import Sample
from gururmm_server.entrypoints.tech_stream.live_session import LiveSession
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id

from packages.server.tests import world
from packages.server.tests.world import DECLARED, batch

from .conftest import Api, House
from .test_access import CASES, fill

EVERYTHING = frozenset(permission.name for permission in world.PERMISSIONS.all())
"""As if no route had ever asked for a permission."""

MARK = "other-clients-secret"
"""Stands in every text of what the contact must not see."""


class Planted:
    """In one Partner: the contact's own Client, and another with a row in every table that can have one."""

    def __init__(self, house: House) -> None:
        self.house = house
        # A channel's number is no secret and no key: every session counts from one.
        self.ids: dict[str, Any] = {name: value if name == "channel" else new_id() for name, value in house.ids.items()}
        self.ids["partner_id"] = house.tenant_id

    def contact(self) -> Scope:
        subject = Subject(kind=SubjectKind.PERSON, id=new_id(), name="contact@own.example", permissions=EVERYTHING)
        return Scope(
            subject=subject, tenant_id=self.house.tenant_id, client_ids=frozenset({self.house.ids["client_id"]})
        )


_ROWS = {
    "clients": "insert into core.clients (tenant_id, client_id, name) values ($1, {client_id}, '{mark}')",
    "sites": "insert into core.sites (tenant_id, client_id, site_id, name)"
    " values ($1, {client_id}, {site_id}, '{mark}')",
    "site_codes": "insert into core.site_codes (tenant_id, code_id, site_id, code, created_by)"
    " values ($1, {code_id}, {site_id}, 'OTHR-CODE-{mark}', '{mark}')",
    "users": "insert into core.users (user_id, email) values ({user_id}, '{mark}@example.org')",
    "tenant_users": "insert into core.tenant_users (tenant_id, user_id, role, client_id, name)"
    " values ($1, {user_id}, 'client_contact', {client_id}, '{mark}')",
    "totp_factors": "insert into core.totp_factors (user_id, sealed_secret, confirmed_at)"
    " values ({user_id}, 'x', now())",
    "passkeys": "insert into core.passkeys (passkey_id, user_id, credential_id, public_key, sign_count, name)"
    " values (gen_random_uuid(), {user_id}, 'x', 'x', 0, '{mark}')",
    "agents": "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
    " hostname, os_name) values ($1, {agent_id}, {client_id}, {site_id}, '{mark}', '{mark}', sha256('x'), '{mark}',"
    " '{mark}')",
    "agent_state": "insert into core.agent_state (tenant_id, agent_id, client_id, problems, disk, online, gateway_id)"
    " values ($1, {agent_id}, {client_id}, array['disk_full'], 990, true, 'gw-other')",
    "agent_doubles": "insert into core.agent_doubles (tenant_id, agent_id, instance, hostname, machine_id, address)"
    " values ($1, {agent_id}, '0123456789abcdef', '{mark}', '', '{mark}')",
    "agent_metrics": "insert into core.agent_metrics (tenant_id, agent_id, at, cpu, memory, load, receive_rate,"
    " send_rate, read_rate, write_rate) values ($1, {agent_id}, now(), 1, 1, 1, 1, 1, 1, 1)",
    "agent_metrics_hourly": "insert into core.agent_metrics_hourly (tenant_id, agent_id, at, samples, cpu, memory,"
    " load, receive_rate, send_rate, read_rate, write_rate) values ($1, {agent_id}, now(), 1, 1, 1, 1, 1, 1, 1, 1)",
    "agent_inventory": "insert into core.agent_inventory (tenant_id, agent_id, section, hash, items)"
    " values ($1, {agent_id}, 'software', 'x', '{{\"a\": {{\"name\": \"{mark}\"}}}}')",
    "inventory_changes": "insert into core.inventory_changes (tenant_id, change_id, agent_id, section, key, change)"
    " values ($1, gen_random_uuid(), {agent_id}, 'software', '{mark}', 'added')",
    "tags": "insert into core.tags (tenant_id, tag, agent_id) values ($1, '{mark}', {agent_id})",
    "saved_views": "insert into core.saved_views (tenant_id, view_id, owner_id, name, query, sort, columns, shared,"
    " saved_by) values ($1, {view_id}, gen_random_uuid(), '{mark}', '{mark}', 'hostname', '{{}}', true, '{mark}')",
    "commands": "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s,"
    " created_by) values ($1, {command_id}, {command_id}, {agent_id}, 'sh', '{mark}', 60, '{mark}')",
    "shared_scripts": "insert into core.shared_scripts (tenant_id, batch_id, script)"
    " values ($1, {command_id}, '{mark}')",
    "command_output": "insert into core.command_output (tenant_id, command_id, seq, stream, data)"
    " values ($1, {command_id}, 0, 1, '{mark}')",
    "activity": "insert into core.activity (tenant_id, event_id, at, name, agent_id, client_id, text, permission)"
    " values ($1, gen_random_uuid(), now(), 'agent.online', {agent_id}, {client_id}, '{mark}', 'agents.read'),"
    " ($1, gen_random_uuid(), now(), 'tenant.created', null, null, '{mark}', 'settings.read')",
    "online_history": "insert into core.online_history (tenant_id, at, online, total) values ($1, now(), 7, 7)",
    "tunnel_audit": "insert into core.tunnel_audit (tenant_id, seq, at, operation, actor, agent_id, previous_hash,"
    " hash) values ($1, 1000, now(), '{mark}', '{mark}', {agent_id}, 'x', 'x')",
    "audit_log": "insert into core.audit_log (tenant_id, seq, at, operation, actor, agent_id, previous_hash, hash)"
    " values ($1, 1000, now(), '{mark}', '{mark}', {agent_id}, 'x', 'x'),"
    " ($1, 1001, now(), '{mark}', '{mark}', null, 'x', 'x')",
    # Sealed for whoever has the key, and of nobody's Client.
    "idempotency_keys": "insert into core.idempotency_keys (tenant_id, subject_id, key_hash, request_hash, status,"
    " answer) values ($1, gen_random_uuid(), sha256('x'), sha256('x'), 201, 'x')",
    "removed_agents": "insert into core.removed_agents (tenant_id, agent_id, public_key)"
    " values ($1, {agent_id}, sha256('x'))",
    "audit_reads": "insert into core.audit_reads (tenant_id, read_id, actor, query)"
    " values ($1, gen_random_uuid(), '{mark}', '{{}}')",
    # What holds for the whole Partner holds at the contact's own Site, too; another Site's is hidden.
    "setting_values": "insert into core.setting_values (tenant_id, site_id, key, value, changed_by)"
    " values ($1, {site_id}, 'heartbeat_s', '7', '{mark}')",
    "site_settings": "insert into core.site_settings (tenant_id, site_id, version, told)"
    ' values ($1, {site_id}, 9, \'{{"log_level": "{mark}"}}\')',
    "agent_settings": "insert into core.agent_settings (tenant_id, agent_id, version, signed_order, signed_by)"
    " values ($1, {agent_id}, 9, '{mark}', 'x')",
    "platform_settings": "insert into core.platform_settings (key, value, changed_by) values ('metrics_s', '61', 'x')",
    "partner_quotas": "insert into core.partner_quotas (tenant_id, resource, most) values ($1, 'machines', 9)",
    "partner_usage": "insert into core.partner_usage (tenant_id, resource, day, used)"
    " values ($1, 'command_bytes', current_date, 9)",
    "audit_chains": "insert into core.audit_chains values ($1, 'tunnel_audit', 9, 'x') on conflict do nothing",
}
_SESSION = (
    "insert into core.tunnel_sessions (tenant_id, session_id, agent_id, hostname, opened_by, opened_by_id, status)"
    " values ($1, {session_id}, {agent_id}, '{mark}', '{mark}', gen_random_uuid(), 'open')"
)
_CHANNEL = (
    "insert into core.tunnel_channels (tenant_id, session_id, channel, kind, close_reason)"
    " values ($1, {session_id}, 1, 'terminal', '{mark}')"
)
_RECORDING = (
    "insert into core.tunnel_recording (tenant_id, session_id, channel, at, output_offset, output_bytes, codec, data)"
    " values ($1, {session_id}, 1, now(), 0, 1, 'n', '{mark}')"
)


@pytest.fixture
async def planted(api: Api, owner_url: str) -> Planted:
    made = Planted(api.own)
    owner = await asyncpg.connect(owner_url)
    for statement in (*_ROWS.values(), _SESSION, _CHANNEL, _RECORDING):
        filled = statement.format(mark=MARK, **{name: f"'{value}'::uuid" for name, value in made.ids.items()})
        await owner.execute(filled, *([api.own.tenant_id] if "$1" in filled else []))
    await owner.close()
    return made


async def readable_tables(owner_url: str, role: str) -> list[str]:
    owner = await asyncpg.connect(owner_url)
    rows = await owner.fetch(
        """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'core' and c.relkind in ('r', 'p', 'v') and not c.relispartition
          and has_any_column_privilege($1, c.oid, 'select') order by 1""",
        role,
    )
    await owner.close()
    return [row["relname"] for row in rows]


async def columns_of(owner_url: str, table: str, role: str) -> str:
    owner = await asyncpg.connect(owner_url)
    names = await owner.fetchval(
        """select string_agg(quote_ident(attname), ', ') from pg_attribute
        where attrelid = format('core.%I', $1::text)::regclass and attnum > 0 and not attisdropped
          and has_column_privilege($2, attrelid, attnum, 'select')""",
        table,
        role,
    )
    await owner.close()
    return str(names)


def tells(row: Any, planted: Planted, foreign: House) -> bool:
    """Whether a row, or an answer, says anything of the other Client or of another Partner."""
    text = str(row)
    others = {value for name, value in planted.ids.items() if name not in ("partner_id", "channel")}
    others |= {value for name, value in foreign.ids.items() if name != "channel"}
    return MARK in text or any(str(value) in text or value.hex in text for value in others)


@pytest.mark.parametrize("role", ["gururmm_app", "gururmm_audit_reader"])
async def test_no_table_gives_a_contact_a_row_of_another_client(
    api: Api, planted: Planted, owner_url: str, role: str
) -> None:
    tables = await readable_tables(owner_url, role)
    assert len(tables) > 3
    whole = Scope(subject=planted.contact().subject, tenant_id=api.own.tenant_id)
    shown: dict[str, list[Any]] = {}
    unseen = []
    for table in tables:
        columns = await columns_of(owner_url, table, role)
        for scope, found in ((planted.contact(), shown), (whole, None)):
            opened = api.db.scope(scope) if role == "gururmm_app" else api.db.audit_reader(scope)
            async with opened as tx:
                rows = await tx.fetch(f"select {columns} from core.{table}")
            if found is not None:
                found[table] = [dict(row) for row in rows]
            elif not rows and table not in ("gateways", "server_secrets", "schema_version"):
                unseen.append(table)
    leaks = {table: rows for table, rows in shown.items() if any(tells(row, planted, api.foreign) for row in rows)}
    assert leaks == {}
    assert unseen == [], "nothing is planted there, so nothing is proved of it"


@pytest.fixture
def checks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every role may do everything: what is left is the database's word."""
    monkeypatch.setattr(Permissions, "of", lambda _self, _role, *, inside: EVERYTHING if inside else frozenset())


@pytest.mark.usefixtures("checks_off")
async def test_no_route_tells_a_contact_of_another_client(api: Api, planted: Planted) -> None:
    """Every route that reads, as a contact whom no permission stops: lists are silent, records are not found."""
    contact = world.person(api.own.tenant_id, Role.CLIENT_CONTACT, api.own.ids["client_id"])
    token = api.identity.tokens.issue(contact)
    told = {}
    for name, case in CASES.items():
        method, path = name.split(" ")
        if method != "GET" or name.startswith("GET /platform"):
            continue
        answer = await api.ask("GET", fill(path, planted.ids) + case.query, token=token)
        # What the path itself named may be said back.
        if answer.status == 200 and tells(answer.body, planted, api.foreign):
            told[name] = answer.body
        if "{" in path and "partner" not in path:
            assert answer.status == 404, (name, answer.body)
    assert told == {}


@pytest.mark.usefixtures("checks_off")
@pytest.mark.parametrize("search", [MARK, MARK.upper(), MARK[:5], ""])
async def test_no_search_finds_another_clients_things(api: Api, planted: Planted, search: str) -> None:
    contact = world.person(api.own.tenant_id, Role.CLIENT_CONTACT, api.own.ids["client_id"])
    token = api.identity.tokens.issue(contact)
    for path in ("/agents", "/clients", "/sites", "/users", "/commands", "/events", "/tunnel/sessions", "/audit"):
        answer = await api.ask("GET", f"{path}?search={search}", token=token)
        assert answer.status == 200, (path, answer.body)
        assert not tells(answer.body["items"], planted, api.foreign), path


async def test_the_search_function_itself_is_narrowed(db: Database, api: Api, planted: Planted) -> None:
    async with db.scope(planted.contact()) as tx:
        assert await tx.fetch("select core.search_agents($1)", f"%{MARK[:6]}%") == []
    async with db.scope(Scope(subject=planted.contact().subject, tenant_id=api.own.tenant_id)) as tx:
        assert len(await tx.fetch("select core.search_agents($1)", f"%{MARK[:6]}%")) == 1


async def test_a_contact_writes_nothing_of_another_client(db: Database, planted: Planted) -> None:
    """Rows that are not seen are not changed; a row for another Client's machine is refused."""
    for statement in (
        "update core.clients set name = 'taken' where name = $1",
        "delete from core.sites where name = $1",
        "delete from core.commands where script = $1",
        "update core.agents set hostname = 'taken' where hostname = $1",
    ):
        async with db.scope(planted.contact()) as tx:
            assert await tx.execute(statement, MARK) == 0, statement
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.scope(planted.contact()) as tx:
            await tx.execute(
                "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s,"
                " created_by) values ($1, $2, $2, $3, 'sh', 'id', 60, 'x')",
                planted.house.tenant_id,
                new_id(),
                planted.ids["agent_id"],
            )


async def test_a_scope_of_no_client_sees_nothing(db: Database, api: Api) -> None:
    nobody = Scope(subject=Planted(api.own).contact().subject, tenant_id=api.own.tenant_id, client_ids=frozenset())
    async with db.scope(nobody) as tx:
        for table in ("clients", "sites", "agents", "commands"):
            assert await tx.fetchval(f"select count(*) from core.{table}") == 0


async def test_without_the_clients_setting_a_query_raises(database_url: str, api: Api) -> None:
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.UndefinedObjectError):
        async with connection.transaction():
            await connection.execute(f"set local role gururmm_app; set local gururmm.tenant_id = '{api.own.tenant_id}'")
            await connection.fetch("select * from core.clients")
    await connection.close()


async def heard(session: LiveSession) -> list[str]:
    """What a browser would be sent of all that was said so far."""
    session.say({"type": "end"})
    return [text for text in await session.messages() if text != '{"type":"end"}']


async def test_live_messages_reach_only_their_audience() -> None:
    """Every kind of live message, told of another Client: a contact whom no permission stops gets none of it."""
    mine, other = new_id(), new_id()
    subject = Subject(kind=SubjectKind.PERSON, id=new_id(), name="c@example.org", permissions=EVERYTHING)
    session = LiveSession(Scope(subject=subject, tenant_id=new_id(), client_ids=frozenset({mine})), DECLARED.live)
    agent, command = new_id(), new_id()
    session.show([agent])
    session.watch(agent)
    session.follow([command])
    for client_id in (other.bytes, None):
        session.take(batch(FeedItem(client_id, "agents.read", {"name": "agent.online"})))
    session.take(
        batch(
            AgentRow(agent.bytes, other.bytes, True, True, 1.0, 1.0),
            CommandUpdate(command.bytes, agent.bytes, other.bytes, "running"),
            OutputPiece(command.bytes, other.bytes, 0, 1, b"secret"),
            Sample(agent.bytes, other.bytes, b""),
        )
    )
    assert await heard(session) == []


async def test_a_live_message_that_declares_no_audience_reaches_nobody() -> None:
    class Undeclared(AgentRow, array_like=True, frozen=True):
        audience = None

    subject = Subject(kind=SubjectKind.PERSON, id=new_id(), name="a@example.org", permissions=EVERYTHING)
    session = LiveSession(Scope(subject=subject, tenant_id=new_id()), [Undeclared])
    session.take(batch(Undeclared(new_id().bytes, new_id().bytes, True, True, 1.0, 1.0)))
    assert await heard(session) == []
