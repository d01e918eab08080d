"""The real engines under the supervisor: kill -9, stale files, logins."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest
from gururmm_server.entrypoints.supervisor.service import State
from gururmm_server.infra.embedded import logins
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.schema import migrate, upgrade
from gururmm_server.infra.subjects import inbox

from packages.server.tests.embedded.engines import Engines
from packages.server.tests.waiting import until

pytestmark = pytest.mark.takes(4)


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    running = Engines(tmp_path / "data")
    await running.start()
    yield running
    await running.stop()


async def _killed_and_back(engines: Engines, name: str) -> None:
    service = engines.supervisor.service(name)
    before = service.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(lambda: service.pid not in {None, before} and service.state is State.READY, 15)


async def test_postgres_comes_back_from_kill_9_with_what_was_committed(engines: Engines) -> None:
    connection = await engines.connect()
    await connection.execute("create table kept (n int); insert into kept values (1)")
    await _killed_and_back(engines, "postgres")
    again = await engines.connect()
    assert await again.fetchval("select n from kept") == 1
    await again.close()
    connection.terminate()


async def test_a_pid_file_that_names_somebody_else_is_removed(engines: Engines) -> None:
    await engines.supervisor.stop()
    pid_file = engines.data.root / "postgres" / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{os.getppid()}\n{pid_file.parent}\n")
    await engines.start()
    assert await engines.postgres.ready()


async def test_nats_keeps_acknowledged_events_over_kill_9(engines: Engines) -> None:
    assert engines.parts.nats is not None
    client = await nats.connect(
        engines.parts.nats.url(Kind.WORKER),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
        inbox_prefix=inbox(Kind.WORKER),
    )
    stream = client.jetstream()
    await stream.add_stream(name="EVENTS", subjects=["events.>"])
    for n in range(20):
        await stream.publish("events.t.x", str(n).encode())
    await _killed_and_back(engines, "nats")
    await until(lambda: client.is_connected)
    reader = await stream.pull_subscribe("events.>", durable="kept", stream="EVENTS")
    assert [message.data for message in await reader.fetch(20, 5)] == [str(n).encode() for n in range(20)]
    await client.close()


async def test_nobody_gets_in_without_the_secret(engines: Engines) -> None:
    assert engines.parts.nats is not None
    url = engines.postgres.owner_url.replace(engines.data.secret("postgres-owner"), "wrong")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)
    reader, writer = await asyncio.open_connection("127.0.0.1", engines.parts.nats.port)
    writer.write(b'CONNECT {"auth_token": "wrong"}\r\nPING\r\n')
    assert b"Authorization Violation" in await reader.read()
    writer.close()


async def test_a_processs_login_can_do_nothing_by_itself(engines: Engines) -> None:
    await migrate(engines.postgres.owner_url)
    await engines.postgres.open_process_logins()
    await engines.postgres.open_process_logins()
    for kind in Kind:
        connection = await asyncpg.connect(engines.postgres.url(kind))
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from core.agents")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("set role gururmm_owner")
        for role in kind.roles:
            await connection.execute(f"set role {role}")
        await connection.close()


async def test_each_kind_of_process_has_secrets_of_its_own(engines: Engines) -> None:
    assert engines.parts.nats is not None
    passwords = [engines.data.kept_secret(f"{engine}-{kind}") for engine in ("postgres", "nats") for kind in Kind]
    assert len(set(passwords)) == 6
    files = list((engines.data.root / "secrets").iterdir())
    assert {path.stat().st_mode & 0o777 for path in [*files, engines.parts.nats.configuration]} == {0o600}


async def test_no_engine_listens_for_more_than_its_clients(engines: Engines) -> None:
    """A monitoring port of nats-server would show every local user who listens to what."""
    assert engines.parts.nats is not None
    ports = {"nats": engines.parts.nats.port, "postgres": engines.postgres.port}
    for name, port in ports.items():
        pid = engines.supervisor.service(name).pid
        listening = {
            (each.laddr.ip, each.laddr.port)
            for each in psutil.Process(pid).net_connections("tcp")
            if each.status == psutil.CONN_LISTEN
        }
        assert listening == {("127.0.0.1", port)}, name


async def test_the_login_and_the_token_that_all_had_in_common_are_taken_away(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("postgres-runtime", "nats-token"):
        (data / "secrets").mkdir(parents=True, exist_ok=True)
        (data / "secrets" / name).write_text("of before")
    engines = Engines(data)
    try:
        await engines.start()
        await migrate(engines.postgres.owner_url)
        superuser = await asyncpg.connect(engines.postgres.superuser_url)
        await superuser.execute("create role gururmm_runtime login noinherit password 'of before'")
        await superuser.execute("grant gururmm_identity, gururmm_ingest to gururmm_runtime")
        await engines.postgres.open_process_logins()
        assert not await superuser.fetchval("select true from pg_roles where rolname = 'gururmm_runtime'")
        await superuser.close()
    finally:
        await engines.stop()
    assert not {path.name for path in (data / "secrets").iterdir()} & {"postgres-runtime", "nats-token"}


async def test_the_owner_is_no_superuser_and_owns_all_of_it(engines: Engines) -> None:
    await migrate(engines.postgres.owner_url)
    await _check_owners(engines)


async def _check_owners(engines: Engines) -> None:
    connection = await asyncpg.connect(engines.postgres.superuser_url)
    rights = "rolsuper or rolbypassrls or rolcreatedb or rolreplication"
    assert await connection.fetchval(f"select {rights} from pg_roles where rolname = 'gururmm_owner'") is False
    owners = await connection.fetch("""
        select pg_get_userbyid(datdba) as name from pg_database where datname = current_database()
        union select pg_get_userbyid(relowner) from pg_class where relnamespace = 'core'::regnamespace
        union select pg_get_userbyid(nspowner) from pg_namespace where nspname in ('core', 'search')
        union select pg_get_userbyid(proowner) from pg_proc where pronamespace = 'core'::regnamespace""")
    assert {row["name"] for row in owners} == {"gururmm_owner", "gururmm_definer"}
    await connection.close()


async def test_a_folder_whose_owner_was_the_superuser_is_carried_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One login becomes two; what was there is kept, and the old secret opens less than before."""
    secrets = tmp_path / "data" / "secrets"
    with monkeypatch.context() as before:
        before.setattr(logins, "SUPERUSER", "gururmm_owner")
        old = Engines(tmp_path / "data")
        try:
            await old.supervisor.start(*old.parts.engines())
            superuser = await asyncpg.connect(old.postgres.superuser_url.rpartition("/")[0] + "/postgres")
            await superuser.execute("create database gururmm")
            await superuser.close()
            await asyncio.to_thread(upgrade, old.postgres.superuser_url, "0004")
            superuser = await asyncpg.connect(old.postgres.superuser_url)
            await superuser.execute("insert into core.tenants (tenant_id, name) values (gen_random_uuid(), 'Kept')")
            await superuser.close()
        finally:
            await old.stop()
    (secrets / "postgres-superuser").replace(secrets / "postgres-owner")
    password = (secrets / "postgres-owner").read_text()
    for _ in range(2):
        engines = Engines(tmp_path / "data")
        try:
            await engines.start()
            await migrate(engines.postgres.owner_url)
            await engines.postgres.open_process_logins()
            await _check_owners(engines)
            superuser = await asyncpg.connect(engines.postgres.superuser_url)
            assert await superuser.fetchval("select name from core.tenants") == "Kept"
            await superuser.execute("set role gururmm_owner; select core.maintain_partitions(); reset role")
            await superuser.close()
            assert (secrets / "postgres-owner").read_text() != password
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(
                    engines.postgres.owner_url.replace((secrets / "postgres-owner").read_text(), password)
                )
        finally:
            await engines.stop()
