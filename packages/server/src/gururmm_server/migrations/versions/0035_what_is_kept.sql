-- How long things are kept is a setting: of readings for all Partners together, of the rest for each.
drop function core.maintain_partitions();
create function core.maintain_partitions(kept_days int default 8, kept_months int default 13) returns void
  language plpgsql security definer set search_path = pg_catalog, core, pg_temp set timezone = 'UTC' as $$
declare
  d timestamptz; parent text; child record; keep interval;
begin
  for d in select generate_series(date_trunc('day', now()) - interval '7 days', date_trunc('day', now()) + interval '3 days', '1 day') loop
    perform core.ensure_partition('agent_metrics', d, d + interval '1 day', to_char(d, 'YYYYMMDD'));
  end loop;
  for d in select generate_series(date_trunc('month', now()) - interval '1 month', date_trunc('month', now()) + interval '2 months', '1 month') loop
    foreach parent in array array['agent_metrics_hourly', 'tunnel_audit', 'audit_log'] loop
      perform core.ensure_partition(parent, d, d + interval '1 month', to_char(d, 'YYYYMM'));
    end loop;
  end loop;
  -- Audit partitions are never dropped here: they leave only through the archive.
  for child in select c.relname, p.relname as parent from pg_inherits i join pg_class c on c.oid = i.inhrelid
      join pg_class p on p.oid = i.inhparent join pg_namespace n on n.oid = p.relnamespace
      where n.nspname = 'core' and p.relname in ('agent_metrics', 'agent_metrics_hourly') loop
    keep := case child.parent when 'agent_metrics' then make_interval(days => greatest(kept_days, 8))
      else make_interval(months => greatest(kept_months, 2)) end;
    if to_date(rpad(right(child.relname, case child.parent when 'agent_metrics' then 8 else 6 end), 8, '01'), 'YYYYMMDD') < now() - keep then
      execute format('drop table core.%I', child.relname);
    end if;
  end loop;
end $$;
revoke all on function core.maintain_partitions(int, int) from public;
grant execute on function core.maintain_partitions(int, int) to gururmm_worker;
grant select (tenant_id) on core.inventory_changes to gururmm_worker;
