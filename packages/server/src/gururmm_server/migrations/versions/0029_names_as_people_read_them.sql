-- Names as people read them: "pc 2" stands before "pc 10" and "Ärzte" before "Zebra", and who looks for izmir finds İzmir.
-- Said here and not by a collation, since not every PostgreSQL has those of ICU (the embedded one has none).

create function core.folded(given text) returns text
  language sql immutable strict parallel safe
  as $$ select case when octet_length(given) = length(given) then lower(given)
    else lower(regexp_replace(normalize(given, NFKD), U&'[\0300-\036F]', '', 'g')) end $$;
comment on function core.folded is 'Without marks and case, as infra.paging.folded: what a search compares.';

create function core.natural_key(given text) returns text
  language sql immutable strict parallel safe
  as $$ select regexp_replace(regexp_replace(core.folded(given), '([0-9]+)', '00000000000\1', 'g'),
    '[0-9]*([0-9]{12})', '\1', 'g') $$;
comment on function core.natural_key is 'What names are sorted by: folded, its numbers all of twelve digits.';

create or replace function core.fill_search_text() returns trigger language plpgsql as $$
begin
  new.search_text := core.folded(concat_ws(' ', new.hostname, new.os_name, new.agent_version, new.username, new.serial,
    new.client_name, new.site_name, array_to_string(new.addresses, ' '), array_to_string(new.macs, ' '), new.arch));
  return new;
end $$;
alter table core.agents no force row level security;
update core.agents set hostname = hostname where octet_length(search_text) <> length(search_text);
alter table core.agents force row level security;

create index on core.agents (tenant_id, core.natural_key(hostname), agent_id);
create index on core.agents (tenant_id, core.natural_key(left(os_name, 200)), agent_id);
create index on core.agents (tenant_id, core.natural_key(client_name), agent_id);
create index on core.agents (tenant_id, core.natural_key(site_name), agent_id);
do $$
declare each record;
begin
  -- `lower(hostname)` stays: a machine is found by its whole name.
  for each in select indexrelid::regclass as name from pg_index where indrelid = 'core.agents'::regclass
      and pg_get_indexdef(indexrelid) ~ 'lower\((client_name|site_name|"left"\(os_name)' loop
    execute format('drop index %s', each.name);
  end loop;
end $$;
