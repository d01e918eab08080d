-- What a Partner asks of its people when they sign in, beside the password.
create table core.sign_in_rules (
  tenant_id uuid primary key references core.tenants,
  second_factor boolean not null default false
);
comment on table core.sign_in_rules is 'Where a Partner asks for more than a password; no row: it does not.';
comment on column core.sign_in_rules.second_factor is 'Whoever has none can do nothing there but set one up.';
select core.protect('core.sign_in_rules', '{gururmm_identity}');
grant select, insert, update on core.sign_in_rules to gururmm_identity;
