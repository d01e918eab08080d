-- What left the outbox, for three days: the stream's disk may be lost, and holds nothing of its own. Each row names the stream that it went to, and its number there, so that what a stream lost is found.
create table core.outbox_log (
  event_id uuid primary key,
  tenant_id uuid not null,
  name text not null,
  version int not null,
  payload bytea not null,
  created_at timestamptz not null,
  relayed_at timestamptz not null default now(),
  stream text not null,
  stream_seq bigint not null
);
comment on table core.outbox_log is 'Events that JetStream has, to be moved again should it lose them.';
create index on core.outbox_log (relayed_at);
create index on core.outbox_log (stream_seq);
select core.protect('core.outbox_log', '{gururmm_worker}');
grant select, insert, update, delete on core.outbox_log to gururmm_worker;
