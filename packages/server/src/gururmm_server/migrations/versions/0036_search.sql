-- What the query language compares, ready to be compared: folded when it is written, not for each machine at each search
-- (folding a name takes 4 µs, comparing a folded one 0.2).
create function core.version_key(given text) returns text
  language sql immutable strict parallel safe
  as $$ select regexp_replace(regexp_replace(regexp_replace(core.folded(left(given, 100)), '^[0-9]+:', ''),
    '([0-9]+)', '00000000000\1', 'g'), '[0-9]*([0-9]{12})', '\1', 'g') $$;
comment on function core.version_key is 'What versions are compared by, as core.search.kinds.version_key: its numbers all of twelve digits, without the epoch of Debian.';

-- An agent says its addresses: what is none is passed over.
create function core.address_text(given text[]) returns text language plpgsql immutable strict as $$
declare
  each text;
  address inet;
  said text := '';
begin
  foreach each in array array_remove(given, null) loop
    begin
      address := each::inet;
      said := said || ' ' || family(address) || ':' || encode(substr(inet_send(address), 5), 'hex');
    exception when data_exception then
      null;
    end;
  end loop;
  return said;
end $$;
comment on function core.address_text is 'Addresses so that a network is the beginning of what it holds: " 4:0a000001 6:fd00…".';

alter table core.agents
  add column ram bigint,
  add column cores int,
  add column model text not null default '',
  add column processor text not null default '';
comment on column core.agents.model is 'Its maker and what they call it.';

alter table core.agents no force row level security;
alter table core.agent_inventory no force row level security;
update core.agents a set ram = found.ram, cores = found.cores, model = found.model, processor = found.processor
from (
  select agent_id,
    case when items #>> '{memory,total}' ~ '^[0-9]{1,18}$' then (items #>> '{memory,total}')::bigint end as ram,
    case when items #>> '{cpu,cores}' ~ '^[0-9]{1,9}$' then (items #>> '{cpu,cores}')::int end as cores,
    left(regexp_replace(concat_ws(' ', case when jsonb_typeof(items -> 'manufacturer') = 'string' then items ->> 'manufacturer' end,
      case when jsonb_typeof(items -> 'model') = 'string' then items ->> 'model' end), '[[:cntrl:]]', '', 'g'), 255) as model,
    left(regexp_replace(case when jsonb_typeof(items #> '{cpu,model}') = 'string' then items #>> '{cpu,model}' else '' end,
      '[[:cntrl:]]', '', 'g'), 255) as processor
  from core.agent_inventory where section = 'hardware' and jsonb_typeof(items) = 'object') found
where found.agent_id = a.agent_id;
alter table core.agents force row level security;
alter table core.agent_inventory force row level security;

alter table core.agents
  add column hostname_folded text generated always as (core.folded(hostname)) stored,
  add column os_folded text generated always as (core.folded(os_name)) stored,
  add column username_folded text generated always as (core.folded(username)) stored,
  add column serial_folded text generated always as (core.folded(serial)) stored,
  add column client_folded text generated always as (core.folded(client_name)) stored,
  add column site_folded text generated always as (core.folded(site_name)) stored,
  add column model_folded text generated always as (core.folded(model)) stored,
  add column processor_folded text generated always as (core.folded(processor)) stored,
  add column version_key text collate "C" generated always as (core.version_key(agent_version)) stored,
  add column address_text text generated always as (core.address_text(addresses)) stored;
grant update (ram, cores, model, processor) on core.agents to gururmm_ingest;

create or replace view core.machines with (security_invoker = true) as
  select tenant_id, agent_id, client_id, site_id, client_name, site_name, hostname, os_name, os_family, agent_version,
    addresses, username, protocol, enrolled_at, revoked_at, search_text, machine_id, kept_apart,
    arch, macs, ram, cores, hostname_folded, os_folded, username_folded, serial_folded, client_folded, site_folded,
    model_folded, processor_folded, version_key, address_text
  from core.agents;

-- Which software is where: each title of a Partner once, and a machine's as numbers (100 machines hold 50,000 packages
-- of 1,500 titles). A title is found among the titles, and its machines by an index over the numbers.
create table core.software_titles (
  tenant_id uuid not null references core.tenants,
  title_id int generated always as identity primary key,
  name text not null check (length(name) between 1 and 300),
  version text not null check (length(version) <= 100),
  name_folded text generated always as (core.folded(name)) stored,
  version_key text collate "C" generated always as (core.version_key(version)) stored,
  unique (tenant_id, name, version)
);
comment on table core.software_titles is 'A name and version of software that a machine of the Partner has, or had.';
create table core.agent_software (
  tenant_id uuid not null,
  agent_id uuid primary key,
  titles int[] not null,
  foreign key (tenant_id, agent_id) references core.agents (tenant_id, agent_id) on delete cascade
);
create index agent_software_titles on core.agent_software using gin (tenant_id search.uuid_ops, titles)
  with (fastupdate = off);
