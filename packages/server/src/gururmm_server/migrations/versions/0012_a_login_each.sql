-- One login for each kind of process, with the roles that this kind assumes and no other (infra/kinds.py). They cannot
-- sign in until somebody gives them a password: the supervisor of an embedded database, the operator of another. Like
-- all roles they belong to the cluster, so they may already be there.
do $$
declare login text;
begin
  foreach login in array array['gururmm_login_api', 'gururmm_login_gateway', 'gururmm_login_worker'] loop
    if not exists (select from pg_roles where rolname = login) then
      execute format('create role %I nologin noinherit', login);
    end if;
  end loop;
end $$;
grant gururmm_app, gururmm_audit_reader, gururmm_identity, gururmm_platform to gururmm_login_api;
grant gururmm_ingest to gururmm_login_gateway;
grant gururmm_worker to gururmm_login_worker;

-- A secret is one line: what it is called, and who reads it. Nobody else does, and nobody changes one.
create function core.keep_secret(secret text, readers text[]) returns void language plpgsql as $$
declare roles text := (select string_agg(quote_ident(reader), ', ') from unnest(readers) reader);
begin
  execute format('create policy %I on core.server_secrets for select to %s using (name = %L)', secret, roles, secret);
  execute format('grant select on core.server_secrets to %s', roles);
end $$;
drop policy api on core.server_secrets;
drop policy gateway on core.server_secrets;
select core.keep_secret('access_token_key', '{gururmm_identity}');
select core.keep_secret('agent_link_key', '{gururmm_ingest}');
select core.keep_secret('agent_link_public_key', '{gururmm_identity}');

-- What migrations and triggers are made with is called by nobody else. What policies ask, the roles they are for ask.
revoke execute on all functions in schema core from public;
grant execute on function core.current_tenant()
  to gururmm_app, gururmm_audit_reader, gururmm_definer, gururmm_identity, gururmm_ingest, gururmm_platform, gururmm_worker;
grant execute on function core.every_client(), core.visible_clients() to gururmm_app, gururmm_audit_reader, gururmm_definer;
grant execute on function core.audit_hash(bytea, uuid, bigint, timestamptz, text, text, uuid, uuid, uuid, int, jsonb, bytea)
  to gururmm_definer;

-- The worker clears away what is past its time: it looks at the time, and at no hash of a token. A gateway needs nothing
-- of a tech session.
revoke select on core.invitations, core.stream_tickets, core.user_sessions from gururmm_worker;
grant select (expires_at) on core.invitations, core.stream_tickets to gururmm_worker;
grant select (expires_at, ended_at) on core.user_sessions to gururmm_worker;
revoke select on core.tunnel_sessions from gururmm_ingest;
drop policy gururmm_ingest on core.tunnel_sessions;
