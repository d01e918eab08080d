-- What of its Partner a transaction may see: '*' for every Client, else an array of Clients' ids. Raises where nothing
-- was set: never a default, never null.
create function core.every_client() returns boolean language sql stable parallel safe as
$$ select current_setting('gururmm.clients') = '*' $$;

create function core.visible_clients() returns setof uuid language sql stable parallel safe rows 100 as
$$ select unnest(current_setting('gururmm.clients')::uuid[]) $$;

-- Narrows a table to the visible Clients, beside the policy of the tenant: `belongs` says, of a row, whether it belongs
-- to one of them. Both selects of the setting run once a query (an InitPlan and a hashed SubPlan), never once a row.
create function core.narrow(target regclass, belongs text) returns void language plpgsql as $$
declare rule text := format('(select core.every_client()) or (%s)', belongs);
begin
  execute format('create policy client on %s as restrictive to gururmm_app, gururmm_audit_reader
    using (%s) with check (%s)', target, rule, rule);
end $$;

-- Rows that name their Client. One that names none is the whole Partner's, which a narrowed scope does not see.
do $$
declare t text;
begin
  foreach t in array array['clients', 'sites', 'agents', 'agent_state', 'tenant_users', 'activity'] loop
    perform core.narrow(format('core.%I', t)::regclass, 'client_id in (select core.visible_clients())');
  end loop;
  -- Rows that belong to a Client through their machine, wherever that is now.
  foreach t in array array['agent_metrics', 'agent_metrics_hourly', 'agent_inventory', 'inventory_changes', 'commands',
                           'tunnel_sessions', 'removed_agents', 'tunnel_audit', 'audit_log'] loop
    perform core.narrow(format('core.%I', t)::regclass,
      format('exists (select from core.agents machine where machine.agent_id = %I.agent_id)', t));
  end loop;
end $$;
select core.narrow('core.site_codes', 'exists (select from core.sites s where s.site_id = site_codes.site_id)');
select core.narrow('core.command_output',
  'exists (select from core.commands c where c.command_id = command_output.command_id)');
select core.narrow('core.tunnel_recording',
  'exists (select from core.tunnel_sessions s where s.session_id = tunnel_recording.session_id)');
-- Sums over every Client.
select core.narrow('core.online_history', 'false');
select core.narrow('core.audit_chains', 'false');
-- Whoever reads the audit leaves a row here, also who sees a part of it; only who sees all of it reads these rows.
create policy client on core.audit_reads as restrictive for select to gururmm_app, gururmm_audit_reader
  using ((select core.every_client()));
grant select (tenant_id, agent_id, client_id) on core.agents to gururmm_audit_reader;

create or replace function core.search_agents(pattern text) returns setof uuid
  language sql stable security definer set search_path = pg_catalog, core, pg_temp as $$
  select agent_id from core.agents where tenant_id = core.current_tenant() and search_text like pattern
    and ((select core.every_client()) or client_id in (select core.visible_clients()))
$$;

-- Each row of the feed says what somebody must be allowed to do to read it; null: nobody reads it.
alter table core.activity add column permission text;
comment on column core.activity.permission is 'What a reader must be allowed to do, as the event''s class declares it; null: shown to nobody.';
alter table core.activity no force row level security;
update core.activity set permission = case split_part(name, '.', 1)
  when 'agent' then 'agents.read' when 'command' then 'commands.read' when 'tunnel' then 'tunnel.read'
  when 'client' then 'sites.read' when 'site' then 'sites.read' when 'tenant' then 'settings.read' end;
alter table core.activity force row level security;
