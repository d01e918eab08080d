-- A gateway asks whether a channel was opened at an agent before it passes on what that agent says of it. It asks by
-- name and learns nothing else: neither who is at which machine nor what for.
grant select (tenant_id, session_id, agent_id) on core.tunnel_sessions to gururmm_definer;
grant select (tenant_id, session_id, channel) on core.tunnel_channels to gururmm_definer;
create policy opened on core.tunnel_sessions for select to gururmm_definer using (true);
create policy opened on core.tunnel_channels for select to gururmm_definer using (true);

create function core.opened_channels(agent_ids uuid[], session_ids uuid[], channels int[])
  returns table (agent_id uuid, session_id uuid, channel int)
  language sql stable security definer set search_path = pg_catalog, core, pg_temp as $$
  select s.agent_id, s.session_id, c.channel
  from unnest(agent_ids, session_ids, channels) as said (agent_id, session_id, channel)
    join core.tunnel_sessions s on s.session_id = said.session_id and s.agent_id = said.agent_id
    join core.tunnel_channels c
      on c.tenant_id = s.tenant_id and c.session_id = s.session_id and c.channel = said.channel
$$;
alter function core.opened_channels(uuid[], uuid[], int[]) owner to gururmm_definer;
revoke all on function core.opened_channels(uuid[], uuid[], int[]) from public;
grant execute on function core.opened_channels(uuid[], uuid[], int[]) to gururmm_ingest;
