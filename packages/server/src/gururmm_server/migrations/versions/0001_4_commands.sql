create table core.commands (
  tenant_id uuid not null references core.tenants,
  command_id uuid primary key,
  batch_id uuid not null,
  agent_id uuid not null references core.agents on delete cascade,
  shell text not null,
  script text not null,
  timeout_s int not null check (timeout_s between 1 and 86400),
  deadline_at timestamptz,
  status text not null default 'queued' check (status in
    ('queued', 'delivered', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'expired')),
  exit_code bigint,
  message text,
  dropped_bytes bigint not null default 0,
  cancel_requested_at timestamptz,
  created_at timestamptz not null default now(),
  created_by text not null,
  delivered_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  duration_ms bigint,
  sent_at timestamptz
);
comment on column core.commands.sent_at is 'When a gateway last sent it; a sweep sends again what was never accepted.';
create index on core.commands (tenant_id, created_at desc, command_id desc);
create index on core.commands (agent_id, created_at desc);
create index on core.commands (agent_id) where status in ('queued', 'delivered', 'running');
create index on core.commands (deadline_at) where status in ('queued', 'delivered');
create index on core.commands (batch_id);
select core.protect('core.commands', '{gururmm_ingest,gururmm_worker}');
grant select, insert, update, delete on core.commands to gururmm_app;
grant select on core.commands to gururmm_ingest, gururmm_worker;
grant update (status, exit_code, message, dropped_bytes, delivered_at, started_at, finished_at, duration_ms, sent_at)
  on core.commands to gururmm_ingest;
grant update (status, finished_at, message) on core.commands to gururmm_worker;

create table core.command_output (
  tenant_id uuid not null references core.tenants,
  command_id uuid not null references core.commands on delete cascade,
  seq int not null,
  stream smallint not null check (stream in (1, 2)),
  data bytea not null,
  primary key (command_id, seq)
);
select core.protect('core.command_output', '{gururmm_ingest}');
grant select, delete on core.command_output to gururmm_app;
grant select, insert on core.command_output to gururmm_ingest;

create table core.outbox (
  event_id uuid primary key,
  tenant_id uuid not null,
  name text not null,
  version int not null,
  payload bytea not null,
  created_at timestamptz not null default now()
);
comment on table core.outbox is 'Events that left with their transaction and are on their way to JetStream; the relay deletes what was acknowledged.';
select core.protect('core.outbox', '{gururmm_ingest,gururmm_worker,gururmm_platform,gururmm_identity}');
grant insert on core.outbox to gururmm_app, gururmm_ingest, gururmm_platform, gururmm_identity;
-- `for update skip locked` asks for the right to update, though nothing is.
grant select, insert, update, delete on core.outbox to gururmm_worker;

create table core.activity (
  tenant_id uuid not null,
  event_id uuid primary key,
  at timestamptz not null,
  name text not null,
  agent_id uuid,
  client_id uuid,
  site_id uuid,
  actor text,
  hostname text,
  text text not null
);
create index on core.activity (tenant_id, at desc, event_id desc);
create index on core.activity (agent_id, at desc, event_id desc);
comment on table core.activity is 'The feed: what the durable consumer of the event stream made of each event.';
select core.protect('core.activity', '{gururmm_worker}');
grant select on core.activity to gururmm_app;
grant select, insert, delete on core.activity to gururmm_worker;
