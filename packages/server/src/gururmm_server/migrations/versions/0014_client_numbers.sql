-- Which Clients a transaction may see is told as bits: a list of ids had to be read and hashed again for each table of
-- each query, which at thousands of Clients cost more than the query. So a Client has a number within its Partner, from
-- 0, never changed and never given again; the tables that most queries read have it beside the Client's id.
alter table core.tenants add column clients_made int not null default 0;
comment on column core.tenants.clients_made is 'The next Client''s number.';
alter table core.clients add column number int;
comment on column core.clients.number is 'The Client''s place among the bits of gururmm.clients.';
alter table core.agents add column client_number int;
alter table core.agent_state add column client_number int;

-- The owner is bound by forced row-level security too, unless it is a superuser.
alter table core.tenants no force row level security;
alter table core.clients no force row level security;
alter table core.agents no force row level security;
alter table core.agent_state no force row level security;
update core.clients c set number = counted.place - 1
  from (select client_id, row_number() over (partition by tenant_id order by created_at, client_id) as place
        from core.clients) counted
  where counted.client_id = c.client_id;
update core.tenants t set clients_made = (select count(*) from core.clients c where c.tenant_id = t.tenant_id);
update core.agents a set client_number = c.number from core.clients c where c.client_id = a.client_id;
update core.agent_state s set client_number = c.number from core.clients c where c.client_id = s.client_id;
alter table core.clients alter column number set not null,
  add unique (tenant_id, number), add unique (tenant_id, client_id, number);
alter table core.agents alter column client_number set not null,
  add foreign key (tenant_id, client_id, client_number) references core.clients (tenant_id, client_id, number);
alter table core.agent_state alter column client_number set not null,
  add foreign key (tenant_id, client_id, client_number) references core.clients (tenant_id, client_id, number);
alter table core.tenants force row level security;
alter table core.clients force row level security;
alter table core.agents force row level security;
alter table core.agent_state force row level security;

create function core.number_client() returns trigger language plpgsql set search_path = pg_catalog, core, pg_temp as $$
begin
  update core.tenants set clients_made = clients_made + 1 where tenant_id = new.tenant_id
    returning clients_made - 1 into new.number;
  return new;
end $$;
create trigger number before insert on core.clients for each row execute function core.number_client();
create function core.keep_client_number() returns trigger language plpgsql
  set search_path = pg_catalog, core, pg_temp as $$
begin
  new.client_number := (select number from core.clients where tenant_id = new.tenant_id and client_id = new.client_id);
  return new;
end $$;
create trigger client_number before insert or update of client_id on core.agents
  for each row execute function core.keep_client_number();
create trigger client_number before insert or update of client_id on core.agent_state
  for each row execute function core.keep_client_number();

-- gururmm.clients is '*' for every Client, else bits in hexadecimal digits: bit n is the Client of the number n.
-- Raises where nothing was set.
create function core.client_bits() returns bytea language plpgsql stable parallel safe
  set search_path = pg_catalog, core, pg_temp as $$
declare told text := current_setting('gururmm.clients');
begin
  if told = '' then
    raise exception 'gururmm.clients is not set';
  end if;
  return case when told = '*' then '' else decode(told, 'hex') end;
end $$;
create function core.client_bit_count() returns int language sql stable parallel safe as
$$ select 8 * length(core.client_bits()) $$;
create function core.client_numbers(client_ids uuid[]) returns setof int language sql stable as
$$ select number from core.clients where client_id = any (client_ids) $$;
-- Those that this transaction sees: the policy of core.clients says which.
create or replace function core.visible_clients() returns setof uuid language sql stable parallel safe rows 100 as
$$ select client_id from core.clients $$;

drop policy client on core.clients;
drop policy client on core.agents;
drop policy client on core.agent_state;
do $$
declare
  each record;
  bit text := 'case when %1$s < (select core.client_bit_count()) then get_bit((select core.client_bits()), %1$s) = 1 '
    'else false end';
begin
  for each in select * from (values ('clients', 'number'), ('agents', 'client_number'), ('agent_state', 'client_number'))
      as numbered(table_name, column_name) loop
    perform core.narrow(format('core.%I', each.table_name)::regclass, format(bit, each.column_name));
  end loop;
end $$;
create or replace function core.search_agents(pattern text) returns setof uuid
  language sql stable security definer set search_path = pg_catalog, core, pg_temp as $$
  select agent_id from core.agents where tenant_id = core.current_tenant() and search_text like pattern
    and ((select core.every_client()) or case when client_number < (select core.client_bit_count())
      then get_bit((select core.client_bits()), client_number) = 1 else false end)
$$;

revoke execute on function core.number_client(), core.keep_client_number(), core.client_numbers(uuid[]) from public;
revoke execute on function core.client_bits(), core.client_bit_count() from public;
grant execute on function core.client_bits(), core.client_bit_count()
  to gururmm_app, gururmm_audit_reader, gururmm_definer;
grant execute on function core.client_numbers(uuid[]) to gururmm_app;
grant select (tenant_id, client_id, number) on core.clients to gururmm_audit_reader;
grant select (client_number) on core.agents to gururmm_audit_reader;
