-- A function that runs with its owner's rights names where it looks: the system first, ours, and temporary things last.
-- Left out of the path, pg_temp comes before everything, and a caller's temporary view would run as the owner.
alter function core.append_audit(text, text, text, uuid, uuid, uuid, int, jsonb, bytea)
  set search_path = pg_catalog, core, pg_temp;
alter function core.search_agents(text) set search_path = pg_catalog, core, pg_temp;
alter function core.maintain_partitions() set search_path = pg_catalog, core, pg_temp;

-- Who checks the chains asks no function that the owner could replace: the statement is in core/audit/_repository.py.
drop function core.verify_audit(text);

-- The worker signs the chains' heads, and looks whether the rows it signed before are still there. It reads no content.
create policy gururmm_worker on core.audit_chains for select to gururmm_worker using (true);
create policy gururmm_worker on core.tunnel_audit for select to gururmm_worker using (true);
create policy gururmm_worker on core.audit_log for select to gururmm_worker using (true);
grant select on core.audit_chains to gururmm_worker;
grant select (tenant_id, seq, hash) on core.tunnel_audit, core.audit_log to gururmm_worker;
