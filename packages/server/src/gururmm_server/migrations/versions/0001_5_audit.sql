-- Two chains of the same shape: tunnel_audit (what was done to machines: tunnel operations and commands) and
-- audit_log (what was done to the product: sign-ins, users, Sites, settings).
create table core.tunnel_audit (
  tenant_id uuid not null,
  seq bigint not null,
  at timestamptz not null,
  operation text not null,
  actor text,
  actor_id uuid,
  agent_id uuid,
  session_id uuid,
  channel_id int,
  details jsonb not null default '{}',
  input bytea,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (tenant_id, seq, at)
) partition by range (at);
create index on core.tunnel_audit (tenant_id, at desc);
create index on core.tunnel_audit (session_id, seq) where session_id is not null;
create table core.audit_log (like core.tunnel_audit including defaults including comments) partition by range (at);
alter table core.audit_log add primary key (tenant_id, seq, at);
create index on core.audit_log (tenant_id, at desc);

create table core.audit_chains (
  tenant_id uuid not null,
  chain text not null check (chain in ('tunnel_audit', 'audit_log')),
  seq bigint not null,
  hash bytea not null,
  primary key (tenant_id, chain)
);

create table core.audit_reads (
  tenant_id uuid not null,
  read_id uuid primary key,
  at timestamptz not null default now(),
  actor text not null,
  query jsonb not null
);
comment on table core.audit_reads is 'The meta-audit: every read of an audit table.';

select core.protect('core.tunnel_audit');
select core.protect('core.audit_log');
select core.protect('core.audit_chains');
select core.protect('core.audit_reads');
-- Nobody but the appending function writes; nobody but the audit reader reads.
grant select on core.tunnel_audit, core.audit_log, core.audit_chains to gururmm_audit_reader, gururmm_definer;
grant insert on core.tunnel_audit, core.audit_log to gururmm_definer;
grant insert, update on core.audit_chains to gururmm_definer;
grant select, insert on core.audit_reads to gururmm_audit_reader;

create function core.audit_hash(previous bytea, tenant uuid, seq bigint, at timestamptz, operation text, actor text,
  actor_id uuid, agent_id uuid, session_id uuid, channel_id int, details jsonb, input bytea) returns bytea
  language sql stable parallel safe as $$
  -- A JSON array is an unambiguous text of the row; the moment is in microseconds, free of any time zone setting.
  select sha256(previous || convert_to(jsonb_build_array(tenant, seq, (extract(epoch from at) * 1000000)::bigint, operation,
    actor, actor_id, agent_id, session_id, channel_id, details, encode(input, 'hex'))::text, 'utf8'))
$$;

-- Appends one row to a chain of the transaction's tenant and returns its number. The head row is the chain's lock.
create function core.append_audit(p_chain text, p_operation text, p_actor text, p_actor_id uuid, p_agent_id uuid,
  p_session_id uuid, p_channel_id int, p_details jsonb, p_input bytea) returns bigint
  language plpgsql security definer set search_path = core, pg_catalog as $$
declare
  v_tenant uuid := core.current_tenant();
  v_seq bigint; v_previous bytea; v_hash bytea; v_at timestamptz;
begin
  select seq, hash into v_seq, v_previous from core.audit_chains where tenant_id = v_tenant and chain = p_chain for update;
  if not found then
    insert into core.audit_chains values (v_tenant, p_chain, 0, '\x00') on conflict do nothing;
    select seq, hash into v_seq, v_previous from core.audit_chains where tenant_id = v_tenant and chain = p_chain for update;
  end if;
  v_seq := v_seq + 1;
  v_at := clock_timestamp();
  v_hash := core.audit_hash(v_previous, v_tenant, v_seq, v_at, p_operation, p_actor, p_actor_id, p_agent_id, p_session_id,
    p_channel_id, coalesce(p_details, '{}'), p_input);
  if p_chain = 'tunnel_audit' then
    insert into core.tunnel_audit values (v_tenant, v_seq, v_at, p_operation, p_actor, p_actor_id, p_agent_id,
      p_session_id, p_channel_id, coalesce(p_details, '{}'), p_input, v_previous, v_hash);
  else
    insert into core.audit_log values (v_tenant, v_seq, v_at, p_operation, p_actor, p_actor_id, p_agent_id,
      p_session_id, p_channel_id, coalesce(p_details, '{}'), p_input, v_previous, v_hash);
  end if;
  update core.audit_chains set seq = v_seq, hash = v_hash where tenant_id = v_tenant and chain = p_chain;
  return v_seq;
end $$;

-- Recomputes a chain. Answers how many rows it read and the first number that does not fit (null: all fit).
create function core.verify_audit(p_chain text, out row_count bigint, out first_bad bigint)
  language plpgsql stable security definer set search_path = core, pg_catalog as $$
declare
  v_tenant uuid := core.current_tenant();
  v_head core.audit_chains;
begin
  execute format($q$
    with chain as (
      select r.*, lag(r.hash, 1, '\x00'::bytea) over w as expected_previous, lag(r.seq, 1, 0::bigint) over w as before
      from core.%I r where r.tenant_id = $1 window w as (order by r.seq)
    )
    select count(*), min(seq) filter (where seq <> before + 1 or previous_hash <> expected_previous
      or hash <> core.audit_hash(previous_hash, tenant_id, seq, at, operation, actor, actor_id, agent_id, session_id,
        channel_id, details, input))
    from chain $q$, p_chain) into row_count, first_bad using v_tenant;
  select * into v_head from core.audit_chains where tenant_id = v_tenant and chain = p_chain;
  if first_bad is null and coalesce(v_head.seq, 0) <> row_count then
    first_bad := row_count + 1;  -- rows are missing at the end
  end if;
end $$;
alter function core.append_audit(text, text, text, uuid, uuid, uuid, int, jsonb, bytea) owner to gururmm_definer;
alter function core.verify_audit(text) owner to gururmm_definer;
revoke all on function core.append_audit(text, text, text, uuid, uuid, uuid, int, jsonb, bytea) from public;
revoke all on function core.verify_audit(text) from public;
grant execute on function core.append_audit(text, text, text, uuid, uuid, uuid, int, jsonb, bytea)
  to gururmm_app, gururmm_worker, gururmm_platform, gururmm_identity;
grant execute on function core.verify_audit(text) to gururmm_audit_reader;
