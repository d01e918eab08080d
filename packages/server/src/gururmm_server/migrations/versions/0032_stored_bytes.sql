-- What commands print counts against its Partner's quota like all else that is kept. Gateways write it, so they count it,
-- and nothing but it.
create policy gururmm_ingest on core.partner_quotas for select to gururmm_ingest using (resource = 'output_bytes');
create policy gururmm_ingest on core.partner_usage to gururmm_ingest
  using (resource = 'output_bytes') with check (resource = 'output_bytes');
grant select on core.partner_quotas to gururmm_ingest;
grant select, insert, update (used) on core.partner_usage to gururmm_ingest;

-- A script for many machines was kept three times for each of them: as the script, in its order and in the audit. Kept
-- once it makes a long one for 5,000 machines a few megabytes. A command that is run alone keeps its own.
create table core.shared_scripts (
  tenant_id uuid not null references core.tenants,
  batch_id uuid not null,
  script text not null,
  primary key (tenant_id, batch_id)
);
comment on table core.shared_scripts is 'What all commands of a batch run that have no script of their own.';
select core.protect('core.shared_scripts', '{gururmm_worker}');
select core.narrow('core.shared_scripts',
  'exists (select from core.commands c where c.tenant_id = shared_scripts.tenant_id and c.batch_id = shared_scripts.batch_id)');
grant select, insert on core.shared_scripts to gururmm_app;
grant select (tenant_id, batch_id), delete on core.shared_scripts to gururmm_worker;

alter table core.commands alter column script drop not null, add column script_at int check (script_at >= 0);
comment on column core.commands.script is 'Null: it is the batch''s (core.shared_scripts).';
comment on column core.commands.script_at is 'Where the batch''s script was cut out of signed_order, in bytes; null: the order is whole.';

-- Gateways put it back where it was cut out. They read it as long as they read the orders: until nothing of it is under way.
create index commands_under_way on core.commands (batch_id) where status in ('queued', 'delivered', 'running');
create policy gururmm_ingest on core.shared_scripts for select to gururmm_ingest using (exists (
  select from core.commands c where c.tenant_id = shared_scripts.tenant_id and c.batch_id = shared_scripts.batch_id
    and c.status in ('queued', 'delivered', 'running')));
grant select on core.shared_scripts to gururmm_ingest;
grant select (batch_id, script_at) on core.commands to gururmm_ingest;
