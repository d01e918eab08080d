"""A newer schema over one that is in use: what is there is kept and completed."""

import asyncio

import asyncpg
from alembic import command
from alembic.config import Config
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.schema import check_revision, migrate

from packages.server.tests.conftest import Engines


async def test_sessions_of_before_get_their_machines_name(engines: Engines) -> None:
    url = engines.database(engines.owner_url, f"older_{new_id().hex}")
    admin = await asyncpg.connect(engines.database(engines.owner_url, "postgres"))
    await admin.execute(f"create database {url.rpartition('/')[2]}")
    config = Config()
    config.set_main_option("script_location", "gururmm_server:migrations")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    await asyncio.to_thread(command.upgrade, config, "0001")
    tenant_id, client_id, site_id, agent_id, session_id = (new_id() for _ in range(5))
    owner = await asyncpg.connect(url)
    await owner.execute("insert into core.tenants (tenant_id, name) values ($1, 'Northwind IT')", tenant_id)
    await owner.execute(
        "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Acme')", tenant_id, client_id
    )
    await owner.execute(
        "insert into core.sites (tenant_id, client_id, site_id, name) values ($1, $2, $3, 'HQ')",
        tenant_id,
        client_id,
        site_id,
    )
    await owner.execute(
        "insert into core.agents (tenant_id, client_id, site_id, agent_id, client_name, site_name, public_key,"
        " hostname) values ($1, $2, $3, $4, 'Acme', 'HQ', sha256(''), 'nw-srv-01')",
        tenant_id,
        client_id,
        site_id,
        agent_id,
    )
    await owner.execute(
        "insert into core.tunnel_sessions (tenant_id, agent_id, session_id, opened_by, opened_by_id, columns, rows)"
        " values ($1, $2, $3, 'ann@example.org', $1, 80, 24)",
        tenant_id,
        agent_id,
        session_id,
    )
    await migrate(url)
    await check_revision(url)
    assert await owner.fetchval("select hostname from core.tunnel_sessions") == "nw-srv-01"
    await owner.execute("delete from core.agents")
    assert await owner.fetchval("select count(*) from core.tunnel_sessions") == 1
    await owner.close()
    await admin.execute(f"drop database {url.rpartition('/')[2]} with (force)")
    await admin.close()
