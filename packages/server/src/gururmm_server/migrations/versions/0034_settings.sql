-- Settings of one registry (core/setting.py): a row for each value that somebody set, for the Platform, a Partner or a
-- Site. What is not set is the default, which the registry knows.
create table core.platform_settings (
  key text primary key check (key ~ '^[a-z][a-z0-9_]{0,59}$'),
  value jsonb not null,
  changed_at timestamptz not null default now(),
  changed_by text not null
);
comment on table core.platform_settings is 'What holds where neither a Partner nor a Site says otherwise.';
grant select, insert, update, delete on core.platform_settings to gururmm_platform;
grant select (key, value) on core.platform_settings to gururmm_app, gururmm_identity, gururmm_worker;

create table core.setting_values (
  tenant_id uuid not null references core.tenants,
  site_id uuid,
  key text not null check (key ~ '^[a-z][a-z0-9_]{0,59}$'),
  value jsonb not null,
  changed_at timestamptz not null default now(),
  changed_by text not null,
  foreign key (tenant_id, site_id) references core.sites (tenant_id, site_id) on delete cascade
);
comment on column core.setting_values.site_id is 'Null: for the whole Partner.';
create unique index setting_values_of_partner on core.setting_values (tenant_id, key) where site_id is null;
create unique index setting_values_of_site on core.setting_values (site_id, key) where site_id is not null;
create index setting_values_by_key on core.setting_values (key) where site_id is null;

-- What was set so far. The owner is bound by forced row-level security too, unless it is a superuser.
alter table core.tenant_settings no force row level security;
insert into core.setting_values (tenant_id, key, value, changed_at, changed_by)
  select t.tenant_id, v.key, v.value, t.updated_at, 'migration' from core.tenant_settings t, lateral (values
    ('heartbeat_s', to_jsonb(t.heartbeat_s), to_jsonb(30)),
    ('metrics_s', to_jsonb(t.metrics_s), to_jsonb(60)),
    ('inventory_s', to_jsonb(t.inventory_s), to_jsonb(900)),
    ('log_level', to_jsonb(t.log_level), to_jsonb('INFO'::text)),
    ('terminal_grace_s', to_jsonb(t.terminal_grace_s), to_jsonb(600))) as v(key, value, usual)
  where v.value <> v.usual
  union all
  select t.tenant_id, 'label_' || l.key, l.value, t.updated_at, 'migration'
  from core.tenant_settings t, lateral jsonb_each(t.label_overrides) l
  where l.key in ('partner', 'client', 'site', 'agent');

select core.protect('core.setting_values', '{gururmm_identity,gururmm_worker}');
-- A Partner's values hold at every Site, so whoever sees a Site reads them; only who sees every Client changes them.
create policy client on core.setting_values as restrictive to gururmm_app, gururmm_audit_reader
  using ((select core.every_client()) or site_id is null
    or exists (select from core.sites s where s.site_id = setting_values.site_id))
  with check ((select core.every_client()) or exists (select from core.sites s where s.site_id = setting_values.site_id));
create policy whole_partner on core.setting_values as restrictive for delete to gururmm_app
  using ((select core.every_client()) or site_id is not null);
grant select, insert, delete on core.setting_values to gururmm_app;
grant select (tenant_id, site_id, key, value) on core.setting_values to gururmm_identity, gururmm_worker;

-- What agents are told. All of a Partner's are told the same, but those at Sites where something else is set: each of
-- these machines has an order of its own.
drop view core.partner_labels;
alter table core.tenant_settings add column told jsonb, add column last_version bigint not null default 1;
update core.tenant_settings set last_version = version, told = jsonb_build_object('heartbeat_s', heartbeat_s,
  'metrics_s', metrics_s, 'inventory_s', inventory_s, 'log_level', log_level);
alter table core.tenant_settings drop column heartbeat_s, drop column metrics_s, drop column inventory_s,
  drop column log_level, drop column label_overrides, drop column terminal_grace_s, drop column updated_at;
alter table core.tenant_settings force row level security;
comment on table core.tenant_settings is 'What a Partner''s agents are told, as an order for all of them, but for those at Sites that differ.';
comment on column core.tenant_settings.told is 'What the order says; null until the worker has signed the first.';
comment on column core.tenant_settings.last_version is 'The highest version that any configuration of the Partner has had.';
revoke select on core.tenant_settings from gururmm_identity;
revoke insert on core.tenant_settings from gururmm_app;
drop policy gururmm_identity on core.tenant_settings;
grant update on core.tenant_settings to gururmm_worker;

create table core.site_settings (
  tenant_id uuid not null,
  site_id uuid primary key,
  version bigint not null,
  told jsonb not null,
  foreign key (tenant_id, site_id) references core.sites (tenant_id, site_id) on delete cascade
);
comment on table core.site_settings is 'Sites whose agents are told something else than the others of the Partner.';
create index on core.site_settings (tenant_id);
select core.protect('core.site_settings', '{gururmm_worker}');
select core.narrow('core.site_settings', 'exists (select from core.sites s where s.site_id = site_settings.site_id)');
grant select, insert, update, delete on core.site_settings to gururmm_app, gururmm_worker;

create table core.agent_settings (
  tenant_id uuid not null,
  agent_id uuid primary key,
  version bigint not null,
  signed_order bytea not null,
  signed_by bytea not null,
  signed_at timestamptz not null default now(),
  foreign key (tenant_id, agent_id) references core.agents (tenant_id, agent_id) on delete cascade
);
comment on table core.agent_settings is 'The orders of machines that are told something else than the others of the Partner.';
create index on core.agent_settings (tenant_id);
select core.protect('core.agent_settings', '{gururmm_worker,gururmm_ingest}');
select core.narrow('core.agent_settings',
  'exists (select from core.agents machine where machine.agent_id = agent_settings.agent_id)');
grant select, insert, update, delete on core.agent_settings to gururmm_app, gururmm_worker;
grant select on core.agent_settings to gururmm_ingest;

alter table core.agent_state add column settings_version bigint;
comment on column core.agent_state.settings_version is 'Of its settings, the version that the agent last said it runs.';
create view core.running_settings with (security_invoker = true) as
  select tenant_id, agent_id, settings_version as version from core.agent_state;
grant select on core.running_settings to gururmm_app;
