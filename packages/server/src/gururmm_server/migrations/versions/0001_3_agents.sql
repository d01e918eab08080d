create table core.gateways (
  gateway_id text primary key,
  url text not null,
  started_at timestamptz not null default now(),
  beat_at timestamptz not null default now(),
  draining boolean not null default false
);
comment on table core.gateways is 'Living gateways: each renews beat_at; the worker reaps those that stopped.';
grant select, insert, update, delete on core.gateways to gururmm_ingest, gururmm_worker;
grant select on core.gateways to gururmm_app, gururmm_identity;

create table core.agents (
  tenant_id uuid not null references core.tenants,
  agent_id uuid primary key,
  client_id uuid not null references core.clients,
  site_id uuid not null references core.sites,
  client_name text not null,
  site_name text not null,
  public_key bytea not null check (length(public_key) = 32),
  hostname text not null check (length(hostname) between 1 and 255),
  machine_id text not null default '',
  os_name text not null default '',
  os_family text not null default 'other' check (os_family in ('linux', 'windows', 'macos', 'other')),
  arch text not null default '',
  agent_version text not null default '',
  protocol int not null default 2,
  addresses text[] not null default '{}',
  macs text[] not null default '{}',
  username text not null default '',
  serial text not null default '',
  enrolled_at timestamptz not null default now(),
  revoked_at timestamptz,
  search_text text not null default ''
);
comment on column core.agents.client_name is 'A copy, kept by core.tenancy at rename and move, so that a page of the fleet sorts without a join.';

create function core.fill_search_text() returns trigger language plpgsql as $$
begin
  new.search_text := lower(concat_ws(' ', new.hostname, new.os_name, new.agent_version, new.username, new.serial,
    new.client_name, new.site_name, array_to_string(new.addresses, ' '), array_to_string(new.macs, ' '), new.arch));
  return new;
end $$;
create trigger fill_search_text before insert or update on core.agents
  for each row execute function core.fill_search_text();

create index on core.agents (tenant_id, lower(hostname), agent_id);
create index on core.agents (tenant_id, lower(left(os_name, 200)), agent_id); -- an agent says its name, of any length
create index on core.agents (tenant_id, lower(client_name), agent_id);
create index on core.agents (tenant_id, lower(site_name), agent_id);
create index on core.agents (tenant_id, left(agent_version, 200), agent_id);
create index on core.agents (site_id);
-- The tenant is in the trigram index, so that a word which every Partner's machines have costs one Partner's rows only.
create index agents_search on core.agents using gin (tenant_id search.uuid_ops, search_text search.gin_trgm_ops)
  with (fastupdate = off);
select core.protect('core.agents', '{gururmm_ingest,gururmm_worker,gururmm_platform}');
grant select, insert, update, delete on core.agents to gururmm_app;
grant select on core.agents to gururmm_ingest, gururmm_worker, gururmm_definer;
grant select (tenant_id, agent_id, client_id) on core.agents to gururmm_platform;
grant update (hostname, os_name, os_family, arch, agent_version, protocol, addresses, macs, username, serial)
  on core.agents to gururmm_ingest;

create table core.agent_state (
  tenant_id uuid not null references core.tenants,
  agent_id uuid primary key references core.agents on delete cascade,
  client_id uuid not null,
  online boolean not null default false,
  gateway_id text,
  connection_id bigint,
  changed_at timestamptz not null default now(),
  last_seen timestamptz,
  cpu smallint,
  memory smallint,
  disk smallint,
  uptime_s bigint,
  latest bytea,
  problems text[] not null default '{}'
) with (fillfactor = 50);
comment on column core.agent_state.cpu is 'Permille, as memory and disk (the fullest one).';
comment on column core.agent_state.latest is 'The newest wire v2 Metrics message.';
comment on column core.agent_state.changed_at is 'When online last changed.';
-- last_seen and the readings are in no index: their updates stay heap-only (HOT).
create index on core.agent_state (tenant_id);
create index on core.agent_state (tenant_id) where problems <> '{}';
create index on core.agent_state (tenant_id) where online;
create index on core.agent_state (gateway_id) where online;
select core.protect('core.agent_state', '{gururmm_ingest,gururmm_worker,gururmm_platform}');
grant select, insert, update on core.agent_state to gururmm_app;
grant select, update on core.agent_state to gururmm_ingest, gururmm_worker;
grant select (tenant_id, agent_id, online) on core.agent_state to gururmm_platform;

