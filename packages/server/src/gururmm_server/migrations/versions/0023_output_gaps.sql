alter table core.command_output add column skipped bigint not null default 0 check (skipped >= 0);
comment on column core.command_output.skipped is 'How many bytes of the stream were left out just before this piece.';
