-- A gateway's login may be anybody's: what it can write must neither stop what it shares with the others nor speak for
-- people.

-- The relay publishes for every Partner: a row that the broker or the feed can never take has no place here.
alter table core.outbox no force row level security;
delete from core.outbox
  where name !~ '^[a-z_]+(\.[a-z_]+)+$' or octet_length(name) > 100 or octet_length(payload) > 65536
    or created_at not between '2020-01-01' and now() + interval '1 day';
alter table core.outbox add check (name ~ '^[a-z_]+(\.[a-z_]+)+$'), add check (octet_length(name) <= 100),
  add check (octet_length(payload) <= 65536);
alter table core.outbox force row level security;
-- The moment is the database's: one that no calendar of Python has could not even be read.
revoke insert on core.outbox from gururmm_app, gururmm_ingest, gururmm_platform, gururmm_identity;
grant insert (event_id, tenant_id, name, version, payload) on core.outbox
  to gururmm_app, gururmm_ingest, gururmm_platform, gururmm_identity;

-- A gateway tells what machines did, never what people did: the events of core's own modules that it runs.
drop policy gururmm_ingest on core.outbox;
create policy gururmm_ingest on core.outbox for insert to gururmm_ingest with check (name in
  ('agent.inventory_changed', 'agent.offline', 'agent.online', 'agent.order_refused', 'command.completed'));

-- infra: what a worker holds while it does a job alone. Advisory locks are every login's.
create table core.job_locks (job text primary key);
comment on table core.job_locks is 'A row for each job that one worker does at a time; who does it holds its row locked.';
alter table core.job_locks enable row level security;
alter table core.job_locks force row level security;
create policy gururmm_worker on core.job_locks to gururmm_worker using (true) with check (true);
-- `for update skip locked` asks for the right to update, though nothing is.
grant select, insert, update on core.job_locks to gururmm_worker;

-- A Client's number is what row-level security goes by: it is given by the trigger alone, and is a bit's.
alter table core.clients add check (number >= 0);
revoke update on core.clients, core.tenants from gururmm_app;
grant update (name) on core.clients, core.tenants to gururmm_app;
grant select (tenant_id, clients_made), update (clients_made) on core.tenants to gururmm_definer;
create policy number_client on core.tenants to gururmm_definer using (true) with check (true);
alter function core.number_client() security definer;
alter function core.number_client() owner to gururmm_definer;
