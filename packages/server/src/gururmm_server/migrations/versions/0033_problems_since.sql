-- Since when each of a machine's problems holds, in the order of `problems`. Of those that were there before this column
-- nobody knows it: there is no element.
alter table core.agent_state add column problems_since timestamptz[] not null default '{}';
comment on column core.agent_state.problems_since is
  'Since when each of the problems holds, in their order; null where nobody knows.';

create or replace view core.machine_states with (security_invoker = true) as
  select tenant_id, agent_id, client_id, online, gateway_id, changed_at, last_seen, cpu, memory, disk, uptime_s, latest,
    problems, clock_s, problems_since
  from core.agent_state;
