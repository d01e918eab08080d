"""The real engines under the supervisor: kill -9, stale files, logins."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import nats
import pytest
from gururmm_server.entrypoints.supervisor.service import State
from gururmm_server.infra.schema import migrate

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
    client = await nats.connect(engines.parts.nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    stream = client.jetstream()
    await stream.add_stream(name="T", subjects=["t.>"])
    for n in range(20):
        await stream.publish("t.x", str(n).encode())
    await _killed_and_back(engines, "nats")
    await until(lambda: client.is_connected)
    assert (await stream.stream_info("T")).state.messages == 20
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


async def test_the_runtime_login_can_do_nothing_by_itself(engines: Engines) -> None:
    await migrate(engines.postgres.owner_url)
    await engines.postgres.ensure_runtime_login()
    await engines.postgres.ensure_runtime_login()
    connection = await asyncpg.connect(engines.postgres.runtime_url)
    assert not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("select * from core.agents")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("set role gururmm_owner")
    await connection.execute("set role gururmm_worker")
    await connection.close()
