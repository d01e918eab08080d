-- What people keep of the fleet's list to come back to.
create table core.saved_views (
  tenant_id uuid not null references core.tenants,
  view_id uuid primary key,
  owner_id uuid not null,
  name text not null check (length(name) between 1 and 200),
  query text not null check (length(query) <= 500),
  sort text not null,
  columns text[] not null,
  shared boolean not null,
  saved_by text not null,
  saved_at timestamptz not null default now()
);
comment on column core.saved_views.owner_id is 'The person, in whose own list it is.';
create unique index saved_views_name on core.saved_views (tenant_id, owner_id, lower(name));
select core.protect('core.saved_views');
-- A shared query may name any Client of the Partner.
select core.narrow('core.saved_views', 'false');
grant select, insert, update, delete on core.saved_views to gururmm_app;

-- Words on a machine, a Site or a Client. One on a Site or Client counts for all machines there.
create table core.tags (
  tenant_id uuid not null references core.tenants,
  tag text not null check (length(tag) between 1 and 40 and tag = lower(tag)),
  agent_id uuid,
  site_id uuid,
  client_id uuid,
  check (num_nonnulls(agent_id, site_id, client_id) = 1),
  unique nulls not distinct (tenant_id, tag, agent_id, site_id, client_id),
  foreign key (tenant_id, agent_id) references core.agents (tenant_id, agent_id) on delete cascade,
  foreign key (tenant_id, site_id) references core.sites (tenant_id, site_id) on delete cascade,
  foreign key (tenant_id, client_id) references core.clients (tenant_id, client_id) on delete cascade
);
create index on core.tags (agent_id) where agent_id is not null;
create index on core.tags (site_id) where site_id is not null;
create index on core.tags (client_id) where client_id is not null;
select core.protect('core.tags');
select core.narrow('core.tags', 'case when agent_id is not null
    then exists (select from core.agents machine where machine.agent_id = tags.agent_id)
  when site_id is not null then exists (select from core.sites site where site.site_id = tags.site_id)
  else client_id in (select core.visible_clients()) end');
grant select, insert, delete on core.tags to gururmm_app;
