"""A Partner in which everything has content: what a machine reported, ran and recorded, as the product stores it."""

import asyncpg
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Metrics

from .conftest import House, build_house

_SAMPLE = Metrics(1_700_000_000, 125, 4, 8, 1, 250, 10, 20, 30, 40, [("/", 5, 10)], [("cpu", 455)], 3600)

_ROWS = """
insert into core.users (user_id, email) values
  ('{user_id}', '{email}'), ('{colleague}', 'bea@{token}.example');
insert into core.msp_users (user_id) values ('{user_id}');
insert into core.tenant_users (tenant_id, user_id, role, name, accepted_at) values
  ('{partner_id}', '{user_id}', 'partner_admin', 'Ada Admin', now()),
  ('{partner_id}', '{colleague}', 'partner_tech', '', null);
insert into core.user_sessions (session_id, user_id, tenant_id, refresh_hash, expires_at, address, user_agent) values
  ('{sign_in}', '{user_id}', '{partner_id}', sha256('{sign_in}'), now() + interval '1 day', '198.18.0.1', 'a browser');
insert into core.invitations (token_hash, user_id, tenant_id, expires_at) values
  (sha256('{token}'), '{colleague}', '{partner_id}', now() + interval '1 day');
insert into core.clients (tenant_id, client_id, name) values ('{partner_id}', '{empty_client}', 'Nobody yet');
insert into core.sites (tenant_id, client_id, site_id, name) values
  ('{partner_id}', '{client_id}', '{empty_site}', 'Nothing yet');
update core.agent_state set latest = '{sample}', cpu = 125, memory = 500, disk = 910, problems = '{{disk_full}}',
  last_seen = now() where tenant_id = '{partner_id}' and agent_id = '{agent_id}';
insert into core.agent_metrics (tenant_id, agent_id, at, cpu, memory, load, receive_rate, send_rate, read_rate,
  write_rate) values ('{partner_id}', '{agent_id}', now() - interval '5 minutes', 125, 500, 100, 1, 2, 3, 4);
insert into core.agent_metrics_hourly (tenant_id, agent_id, at, samples, cpu, memory, load, receive_rate, send_rate,
  read_rate, write_rate) values
  ('{partner_id}', '{agent_id}', date_trunc('hour', now()) - interval '2 hours', 60, 125, 500, 100, 1, 2, 3, 4);
insert into core.agent_inventory (tenant_id, agent_id, section, hash, items) values
  ('{partner_id}', '{agent_id}', 'software', '', '{{"nginx": {{"version": "1.22", "source": "dpkg"}}}}'),
  ('{partner_id}', '{agent_id}', 'system', '', '{{"os": {{"name": "Debian", "kernel": "6.1"}}}}');
insert into core.inventory_changes (tenant_id, change_id, agent_id, section, key, change, before, after) values
  ('{partner_id}', gen_random_uuid(), '{agent_id}', 'software', 'nginx', 'added', null, '{{"version": "1.22"}}');
insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s, created_by, status,
  exit_code, started_at, finished_at, duration_ms) values
  ('{partner_id}', '{finished}', '{finished}', '{agent_id}', 'sh', 'true', 60, 'x', 'succeeded', 0, now(), now(), 12);
insert into core.command_output (tenant_id, command_id, seq, stream, data) values
  ('{partner_id}', '{finished}', 0, 1, '\\xc3'), ('{partner_id}', '{finished}', 1, 2, 'no such file');
insert into core.activity (tenant_id, event_id, at, name, agent_id, client_id, hostname, text, permission) values
  ('{partner_id}', gen_random_uuid(), now(), 'agent.online', '{agent_id}', '{client_id}', 'planted', 'came online',
  'agents.read');
insert into core.online_history (tenant_id, at, online, total) values ('{partner_id}', now(), 1, 2);
insert into core.tunnel_recording (tenant_id, session_id, channel, at, output_offset, output_bytes, codec, data) values
  ('{partner_id}', '{session_id}', 1, now(), 0, 3, 'n', '\\x2420e2');
"""
_FRESH = ("finished", "colleague", "token", "sign_in", "empty_client", "empty_site")


async def furnish(db: Database, bus: Bus, owner: asyncpg.Connection, name: str) -> House:
    """Returns a new Partner.

    Beside what every house has, `ids` knows a command that is `finished` where `command_id` waits, a `colleague` whose
    invitation's `token` is still good, the `sign_in` of the admin, and an `empty_client` and `empty_site`.
    """
    house = await build_house(db, bus, name)
    house.ids |= {each: new_id() for each in _FRESH}
    await owner.execute(_ROWS.format(email=house.email, sample=f"\\x{encode(_SAMPLE).hex()}", **house.ids))
    return house
