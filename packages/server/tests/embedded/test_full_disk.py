"""A disk that fills up under the real PostgreSQL. Needs root, for a small filesystem of its own."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from gururmm_server.entrypoints.supervisor.disk_guard import DiskGuard

from packages.server.tests.embedded.engines import Engines
from packages.server.tests.waiting import until


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 300 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m,mode=755", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.takes(5)
async def test_a_full_disk_refuses_writes_and_serves_reads(small_disk: Path) -> None:
    engines = Engines(small_disk / "data")
    await engines.start()
    try:
        connection = await engines.connect()
        await connection.execute("create table kept (n int); insert into kept values (1)")

        def switch(read_only: bool) -> None:
            engines.postgres.set_read_only(read_only)
            engines.supervisor.service("postgres").send(signal.SIGHUP)

        async def is_read_only(expected: str = "on") -> bool:
            return bool(await connection.fetchval("show default_transaction_read_only") == expected)

        guard = DiskGuard(engines.data, 64, switch, lambda _: None)
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(engines.data.free_bytes() + 1_000_000))
        guard.look()
        await until(is_read_only)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("insert into kept values (2)")
        assert await connection.fetchval("select count(*) from kept") == 1

        filler.unlink()
        guard.look()
        await until(lambda: is_read_only("off"))
        await connection.execute("insert into kept values (2)")
        assert await connection.fetchval("select count(*) from kept") == 2
        await connection.close()
    finally:
        await engines.stop()
