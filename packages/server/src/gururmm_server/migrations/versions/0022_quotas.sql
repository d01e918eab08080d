-- What a Partner may use, so that no Partner uses up what all share.
create table core.partner_quotas (
  tenant_id uuid not null references core.tenants,
  resource text not null check (resource ~ '^[a-z_]{1,40}$'),
  most bigint not null check (most >= 0),
  primary key (tenant_id, resource)
);
comment on table core.partner_quotas is 'Where the Platform gave a Partner another quota than everybody''s.';
select core.protect('core.partner_quotas', '{gururmm_platform,gururmm_identity}');
grant select on core.partner_quotas to gururmm_app;
grant select, insert, update, delete on core.partner_quotas to gururmm_platform;

create table core.partner_usage (
  tenant_id uuid not null references core.tenants,
  resource text not null check (resource ~ '^[a-z_]{1,40}$'),
  day date not null,
  used bigint not null,
  primary key (tenant_id, resource, day)
) with (fillfactor = 50);
comment on table core.partner_usage is 'What a Partner has written on a day (UTC), of what is kept for a time and counts for as long.';
select core.protect('core.partner_usage', '{gururmm_platform,gururmm_worker}');
grant select, insert, update on core.partner_usage to gururmm_app;
grant select on core.partner_usage to gururmm_platform;
grant select (day), delete on core.partner_usage to gururmm_worker;

create view core.partner_use with (security_invoker = true) as
  select tenant_id, resource, sum(used)::bigint as used from core.partner_usage group by tenant_id, resource;
grant select on core.partner_use to gururmm_app, gururmm_platform;
create view core.given_quotas with (security_invoker = true) as
  select tenant_id, resource, most from core.partner_quotas;
comment on view core.given_quotas is 'Of Partners that the Platform gave another quota than everybody''s.';
grant select on core.given_quotas to gururmm_platform;

-- Recordings and the output of commands are kept for a time, and then go.
grant select (tenant_id, session_id), delete on core.tunnel_recording to gururmm_worker;
create policy gururmm_worker on core.tunnel_recording to gururmm_worker using (true);
grant select (tenant_id, command_id), delete on core.command_output to gururmm_worker;
create policy gururmm_worker on core.command_output to gururmm_worker using (true);
grant select on core.machine_counts to gururmm_app;
