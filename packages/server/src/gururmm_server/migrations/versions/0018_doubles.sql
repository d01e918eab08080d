-- Machines that prove themselves by one key, as a copied disk does: none of them is let in until somebody decided.
create table core.agent_doubles (
  tenant_id uuid not null,
  agent_id uuid not null,
  instance bytea not null check (length(instance) = 16),
  hostname text not null,
  machine_id text not null,
  address text not null,
  first_seen timestamptz not null default clock_timestamp(),
  last_seen timestamptz not null default now(),
  signed_order bytea,
  primary key (agent_id, instance),
  foreign key (tenant_id, agent_id) references core.agents (tenant_id, agent_id) on delete cascade
);
comment on table core.agent_doubles is 'Who else proves a machine''s key: while there is a row, the machine is ambiguous.';
comment on column core.agent_doubles.instance is 'Made by each process of an agent at its start.';
comment on column core.agent_doubles.signed_order is 'What this one is given when it comes back: to make a key of its own.';
create index on core.agent_doubles (tenant_id, agent_id);
select core.protect('core.agent_doubles', '{gururmm_ingest,gururmm_worker}');
select core.narrow('core.agent_doubles',
  'exists (select from core.agents machine where machine.agent_id = agent_doubles.agent_id)');
grant select, delete, update (signed_order) on core.agent_doubles to gururmm_app;
grant select, insert, update, delete on core.agent_doubles to gururmm_ingest;
grant select on core.agent_doubles to gururmm_worker;

-- Gateways find them, and say so.
drop policy gururmm_ingest on core.outbox;
create policy gururmm_ingest on core.outbox for insert to gururmm_ingest with check (name in
  ('agent.doubled', 'agent.inventory_changed', 'agent.offline', 'agent.online', 'agent.order_refused',
   'command.completed'));
