-- What a machine tells of itself beside its readings: by how much its clock is off, and what its agent cannot do.
alter table core.agent_state
  add column clock_s int,
  add column faults text[] not null default '{}';
comment on column core.agent_state.clock_s is 'By how many seconds the machine''s clock is ahead of the server''s.';
comment on column core.agent_state.faults is 'Problems that the newest sample tells of by itself.';

create or replace view core.machine_states with (security_invoker = true) as
  select tenant_id, agent_id, client_id, online, gateway_id, changed_at, last_seen, cpu, memory, disk, uptime_s, latest,
    problems, clock_s
  from core.agent_state;
