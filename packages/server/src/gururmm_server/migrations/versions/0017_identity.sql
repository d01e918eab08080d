-- Who a machine is: its key alone says it, so its id is found by that; and its machine-id says who it was before.
create index agents_public_key on core.agents (tenant_id, public_key);
create index agents_machine_id on core.agents (tenant_id, machine_id) where machine_id <> '';
alter table core.agents add column kept_apart boolean not null default false;
comment on column core.agents.kept_apart is 'Somebody decided that it is not to go on as a machine with the same machine-id.';
comment on column core.agents.machine_id is 'What the system calls itself (/etc/machine-id), compared at each connection; empty: not known.';
grant update (machine_id) on core.agents to gururmm_ingest;

-- A removed machine that comes back proves its key, hears one last thing that was signed at its removal, and is sent away.
alter table core.removed_agents add column last_order bytea;
comment on column core.removed_agents.last_order is 'The signed order (uninstall, change_identity) that it is given when it comes back; null: none.';

create or replace view core.machines with (security_invoker = true) as
  select tenant_id, agent_id, client_id, site_id, client_name, site_name, hostname, os_name, os_family, agent_version,
    addresses, username, protocol, enrolled_at, revoked_at, search_text, machine_id, kept_apart
  from core.agents;
create or replace view core.claimants with (security_invoker = true) as
  select tenant_id, agent_id, client_id, public_key, hostname, revoked_at is not null as revoked, agent_version,
    machine_id, null::bytea as last_order
  from core.agents
  union all
  select tenant_id, agent_id, null, public_key, '', true, '', '', last_order from core.removed_agents;
