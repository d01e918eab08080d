alter table core.tenant_users add column name text not null default '' check (length(name) <= 200);
comment on column core.tenant_users.name is 'What this Partner calls the person: no other Partner reads or changes it.';
comment on column core.users.name is 'What the Platform calls its own people; a Partner has tenant_users.name.';

-- The owner is bound by forced row-level security too, unless it is a superuser. A membership that waits to be accepted
-- gets a name only where its own inviter typed it: that invitation made the person, who was nowhere else since.
alter table core.users no force row level security;
alter table core.tenant_users no force row level security;
update core.tenant_users tu set name = u.name from core.users u
  where u.user_id = tu.user_id and (tu.accepted_at is not null or (
    tu.created_at = u.created_at and u.last_sign_in_at is null and not exists (
      select from core.tenant_users other where other.user_id = tu.user_id and other.tenant_id <> tu.tenant_id)));
alter table core.tenant_users force row level security;
alter table core.users force row level security;

revoke select (name) on core.users from gururmm_app;
-- The Platform counts a Partner's people; what they are called there is not its business.
revoke select on core.tenant_users from gururmm_platform;
grant select (tenant_id, user_id, role, client_id, created_at, accepted_at, disabled_at) on core.tenant_users
  to gururmm_platform;
