-- What was answered to a request that came with a key, written in the transaction of what it did. The answer is sealed
-- with the key, and of that a hash is kept: a code or a link in it is not to be read here.
create table core.idempotency_keys (
  tenant_id uuid references core.tenants,
  subject_id uuid not null,
  key_hash bytea not null check (octet_length(key_hash) = 32),
  request_hash bytea not null check (octet_length(request_hash) = 32),
  status smallint not null,
  answer bytea not null,
  at timestamptz not null default now(),
  primary key (subject_id, key_hash)
);
comment on table core.idempotency_keys is
  'First answers to requests with an Idempotency-Key, for a day. No tenant: Platform staff outside of any Partner.';
create index on core.idempotency_keys (at);
select core.protect('core.idempotency_keys', '{gururmm_worker}');
create policy platform_staff on core.idempotency_keys to gururmm_identity
  using (tenant_id is null) with check (tenant_id is null);
grant select, insert, update on core.idempotency_keys to gururmm_app, gururmm_identity;
grant select (at), delete on core.idempotency_keys to gururmm_worker;
