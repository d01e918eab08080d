-- A function that runs with its owner's rights names where it looks: the system first, ours, and temporary things last.
-- Left out of the path, pg_temp comes before everything, and a caller's temporary view would run as the owner.
alter function core.append_audit(text, text, text, uuid, uuid, uuid, int, jsonb, bytea)
  set search_path = pg_catalog, core, pg_temp;
alter function core.verify_audit(text) set search_path = pg_catalog, core, pg_temp;
alter function core.search_agents(text) set search_path = pg_catalog, core, pg_temp;
alter function core.maintain_partitions() set search_path = pg_catalog, core, pg_temp;