select core.protect('core.software_titles', '{gururmm_ingest,gururmm_worker}');
select core.narrow('core.software_titles', 'false');
select core.protect('core.agent_software', '{gururmm_ingest,gururmm_worker}');
select core.narrow('core.agent_software', 'exists (select from core.agents machine where machine.agent_id = agent_software.agent_id)');
create policy search on core.software_titles for select to gururmm_definer using (true);
create policy search on core.agent_software for select to gururmm_definer using (true);
grant select on core.software_titles, core.agent_software to gururmm_definer, gururmm_worker;
grant select, insert on core.software_titles to gururmm_ingest;
grant select, insert, update on core.agent_software to gururmm_ingest;
grant delete on core.software_titles to gururmm_worker;

-- As core.search_agents: row-level security would switch the index off, so the tenant and the Clients are said inside.
create function core.machines_with_software(pattern text, from_key text, below_key text) returns setof uuid
  language plpgsql stable security definer set search_path = pg_catalog, core, pg_temp as $$
declare
  meant int[] := array(
    select title_id from core.software_titles
    where tenant_id = core.current_tenant() and name_folded like pattern
      and (from_key is null or version_key >= from_key) and (below_key is null or version_key < below_key)
      and ((from_key is null and below_key is null) or version_key <> ''));
  holders uuid[];
begin
  -- Few titles are looked up in the index; of many, a machine's first is soon met.
  if cardinality(meant) <= 300 then
    holders := array(select agent_id from core.agent_software where tenant_id = core.current_tenant() and titles && meant);
  else
    holders := array(select agent_id from core.agent_software where tenant_id = core.current_tenant()
      and exists (select from unnest(titles) title where title = any (meant)));
  end if;
  if core.every_client() then
    return query select unnest(holders);
  else
    return query select agent_id from core.agents where agent_id = any (holders) and tenant_id = core.current_tenant()
      and case when client_number < (select core.client_bit_count())
        then get_bit((select core.client_bits()), client_number) = 1 else false end;
  end if;
end $$;
alter function core.machines_with_software(text, text, text) owner to gururmm_definer;
revoke all on function core.machines_with_software(text, text, text) from public;
grant execute on function core.machines_with_software(text, text, text) to gururmm_app;

alter table core.agent_inventory no force row level security;
alter table core.software_titles no force row level security;
alter table core.agent_software no force row level security;
insert into core.software_titles (tenant_id, name, version)
  select distinct i.tenant_id, left(e.key, 300), left(coalesce(e.value ->> 'version', ''), 100)
  from core.agent_inventory i
  cross join lateral jsonb_each(case when jsonb_typeof(i.items) = 'object' then i.items else '{}' end) e
  where i.section = 'software' and jsonb_typeof(e.value) = 'object' and e.value ? 'version' and e.key <> '';
insert into core.agent_software (tenant_id, agent_id, titles)
  select i.tenant_id, i.agent_id, array_agg(distinct t.title_id)
  from core.agent_inventory i
  cross join lateral jsonb_each(case when jsonb_typeof(i.items) = 'object' then i.items else '{}' end) e
  join core.software_titles t on t.tenant_id = i.tenant_id and t.name = left(e.key, 300)
    and t.version = left(coalesce(e.value ->> 'version', ''), 100)
  where i.section = 'software' and jsonb_typeof(e.value) = 'object' and e.value ? 'version'
  group by i.tenant_id, i.agent_id;
alter table core.agent_inventory force row level security;
alter table core.software_titles force row level security;
alter table core.agent_software force row level security;
