-- Every reference carries the tenant, and where a table has one the Client: a row cannot point across Partners, whoever
-- writes it. A table that belongs to another no longer names core.tenants itself: what it belongs to does.

-- The owner is bound by forced row-level security too, unless it is a superuser: to it every table is empty, and a new
-- foreign key would be found to hold without a look at one row.
do $$
declare t regclass;
begin
  for t in select oid from pg_class where relnamespace = 'core'::regnamespace and relrowsecurity loop
    execute format('alter table %s no force row level security', t);
  end loop;
end $$;

-- What is referenced. The ids stay unique by themselves: a gateway finds a machine by its id alone.
alter table core.clients add unique (tenant_id, client_id);
alter table core.sites add unique (tenant_id, site_id), add unique (tenant_id, client_id, site_id);
alter table core.agents add unique (tenant_id, agent_id), add unique (tenant_id, client_id, agent_id);
alter table core.commands add unique (tenant_id, command_id);
alter table core.tunnel_sessions add unique (tenant_id, session_id);
drop index core.sites_tenant_id_idx;

alter table core.sites
  drop constraint sites_tenant_id_fkey, drop constraint sites_client_id_fkey,
  add foreign key (tenant_id, client_id) references core.clients (tenant_id, client_id);
alter table core.site_codes
  drop constraint site_codes_tenant_id_fkey, drop constraint site_codes_site_id_fkey,
  add foreign key (tenant_id, site_id) references core.sites (tenant_id, site_id) on delete cascade;
alter table core.tenant_users
  drop constraint tenant_users_client_id_fkey,
  add foreign key (tenant_id, client_id) references core.clients (tenant_id, client_id);
alter table core.agents
  drop constraint agents_tenant_id_fkey, drop constraint agents_client_id_fkey, drop constraint agents_site_id_fkey,
  add foreign key (tenant_id, client_id, site_id) references core.sites (tenant_id, client_id, site_id);
-- A machine that moves to another Client takes its state along.
alter table core.agent_state
  drop constraint agent_state_tenant_id_fkey, drop constraint agent_state_agent_id_fkey,
  add foreign key (tenant_id, client_id, agent_id) references core.agents (tenant_id, client_id, agent_id)
    on update cascade on delete cascade;
alter table core.agent_inventory
  drop constraint agent_inventory_tenant_id_fkey, drop constraint agent_inventory_agent_id_fkey,
  add foreign key (tenant_id, agent_id) references core.agents (tenant_id, agent_id) on delete cascade;
alter table core.inventory_changes
  drop constraint inventory_changes_tenant_id_fkey, drop constraint inventory_changes_agent_id_fkey,
  add foreign key (tenant_id, agent_id) references core.agents (tenant_id, agent_id) on delete cascade;
alter table core.commands
  drop constraint commands_tenant_id_fkey, drop constraint commands_agent_id_fkey,
  add foreign key (tenant_id, agent_id) references core.agents (tenant_id, agent_id) on delete cascade;
alter table core.command_output
  drop constraint command_output_tenant_id_fkey, drop constraint command_output_command_id_fkey,
  add foreign key (tenant_id, command_id) references core.commands (tenant_id, command_id) on delete cascade;
alter table core.tunnel_recording
  drop constraint tunnel_recording_tenant_id_fkey, drop constraint tunnel_recording_session_id_fkey,
  add foreign key (tenant_id, session_id) references core.tunnel_sessions (tenant_id, session_id) on delete cascade;

-- Statements for many tenants at once say whose rows they mean.
grant select (tenant_id) on core.inventory_changes to gururmm_ingest;

-- History is written in bulk and dropped by the partition, and the feed outlives its machines: a foreign key would cost
-- each of their rows a look-up, so a statement's rows are looked at together. One that names a machine of another tenant
-- is refused; one whose machine is gone is not.
create function core.refuse_crossing() returns trigger language plpgsql as $$
begin
  if exists (select from added r join core.agents a using (agent_id) where a.tenant_id <> r.tenant_id) then
    raise foreign_key_violation using message = format('a row of %I.%I names another tenant''s machine',
      tg_table_schema, tg_table_name);
  end if;
  return null;
end $$;
create trigger refuse_crossing after insert on core.agent_metrics
  referencing new table as added for each statement execute function core.refuse_crossing();
create trigger refuse_crossing after insert on core.agent_metrics_hourly
  referencing new table as added for each statement execute function core.refuse_crossing();
create trigger refuse_crossing after insert on core.activity
  referencing new table as added for each statement execute function core.refuse_crossing();

-- A tech session outlives its machine too, but begins at one of its tenant.
create function core.require_machine() returns trigger language plpgsql as $$
begin
  if not exists (select from core.agents a where a.tenant_id = new.tenant_id and a.agent_id = new.agent_id) then
    raise foreign_key_violation using message = format('a row of %I.%I names no machine of its tenant',
      tg_table_schema, tg_table_name);
  end if;
  return new;
end $$;
create trigger require_machine before insert or update of tenant_id, agent_id on core.tunnel_sessions
  for each row execute function core.require_machine();

-- Two tenants' rows of one machine, however they came to be, must not stop everybody's roll-up.
alter table core.agent_metrics_hourly drop constraint agent_metrics_hourly_pkey;
alter table core.agent_metrics_hourly add primary key (tenant_id, agent_id, at);

do $$
declare t regclass;
begin
  for t in select oid from pg_class where relnamespace = 'core'::regnamespace and relrowsecurity loop
    execute format('alter table %s force row level security', t);
  end loop;
end $$;
