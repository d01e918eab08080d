-- A signed order has the script in it. Once the command is over nobody carries it any more, so it is not kept where
-- gateways read; and the script itself is none of their columns.
create function core.forget_order() returns trigger language plpgsql set search_path = pg_catalog, core, pg_temp as $$
begin
  new.signed_order := null;
  new.signed_cancel := null;
  return new;
end $$;
create trigger forget_order before update of status on core.commands for each row
  when (new.status not in ('queued', 'delivered', 'running')) execute function core.forget_order();
revoke execute on function core.forget_order() from public;

alter table core.commands no force row level security;
update core.commands set signed_order = null, signed_cancel = null
  where status not in ('queued', 'delivered', 'running');
alter table core.commands force row level security;

revoke select on core.commands from gururmm_ingest;
grant select (tenant_id, agent_id, command_id, status, created_at, deadline_at, sent_at, delivered_at, started_at,
    finished_at, cancel_requested_at, exit_code, message, duration_ms, dropped_bytes, signed_order, signed_cancel)
  on core.commands to gururmm_ingest;
