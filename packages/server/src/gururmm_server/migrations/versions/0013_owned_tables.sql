-- What a component offers of its tables to the SQL of others. Each view runs with the rights of whoever asks, so the
-- policies of tenant and Client hold as on the table itself; it is a plain select, so the planner sees through it.

-- agents: machines as they are known, without what proves them; and what a gateway needs to check a proof.
create view core.machines with (security_invoker = true) as
  select tenant_id, agent_id, client_id, site_id, client_name, site_name, hostname, os_name, os_family, agent_version,
    addresses, username, protocol, enrolled_at, revoked_at, search_text
  from core.agents;
grant select on core.machines to gururmm_app, gururmm_ingest, gururmm_worker;
create view core.machine_keys with (security_invoker = true) as select tenant_id, agent_id, public_key from core.agents;
comment on view core.machine_keys is 'By which key a machine proves itself, for whoever agrees on a key with it.';
grant select on core.machine_keys to gururmm_app;
comment on column core.agents.client_name is 'A copy, kept true by the record''s move and rename, so that a page of the fleet sorts without a join.';
create view core.machine_counts with (security_invoker = true) as
  select tenant_id, count(*) as agents from core.agents group by tenant_id;
grant select on core.machine_counts to gururmm_platform;
create view core.claimants with (security_invoker = true) as
  select tenant_id, agent_id, client_id, public_key, hostname, revoked_at is not null as revoked, agent_version
  from core.agents
  union all
  select tenant_id, agent_id, null, public_key, '', true, '' from core.removed_agents;
comment on view core.claimants is 'Whoever may claim an id with a key: machines, and those that were removed.';
grant select on core.claimants to gururmm_ingest;

-- presence: how machines are, and how many were online.
create view core.machine_states with (security_invoker = true) as
  select tenant_id, agent_id, client_id, online, gateway_id, changed_at, last_seen, cpu, memory, disk, uptime_s, latest,
    problems
  from core.agent_state;
grant select on core.machine_states to gururmm_app, gururmm_ingest, gururmm_worker;
create view core.online_points with (security_invoker = true) as select tenant_id, at, online from core.online_history;
grant select on core.online_points to gururmm_app;

-- tenancy: names.
create view core.partners with (security_invoker = true) as select tenant_id, name, created_at from core.tenants;
grant select on core.partners to gururmm_platform, gururmm_identity;
create view core.partner_labels with (security_invoker = true) as
  select tenant_id, label_overrides from core.tenant_settings;
grant select on core.partner_labels to gururmm_identity;
create view core.client_names with (security_invoker = true) as select tenant_id, client_id, name from core.clients;
grant select on core.client_names to gururmm_app;
create view core.client_counts with (security_invoker = true) as
  select tenant_id, count(*) as clients from core.clients group by tenant_id;
grant select on core.client_counts to gururmm_platform;
create view core.places with (security_invoker = true) as
  select s.tenant_id, s.client_id, c.name as client_name, s.site_id, s.name as site_name
  from core.sites s join core.clients c on c.client_id = s.client_id;
comment on view core.places is 'Sites, each with its Client.';
grant select on core.places to gururmm_app;

-- identity: how many people a Partner has.
create view core.member_counts with (security_invoker = true) as
  select tenant_id, count(*) as users from core.tenant_users group by tenant_id;
grant select on core.member_counts to gururmm_platform;

-- inventory: what machines hold.
create view core.machine_inventory with (security_invoker = true) as
  select tenant_id, agent_id, section, items from core.agent_inventory;
grant select on core.machine_inventory to gururmm_app;

-- commands and tunnel: how much goes on.
create view core.command_states with (security_invoker = true) as
  select tenant_id, command_id, agent_id, status, finished_at from core.commands;
grant select on core.command_states to gururmm_app;
create view core.tech_sessions with (security_invoker = true) as
  select tenant_id, session_id, agent_id, status from core.tunnel_sessions;
grant select on core.tech_sessions to gururmm_app;

-- infra: an event of the transaction's tenant into the outbox, for a statement that does everything at once.
create function core.publish_event(p_event_id uuid, p_name text, p_version int, p_payload jsonb) returns uuid
  language plpgsql set search_path = pg_catalog, core, pg_temp as $$
begin
  insert into core.outbox (event_id, tenant_id, name, version, payload)
    values (p_event_id, core.current_tenant(), p_name, p_version, convert_to(p_payload::text, 'utf8'));
  return p_event_id;
end $$;
revoke all on function core.publish_event(uuid, text, int, jsonb) from public;
grant execute on function core.publish_event(uuid, text, int, jsonb) to gururmm_app;
