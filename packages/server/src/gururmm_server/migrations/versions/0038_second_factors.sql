-- How people prove a second time that it is they. A person is no Partner's, so neither are their factors: a Partner's
-- people see of each other only who has one.
create table core.totp_factors (
  user_id uuid primary key references core.users,
  sealed_secret bytea not null,
  confirmed_at timestamptz,
  last_counter bigint not null default 0
);
comment on table core.totp_factors is 'Authenticator apps (RFC 6238), one for each person.';
comment on column core.totp_factors.sealed_secret is 'Encrypted with the server''s secret totp_key, for this person alone.';
comment on column core.totp_factors.confirmed_at is 'Since when it counts; null: it was shown, and no code of it came yet.';
comment on column core.totp_factors.last_counter is 'The half-minute of the last code that was taken: none of before is taken again.';

create table core.recovery_codes (
  user_id uuid not null references core.users,
  code_hash bytea not null,
  used_at timestamptz,
  primary key (user_id, code_hash)
);
comment on table core.recovery_codes is 'What stands in for a lost factor, each once. A code has 80 random bits, so a plain hash hides it.';

do $$
declare t text;
begin
  foreach t in array array['totp_factors', 'recovery_codes'] loop
    execute format('alter table core.%I enable row level security', t);
    execute format('alter table core.%I force row level security', t);
    execute format('create policy identity on core.%I to gururmm_identity using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on core.%I to gururmm_identity', t);
  end loop;
end $$;
create policy colleagues on core.totp_factors for select to gururmm_app
  using (user_id in (select user_id from core.tenant_users where tenant_id = (select core.current_tenant())));
grant select (user_id, confirmed_at) on core.totp_factors to gururmm_app;

create view core.factor_holders with (security_invoker = true) as
  select user_id from core.totp_factors where confirmed_at is not null;
comment on view core.factor_holders is 'The people who have a second factor.';
grant select on core.factor_holders to gururmm_app, gururmm_identity;

-- Only who proves people's identity opens these secrets.
select core.keep_secret('totp_key', '{gururmm_identity}');

-- Whoever gave the right password and has a second factor waits here for it, a few minutes.
create table core.sign_in_steps (
  token_hash bytea primary key,
  user_id uuid not null references core.users,
  tenant_id uuid references core.tenants,
  tries int not null default 0,
  expires_at timestamptz not null
);
comment on column core.sign_in_steps.tenant_id is 'Where the sign-in leads; null: to the Platform.';
create index on core.sign_in_steps (user_id);
create index on core.sign_in_steps (expires_at);
select core.protect('core.sign_in_steps', '{gururmm_identity,gururmm_worker}');
grant select, insert, update, delete on core.sign_in_steps to gururmm_identity;
grant select (expires_at), delete on core.sign_in_steps to gururmm_worker;

-- Dangerous acts ask for a factor that was proved a short while ago.
alter table core.user_sessions add column proved_at timestamptz not null default to_timestamp(0);
comment on column core.user_sessions.proved_at is 'When the person last proved that it is they: by signing in, or by a factor since.';
