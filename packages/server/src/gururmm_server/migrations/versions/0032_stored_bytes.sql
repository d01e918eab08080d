-- What commands print counts against its Partner's quota like all else that is kept. Gateways write it, so they count it,
-- and nothing but it.
create policy gururmm_ingest on core.partner_quotas for select to gururmm_ingest using (resource = 'output_bytes');
create policy gururmm_ingest on core.partner_usage to gururmm_ingest
  using (resource = 'output_bytes') with check (resource = 'output_bytes');
grant select on core.partner_quotas to gururmm_ingest;
grant select, insert, update (used) on core.partner_usage to gururmm_ingest;
