-- Tech sessions and their recordings are evidence: they outlive the machine, and so does its name.
alter table core.tunnel_sessions drop constraint tunnel_sessions_agent_id_fkey;
alter table core.tunnel_sessions add column hostname text;
-- The owner is bound by forced row-level security too, unless it is a superuser.
alter table core.tunnel_sessions no force row level security;
alter table core.agents no force row level security;
update core.tunnel_sessions s set hostname = a.hostname from core.agents a where a.agent_id = s.agent_id;
alter table core.agents force row level security;
alter table core.tunnel_sessions force row level security;
alter table core.tunnel_sessions alter column hostname set not null;
comment on column core.tunnel_sessions.agent_id is 'No reference: a session outlives its machine.';
comment on column core.tunnel_sessions.hostname is 'At the opening; shown once the machine is removed.';

create table core.removed_agents (
  tenant_id uuid not null references core.tenants,
  agent_id uuid primary key,
  public_key bytea not null check (length(public_key) = 32),
  removed_at timestamptz not null default now()
);
comment on table core.removed_agents is 'By its key a machine that comes back is told that it was removed; enrolling anew deletes the row.';
select core.protect('core.removed_agents', '{gururmm_ingest}');
grant select (agent_id), insert, delete on core.removed_agents to gururmm_app;
grant select on core.removed_agents to gururmm_ingest;
