comment on table core.inventory_changes is 'Kept a year; of one agent and day 2,000 rows, and one that counts (after.left_out) what was left out.';
-- Rows come in the order of time: those of a year ago are found by block ranges.
create index on core.inventory_changes using brin (at) with (autosummarize = on);
create policy gururmm_worker on core.inventory_changes to gururmm_worker using (true) with check (true);
grant select (change_id, at), delete on core.inventory_changes to gururmm_worker;
grant select (change_id, agent_id, at, after), update (after) on core.inventory_changes to gururmm_ingest;
