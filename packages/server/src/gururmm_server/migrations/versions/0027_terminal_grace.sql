-- A tech session outlives its browser's page: for how long is the Partner's to say, and kept as it was at the opening.
alter table core.tenant_settings add column terminal_grace_s int not null default 600
  check (terminal_grace_s between 60 and 86400);
comment on column core.tenant_settings.terminal_grace_s is 'How long a terminal that nobody looks at goes on.';

alter table core.tunnel_sessions add column grace_s int not null default 600 check (grace_s > 0),
  add column left_at timestamptz;
comment on column core.tunnel_sessions.grace_s is 'How long it goes on without a browser, as the Partner''s setting was at the opening.';
comment on column core.tunnel_sessions.left_at is 'Since when no browser is attached; null while one is, and before the first.';
comment on column core.tunnel_sessions.lease_until is 'Renewed while a browser is attached, and once when it leaves; then the worker closes the session.';
create index on core.tunnel_sessions (tenant_id, opened_by_id) where status <> 'closed';
