-- Group roles. None may log in, none bypasses row-level security: what a role may see is said by policies, which a
-- managed PostgreSQL without a superuser allows too. Roles belong to the cluster, so they may already be there.
do $$
declare r text; able boolean;
begin
  foreach r in array array['gururmm_app', 'gururmm_ingest', 'gururmm_worker', 'gururmm_identity',
                           'gururmm_platform', 'gururmm_audit_reader', 'gururmm_definer'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I nologin', r);
    end if;
    -- The migrating login has to be able to give ownership to, and processes to assume, these roles. From version 16 on
    -- whoever made a role is a member of it that may not yet assume it.
    if current_setting('server_version_num')::int >= 160000 then
      execute format('select pg_has_role(current_user, %L, ''set'')', r) into able;
    else
      able := pg_has_role(current_user, r, 'member');
    end if;
    if not able then
      execute format('grant %I to current_user', r);
    end if;
  end loop;
end $$;

create schema if not exists core;
create schema if not exists search;
create extension if not exists pg_trgm with schema search;
create extension if not exists btree_gin with schema search;
grant usage on schema core, search to gururmm_app, gururmm_ingest, gururmm_worker, gururmm_identity, gururmm_platform,
  gururmm_audit_reader, gururmm_definer;
grant create on schema core to gururmm_definer;
-- Every login may ask which revision the schema has; that is how a process finds out that it does not fit.
grant usage on schema core to public;
grant select on core.schema_version to public;

-- The tenant of this transaction. Raises where none was set: never a default, never null.
create function core.current_tenant() returns uuid language sql stable parallel safe as
$$ select current_setting('gururmm.tenant_id')::uuid $$;

-- Forces row-level security on a table and gives each role its policy. `open_to` roles see every tenant's rows, as far
-- as their grants go; gururmm_app, gururmm_audit_reader and gururmm_definer see the transaction's tenant only.
create function core.protect(target regclass, open_to text[] default '{}') returns void language plpgsql as $$
declare r text;
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy tenant on %s to gururmm_app, gururmm_audit_reader, gururmm_definer
    using (tenant_id = (select core.current_tenant())) with check (tenant_id = (select core.current_tenant()))', target);
  foreach r in array open_to loop
    execute format('create policy %I on %s to %I using (true) with check (true)', r, target, r);
  end loop;
end $$;
