-- A tech session says who is at a machine, why and since when. What is done there are its channels.

-- The owner is bound by forced row-level security too: to it every table is empty.
alter table core.tunnel_sessions no force row level security;
alter table core.tunnel_recording no force row level security;

alter table core.tunnel_sessions add column reason text not null default '' check (length(reason) <= 500);
comment on column core.tunnel_sessions.reason is 'Why the technician is there, in their own words; may be empty.';

create table core.tunnel_channels (
  tenant_id uuid not null,
  session_id uuid not null,
  channel int not null check (channel between 1 and 255),
  kind text not null check (kind ~ '^[a-z][a-z0-9_]{0,31}$'),
  parameters jsonb not null default '{}',
  rights text[] not null default '{}',
  state text not null default 'opening' check (state in ('opening', 'open', 'closed')),
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  close_reason text,
  exit_code bigint,
  input_audited bigint not null default 0,
  output_recorded bigint not null default 0,
  left_out bigint not null default 0,
  recorded_bytes bigint not null default 0,
  owner text,
  primary key (tenant_id, session_id, channel),
  foreign key (tenant_id, session_id) references core.tunnel_sessions (tenant_id, session_id) on delete cascade
) with (fillfactor = 50);
comment on column core.tunnel_channels.parameters is 'The kind''s own: a terminal has columns, rows and shell, as they were at the opening.';
comment on column core.tunnel_channels.rights is 'What the technician may do on it: a terminal takes input only with "input".';
comment on column core.tunnel_channels.output_recorded is 'Output before it is in the recording, or was left out of it.';
comment on column core.tunnel_channels.left_out is 'Bytes of output that the recording leaves out, because the session had used up what may be stored.';
comment on column core.tunnel_channels.recorded_bytes is 'What the recording takes, compressed.';
comment on column core.tunnel_channels.owner is 'The session''s lease_owner, here as well: whoever writes an offset is fenced by one row.';
select core.protect('core.tunnel_channels', '{gururmm_worker}');
alter table core.tunnel_channels no force row level security;
select core.narrow('core.tunnel_channels',
  'exists (select from core.tunnel_sessions s where s.session_id = tunnel_channels.session_id)');
grant select, insert, update on core.tunnel_channels to gururmm_app;
grant select, update (state, closed_at, close_reason) on core.tunnel_channels to gururmm_worker;

insert into core.tunnel_channels (tenant_id, session_id, channel, kind, parameters, rights, state, opened_at, closed_at,
    close_reason, exit_code, input_audited, output_recorded, owner)
  select tenant_id, session_id, 1, 'terminal', jsonb_build_object('columns', columns, 'rows', rows, 'shell', shell),
    '{input}', status, opened_at, closed_at, close_reason, exit_code, input_audited, output_recorded, lease_owner
  from core.tunnel_sessions;
alter table core.tunnel_sessions drop column columns, drop column rows, drop column shell, drop column exit_code,
  drop column input_audited, drop column output_recorded;

-- A recording becomes blocks: several pieces of output, and what is noted beside it, compressed together. A block of
-- before holds one piece: its kind, milliseconds since the block began (4 bytes), its size (4 bytes), itself.
drop index core.tunnel_recording_session_id_output_offset_idx;
alter table core.tunnel_recording add column channel int not null default 1, add column output_bytes int not null default 0,
  add column codec "char" not null default 'n' check (codec in ('n', 'z'));
update core.tunnel_recording set output_bytes = case kind when 'o' then length(data) else 0 end,
  data = convert_to(kind::text, 'utf8') || int4send(0) || int4send(length(data)) || data;
update core.tunnel_channels c set recorded_bytes = coalesce((select sum(length(data)) from core.tunnel_recording r
  where r.tenant_id = c.tenant_id and r.session_id = c.session_id and r.channel = c.channel), 0);
alter table core.tunnel_recording drop column kind, alter column channel drop default, alter column output_bytes drop default,
  alter column codec drop default, alter column at drop default, alter column data set storage external;
alter table core.tunnel_recording drop constraint tunnel_recording_pkey,
  drop constraint tunnel_recording_tenant_id_session_id_fkey;
alter table core.tunnel_recording add primary key (tenant_id, session_id, channel, record_id),
  add foreign key (tenant_id, session_id, channel)
    references core.tunnel_channels (tenant_id, session_id, channel) on delete cascade;
create unique index on core.tunnel_recording (tenant_id, session_id, channel, output_offset) where output_bytes > 0;
comment on table core.tunnel_recording is 'Output of a channel in blocks. What no block covers was left out.';
comment on column core.tunnel_recording.codec is 'n: plain, z: Zstandard.';

alter table core.tunnel_sessions force row level security;
alter table core.tunnel_channels force row level security;
alter table core.tunnel_recording force row level security;
