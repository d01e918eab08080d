-- Passkeys (WebAuthn): only what is public of them is here.
create table core.passkeys (
  passkey_id uuid primary key,
  user_id uuid not null references core.users,
  credential_id bytea not null check (length(credential_id) between 1 and 1023),
  public_key bytea not null check (length(public_key) between 1 and 2048),
  sign_count bigint not null,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now(),
  last_used_at timestamptz
);
create unique index on core.passkeys (credential_id);
create index on core.passkeys (user_id);
comment on column core.passkeys.public_key is 'As COSE writes it.';
comment on column core.passkeys.sign_count is 'How often it signed, as it said last; one that says less is a copy. 0: it does not count.';

create table core.passkey_challenges (
  challenge bytea primary key,
  purpose text not null check (purpose in ('register', 'sign_in', 'prove')),
  user_id uuid references core.users,
  expires_at timestamptz not null
);
comment on table core.passkey_challenges is 'What a passkey is asked to sign: each once, within minutes, and by this person where one is known.';
create index on core.passkey_challenges (expires_at);

do $$
declare t text;
begin
  foreach t in array array['passkeys', 'passkey_challenges'] loop
    execute format('alter table core.%I enable row level security', t);
    execute format('alter table core.%I force row level security', t);
    execute format('create policy identity on core.%I to gururmm_identity using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on core.%I to gururmm_identity', t);
  end loop;
end $$;
revoke update on core.passkey_challenges from gururmm_identity;
create policy worker on core.passkey_challenges to gururmm_worker using (true);
grant select (expires_at), delete on core.passkey_challenges to gururmm_worker;
create policy colleagues on core.passkeys for select to gururmm_app
  using (user_id in (select user_id from core.tenant_users where tenant_id = (select core.current_tenant())));
grant select (user_id) on core.passkeys to gururmm_app;

create or replace view core.factor_holders with (security_invoker = true) as
  select user_id from core.totp_factors where confirmed_at is not null
  union select user_id from core.passkeys;