create table core.online_history (
  tenant_id uuid not null references core.tenants,
  at timestamptz not null,
  online int not null,
  total int not null,
  primary key (tenant_id, at)
);
select core.protect('core.online_history', '{gururmm_worker}');
grant select on core.online_history to gururmm_app;
grant select, insert, delete on core.online_history to gururmm_worker;

create table core.agent_metrics (
  tenant_id uuid not null,
  agent_id uuid not null,
  at timestamptz not null,
  cpu smallint not null,
  memory smallint not null,
  disk smallint,
  temperature smallint,
  load int not null,
  receive_rate bigint not null,
  send_rate bigint not null,
  read_rate bigint not null,
  write_rate bigint not null
) partition by range (at);
comment on table core.agent_metrics is 'One row a sample, daily partitions, kept 7 days. cpu, memory, disk in permille; temperature (the hottest) in tenths of a degree; load in hundredths; rates in bytes a second.';
create index on core.agent_metrics (agent_id, at);
-- Rows come in the order of time: an hour of every machine is found by block ranges.
create index on core.agent_metrics using brin (at) with (pages_per_range = 32, autosummarize = on);
select core.protect('core.agent_metrics', '{gururmm_ingest,gururmm_worker}');
grant select on core.agent_metrics to gururmm_app;
grant select, insert on core.agent_metrics to gururmm_ingest;
grant select on core.agent_metrics to gururmm_worker;

create table core.agent_metrics_hourly (
  tenant_id uuid not null,
  agent_id uuid not null,
  at timestamptz not null,
  samples int not null,
  cpu smallint not null,
  memory smallint not null,
  disk smallint,
  temperature smallint,
  load int not null,
  receive_rate bigint not null,
  send_rate bigint not null,
  read_rate bigint not null,
  write_rate bigint not null,
  primary key (agent_id, at)
) partition by range (at);
comment on table core.agent_metrics_hourly is 'Averages of an hour (temperature: the maximum), monthly partitions, kept a year.';
select core.protect('core.agent_metrics_hourly', '{gururmm_worker}');
grant select on core.agent_metrics_hourly to gururmm_app;
grant select, insert, update on core.agent_metrics_hourly to gururmm_worker;

create table core.agent_inventory (
  tenant_id uuid not null references core.tenants,
  agent_id uuid not null references core.agents on delete cascade,
  section text not null,
  hash bytea not null,
  items jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (agent_id, section)
);
select core.protect('core.agent_inventory', '{gururmm_ingest}');
grant select, delete on core.agent_inventory to gururmm_app;
grant select, insert, update on core.agent_inventory to gururmm_ingest;

create table core.inventory_changes (
  tenant_id uuid not null references core.tenants,
  change_id uuid primary key,
  agent_id uuid not null references core.agents on delete cascade,
  at timestamptz not null default now(),
  section text not null,
  key text not null,
  change text not null check (change in ('added', 'changed', 'removed')),
  before jsonb,
  after jsonb
);
create index on core.inventory_changes (agent_id, at desc, change_id desc);
select core.protect('core.inventory_changes', '{gururmm_ingest}');
grant select on core.inventory_changes to gururmm_app;
grant insert on core.inventory_changes to gururmm_ingest;

-- Row-level security switches the trigram index off (textlike is not leakproof), so the search runs as a role whose
-- policy is true, with the tenant inside the function. A test reads this plan.
create policy search on core.agents for select to gururmm_definer using (true);
create function core.search_agents(pattern text) returns setof uuid
  language sql stable security definer set search_path = core, search, pg_catalog as $$
  select agent_id from core.agents where tenant_id = core.current_tenant() and search_text like pattern
$$;
alter function core.search_agents(text) owner to gururmm_definer;
revoke all on function core.search_agents(text) from public;
grant execute on function core.search_agents(text) to gururmm_app;
