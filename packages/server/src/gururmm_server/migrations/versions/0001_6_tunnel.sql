create table core.tunnel_sessions (
  tenant_id uuid not null references core.tenants,
  session_id uuid primary key,
  agent_id uuid not null references core.agents on delete cascade,
  opened_by text not null,
  opened_by_id uuid not null,
  status text not null default 'opening' check (status in ('opening', 'open', 'closed')),
  shell text not null default '',
  columns int not null,
  rows int not null,
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  close_reason text,
  exit_code bigint,
  input_audited bigint not null default 0,
  output_recorded bigint not null default 0,
  lease_owner text,
  lease_until timestamptz not null default now() + interval '60 seconds'
);
comment on column core.tunnel_sessions.lease_until is 'Renewed while a browser is attached; 60 s later the worker closes the session.';
create index on core.tunnel_sessions (tenant_id, opened_at desc, session_id desc);
create index on core.tunnel_sessions (agent_id, opened_at desc);
create index on core.tunnel_sessions (lease_until) where status <> 'closed';
create index on core.tunnel_sessions (closed_at) where status = 'closed';
select core.protect('core.tunnel_sessions', '{gururmm_worker,gururmm_ingest}');
grant select, insert, update on core.tunnel_sessions to gururmm_app;
grant select on core.tunnel_sessions to gururmm_ingest;
grant select, update (status, closed_at, close_reason) on core.tunnel_sessions to gururmm_worker;

create table core.tunnel_recording (
  tenant_id uuid not null references core.tenants,
  session_id uuid not null references core.tunnel_sessions on delete cascade,
  record_id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  kind "char" not null check (kind in ('o', 'r')),
  output_offset bigint not null,
  data bytea not null,
  primary key (session_id, record_id)
);
comment on table core.tunnel_recording is 'Output (o) and window sizes (r: "columns x rows") of a terminal, in order; output_offset counts output bytes.';
create unique index on core.tunnel_recording (session_id, output_offset) where kind = 'o';
select core.protect('core.tunnel_recording');
grant select, insert on core.tunnel_recording to gururmm_app;
