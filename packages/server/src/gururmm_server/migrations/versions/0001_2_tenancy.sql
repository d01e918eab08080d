create table core.server_secrets (
  name text primary key,
  value bytea not null,
  created_at timestamptz not null default now()
);
comment on table core.server_secrets is 'One secret per purpose. Each role reads only its own, by policy.';
alter table core.server_secrets enable row level security;
alter table core.server_secrets force row level security;
create policy api on core.server_secrets for select to gururmm_identity using (name in ('access_token_key', 'agent_link_public_key'));
create policy gateway on core.server_secrets for select to gururmm_ingest using (name in ('agent_link_key', 'agent_link_public_key'));
grant select on core.server_secrets to gururmm_identity, gururmm_ingest;

create table core.tenants (
  tenant_id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);
select core.protect('core.tenants', '{gururmm_platform,gururmm_identity,gururmm_worker,gururmm_ingest}');
grant select, update on core.tenants to gururmm_app;
grant select, insert on core.tenants to gururmm_platform;
grant select on core.tenants to gururmm_identity, gururmm_worker, gururmm_ingest;

create table core.tenant_settings (
  tenant_id uuid primary key references core.tenants,
  version bigint not null default 1,
  heartbeat_s int not null default 30 check (heartbeat_s between 5 and 3600),
  metrics_s int not null default 60 check (metrics_s between 5 and 3600),
  inventory_s int not null default 900 check (inventory_s between 60 and 86400),
  log_level text not null default 'INFO' check (log_level in ('DEBUG', 'INFO', 'WARNING', 'ERROR')),
  label_overrides jsonb not null default '{}',
  updated_at timestamptz not null default now()
);
select core.protect('core.tenant_settings', '{gururmm_platform,gururmm_ingest,gururmm_identity}');
grant select, insert, update on core.tenant_settings to gururmm_app, gururmm_platform;
grant select on core.tenant_settings to gururmm_ingest, gururmm_identity;

create table core.clients (
  tenant_id uuid not null references core.tenants,
  client_id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);
create unique index on core.clients (tenant_id, lower(name));
select core.protect('core.clients', '{gururmm_platform}');
grant select, insert, update, delete on core.clients to gururmm_app;
grant select on core.clients to gururmm_platform;

create table core.sites (
  tenant_id uuid not null references core.tenants,
  site_id uuid primary key,
  client_id uuid not null references core.clients,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);
create unique index on core.sites (client_id, lower(name));
create index on core.sites (tenant_id);
select core.protect('core.sites', '{gururmm_platform}');
grant select, insert, update, delete on core.sites to gururmm_app;
grant select on core.sites to gururmm_platform;

create table core.site_codes (
  tenant_id uuid not null references core.tenants,
  code_id uuid primary key,
  site_id uuid not null references core.sites on delete cascade,
  code text not null unique,
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  max_uses int check (max_uses > 0),
  uses int not null default 0,
  revoked_at timestamptz
);
create index on core.site_codes (site_id);
-- The bootstrap path has a code and no tenant yet: gururmm_identity finds the tenant of a code, nothing more.
select core.protect('core.site_codes', '{gururmm_identity}');
grant select, insert, update on core.site_codes to gururmm_app;
grant select on core.site_codes to gururmm_identity;

create table core.users (
  user_id uuid primary key,
  email text not null check (length(email) between 3 and 254),
  name text not null default '' check (length(name) <= 200),
  password_hash text,
  created_at timestamptz not null default now(),
  last_sign_in_at timestamptz,
  disabled_at timestamptz
);
create unique index on core.users (lower(email));
comment on table core.users is 'People. A person may belong to several Partners (tenant_users) or be Platform staff (msp_users).';
grant select, insert, update on core.users to gururmm_identity;

create table core.msp_users (
  user_id uuid primary key references core.users,
  created_at timestamptz not null default now()
);
comment on table core.msp_users is 'Platform staff: the role platform_admin.';
grant select, insert on core.msp_users to gururmm_identity;

create table core.tenant_users (
  tenant_id uuid not null references core.tenants,
  user_id uuid not null references core.users,
  role text not null check (role in ('partner_admin', 'partner_tech', 'client_contact')),
  client_id uuid references core.clients,
  created_at timestamptz not null default now(),
  accepted_at timestamptz,
  disabled_at timestamptz,
  primary key (tenant_id, user_id),
  check ((role = 'client_contact') = (client_id is not null))
);
comment on column core.tenant_users.accepted_at is 'When the person accepted the invitation; until then the membership gives nothing.';
create index on core.tenant_users (user_id);
select core.protect('core.tenant_users', '{gururmm_identity,gururmm_platform}');
grant select, insert, update, delete on core.tenant_users to gururmm_identity;
grant select on core.tenant_users to gururmm_app, gururmm_platform;

-- A Partner's techs see the names of their colleagues, never those of another Partner.
create policy colleagues on core.users for select to gururmm_app
  using (user_id in (select user_id from core.tenant_users where tenant_id = (select core.current_tenant())));
create policy identity on core.users to gururmm_identity using (true) with check (true);
alter table core.users enable row level security;
alter table core.users force row level security;
grant select (user_id, email, name, created_at, last_sign_in_at, disabled_at) on core.users to gururmm_app;

create table core.user_sessions (
  session_id uuid primary key,
  user_id uuid not null references core.users,
  tenant_id uuid references core.tenants,
  refresh_hash bytea not null,
  previous_hash bytea,
  rotated_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  address text not null default '',
  user_agent text not null default '',
  ended_at timestamptz
);
create unique index on core.user_sessions (refresh_hash);
create index on core.user_sessions (previous_hash) where previous_hash is not null;
create index on core.user_sessions (user_id) where ended_at is null;
create index on core.user_sessions (ended_at) where ended_at is not null;
select core.protect('core.user_sessions', '{gururmm_identity,gururmm_worker}');
grant select, insert, update on core.user_sessions to gururmm_identity;
grant select, delete on core.user_sessions to gururmm_worker;

create table core.invitations (
  token_hash bytea primary key,
  user_id uuid not null references core.users,
  tenant_id uuid references core.tenants,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
select core.protect('core.invitations', '{gururmm_identity,gururmm_worker}');
grant select, insert, update, delete on core.invitations to gururmm_identity;
grant select, delete on core.invitations to gururmm_worker;

create table core.stream_tickets (
  ticket_hash bytea primary key,
  tenant_id uuid not null references core.tenants,
  principal jsonb not null,
  purpose text not null check (purpose in ('live', 'tunnel')),
  subject uuid,
  expires_at timestamptz not null
);
comment on table core.stream_tickets is 'One-use tickets for browser WebSockets; redeemed by delete.';
select core.protect('core.stream_tickets', '{gururmm_identity,gururmm_worker}');
grant insert on core.stream_tickets to gururmm_app;
grant select, delete on core.stream_tickets to gururmm_identity, gururmm_worker;

create table core.platform_access (
  access_id uuid primary key,
  at timestamptz not null default now(),
  actor text not null,
  reason text not null
);
comment on table core.platform_access is 'Every use of the Platform scope that people caused: who crossed the line between Partners, and why.';
grant select, insert on core.platform_access to gururmm_platform;
