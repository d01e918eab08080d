-- An e-mail address is compared as it is stored: a database's own rules for small letters find addresses that are others.
create unique index on core.users (email);

-- A sign-in that goes on in another Partner is still that sign-in: it ends when the first session of it would have, and
-- a refresh token of any of its sessions that comes back ends it.
alter table core.user_sessions add column family_id uuid, add column family_expires_at timestamptz;
comment on column core.user_sessions.family_id is 'The first session of this sign-in; null: this one.';
comment on column core.user_sessions.family_expires_at is 'When the sign-in ends, wherever it goes; null: with this session.';
create index on core.user_sessions (family_id) where family_id is not null;
create index on core.user_sessions (expires_at) where ended_at is null;
