-- Orders: what agents do is signed by a key that gateways cannot read, and kept as it was signed.
create table core.order_keys (
  key_id bytea primary key check (length(key_id) = 8),
  public_key bytea not null unique check (length(public_key) = 32),
  created_at timestamptz not null default now(),
  signs_from timestamptz not null,
  retired_at timestamptz
);
comment on table core.order_keys is 'Every key that signs orders or did. The seed is the secret order_key_<id>, until the key is retired.';

create table core.order_key_changes (
  change_id bigint generated always as identity primary key,
  key_id bytea not null references core.order_keys,
  signed_order bytea not null,
  made_at timestamptz not null default now()
);
comment on table core.order_key_changes is 'What leads an agent from one key to the next, each step signed by a key that it has by then. key_id is its newest key after that.';

grant select on core.order_keys, core.order_key_changes to gururmm_identity, gururmm_worker, gururmm_ingest;
grant select, insert on core.order_keys, core.order_key_changes to gururmm_platform;
grant update (signs_from, retired_at) on core.order_keys to gururmm_platform;

create policy order_keys_api on core.server_secrets for select to gururmm_identity using (starts_with(name, 'order_key_'));
create policy order_keys_worker on core.server_secrets for select to gururmm_worker using (starts_with(name, 'order_key_'));
create policy order_keys_operator on core.server_secrets to gururmm_platform
  using (starts_with(name, 'order_key_')) with check (starts_with(name, 'order_key_'));
grant select on core.server_secrets to gururmm_worker;
grant select, insert, delete on core.server_secrets to gururmm_platform;

alter table core.commands add column signed_order bytea, add column signed_cancel bytea;
comment on column core.commands.signed_order is 'The order as it is delivered, as often as it takes: a gateway only carries it.';
comment on column core.commands.signed_cancel is 'The same of its cancellation, once that was asked for.';

-- Every order has a last moment, at most a week ahead. What waits from before there were orders nobody would follow.
-- The owner is bound by forced row-level security too, unless it is a superuser.
alter table core.commands no force row level security;
update core.commands set status = 'expired', finished_at = now(),
    message = 'it was queued before commands were signed; run it again'
  where status = 'queued' or (status = 'delivered' and started_at is null);
update core.commands set deadline_at = least(deadline_at, created_at + interval '7 days')
  where deadline_at is null or deadline_at > created_at + interval '7 days';
alter table core.commands force row level security;
alter table core.commands alter column deadline_at set not null, alter column deadline_at set default now() + interval '1 day';

alter table core.tenant_settings add column signed_order bytea, add column signed_by bytea, add column signed_at timestamptz;
comment on column core.tenant_settings.signed_order is 'The order that all of the Partner''s agents get; null until the worker has signed it.';
create policy gururmm_worker on core.tenant_settings to gururmm_worker using (true) with check (true);
grant select, update (signed_order, signed_by, signed_at) on core.tenant_settings to gururmm_worker;
