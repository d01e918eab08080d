-- Makes the partitions of the next days and months and drops those past retention. Run at migration and by the worker.
create function core.ensure_partition(parent text, from_at timestamptz, to_at timestamptz, suffix text) returns void
  language plpgsql as $$
declare child text := parent || '_' || suffix;
begin
  if to_regclass('core.' || quote_ident(child)) is null then
    execute format('create table core.%I partition of core.%I for values from (%L) to (%L)', child, parent, from_at, to_at);
    execute format('alter table core.%I enable row level security', child);
    execute format('alter table core.%I force row level security', child);
  end if;
end $$;

create function core.maintain_partitions() returns void
  language plpgsql security definer set search_path = core, pg_catalog set timezone = 'UTC' as $$
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
    keep := case child.parent when 'agent_metrics' then interval '8 days' else interval '13 months' end;
    if to_date(rpad(right(child.relname, case child.parent when 'agent_metrics' then 8 else 6 end), 8, '01'), 'YYYYMMDD') < now() - keep then
      execute format('drop table core.%I', child.relname);
    end if;
  end loop;
end $$;
revoke all on function core.maintain_partitions() from public;
grant execute on function core.maintain_partitions() to gururmm_worker;
select core.maintain_partitions();
