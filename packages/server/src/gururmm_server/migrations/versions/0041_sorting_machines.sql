-- What the fleet is sorted by stands in columns of its own. An expression cannot be a condition on an index where
-- policies hold, since the function might tell of rows that nobody may see: each page read all rows before its first.
alter table core.agents no force row level security;
alter table core.agents
  add hostname_key text generated always as (core.natural_key(hostname)) stored,
  add os_key text generated always as (core.natural_key(left(os_name, 200))) stored,
  add client_key text generated always as (core.natural_key(client_name)) stored,
  add site_key text generated always as (core.natural_key(site_name)) stored;
alter table core.agents force row level security;
comment on column core.agents.hostname_key is 'What it is sorted by, as the other keys.';
create index on core.agents (tenant_id, hostname_key, agent_id);
create index on core.agents (tenant_id, os_key, agent_id);
create index on core.agents (tenant_id, client_key, agent_id);
create index on core.agents (tenant_id, site_key, agent_id);
do $$
declare each record;
begin
  for each in select indexrelid::regclass as name from pg_index where indrelid = 'core.agents'::regclass
      and pg_get_indexdef(indexrelid) ~ 'natural_key\(' loop
    execute format('drop index %s', each.name);
  end loop;
end $$;

create or replace view core.machines with (security_invoker = true) as
  select tenant_id, agent_id, client_id, site_id, client_name, site_name, hostname, os_name, os_family, agent_version,
    addresses, username, protocol, enrolled_at, revoked_at, search_text, machine_id, kept_apart,
    arch, macs, ram, cores, hostname_folded, os_folded, username_folded, serial_folded, client_folded, site_folded,
    model_folded, processor_folded, version_key, address_text, hostname_key, os_key, client_key, site_key
  from core.agents;
