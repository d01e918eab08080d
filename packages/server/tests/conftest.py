"""Real engines for the server's tests: a PostgreSQL and a nats-server a worker, a fresh migrated database a test.

Each worker of a parallel run has engines of its own, so that streams, subjects and logins of two tests never meet.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.infra.database import Database
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.embedded.nats import EmbeddedNats
from gururmm_server.infra.embedded.postgres import EmbeddedPostgres
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.schema import migrate

from packages.server.tests.waiting import until

_numbers = itertools.count()
_ROOM = 2 << 30
"""One worker's engines keep well below half of it."""

# What a failing test shows. Structlog's own way draws every exception with all variables around it, in seconds.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S.%f"),
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@dataclass(frozen=True)
class Engines:
    """What runs for the whole test session."""

    owner_url: str
    """The superuser, on the migrated template: for planting and for looking underneath."""
    migrator_url: str
    """The schema's owner, who is none: row-level security hides every row from it."""
    urls: Mapping[Kind, str]
    """What each kind of process signs in to the database with."""
    bus_urls: Mapping[Kind, str]
    """What each kind of process signs in to the bus with."""
    runtime_url: str
    """A login that the product does not have: for tests that are several kinds of process at once."""
    nats_url: str
    """The same on the bus: a user who may do everything."""

    def database(self, url: str, name: str) -> str:
        """The same login on another database."""
        parts = urlsplit(url)
        return urlunsplit(parts._replace(path=f"/{name}"))


async def _wait(ready: Callable[[], Awaitable[bool]], process: subprocess.Popen[bytes]) -> None:
    def answers() -> Awaitable[bool]:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        return ready()

    await until(answers, 60)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """PostgreSQL (without fsync: nothing here outlives the run) and nats-server, with a migrated template database.

    Not under pytest's own folder: another run closes that to other users, and PostgreSQL's is one of them.
    """
    with tempfile.TemporaryDirectory(prefix="gururmm-test-", dir=_in_memory(), ignore_cleanup_errors=True) as home:
        yield from _run_engines(Path(home))


def _in_memory() -> str | None:
    """A filesystem in memory with room, where a database is made in a third of the time; None where there is none."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or not os.access(shm, os.W_OK) or shutil.disk_usage(shm).free < _ROOM:
        return None
    return str(shm)


def _run_engines(home: Path) -> Iterator[Engines]:
    data = DataDir(home)
    data.prepare()
    postgres, nats = EmbeddedPostgres(data), EmbeddedNats(data)
    postgres.prepare()
    nats.prepare()
    _add_user_of_every_kind(nats)
    account = postgres.account
    with data.open_log("postgres") as postgres_log, data.open_log("nats") as nats_log:
        started = [
            subprocess.Popen(
                [*postgres.argv(), "-c", "fsync=off", "-c", "full_page_writes=off"],
                cwd=postgres.cwd,
                stdout=postgres_log,
                stderr=subprocess.STDOUT,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            ),
            subprocess.Popen(nats.argv(), cwd=nats.cwd, stdout=nats_log, stderr=subprocess.STDOUT),
        ]

    async def prepare() -> None:
        await _wait(postgres.ready, started[0])
        await _wait(nats.ready, started[1])
        await postgres.ensure_database()
        await migrate(postgres.owner_url)
        await postgres.open_process_logins()
        await _add_login_of_every_kind(postgres.superuser_url)

    try:
        asyncio.run(prepare())
        yield Engines(
            owner_url=postgres.superuser_url,
            migrator_url=postgres.owner_url,
            urls={kind: postgres.url(kind) for kind in Kind},
            bus_urls={kind: nats.url(kind) for kind in Kind},
            runtime_url=_signed_in(postgres.url(Kind.API), _EVERY_KIND),
            nats_url=_signed_in(nats.url(Kind.API), _EVERY_KIND),
        )
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)
        data.release()


_EVERY_KIND = "test_of_every_kind"


def _signed_in(url: str, name: str) -> str:
    """The URL with another login, whose password is its name."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{name}@{parts.hostname}:{parts.port}"))


async def _add_login_of_every_kind(superuser_url: str) -> None:
    superuser = await asyncpg.connect(superuser_url)
    logins = ", ".join(kind.login for kind in Kind)
    await superuser.execute(f"create role {_EVERY_KIND} login noinherit password '{_EVERY_KIND}'")
    await superuser.execute(f"grant {logins} to {_EVERY_KIND}")
    await superuser.close()


def _add_user_of_every_kind(nats: EmbeddedNats) -> None:
    """Once more the configuration, with a user who may do everything."""
    text = nats.configuration.read_text()
    user = f'{{ user: "{_EVERY_KIND}", password: "{_EVERY_KIND}" }}'
    nats.configuration.write_text(text.replace("users = [", f"users = [\n    {user}", 1))


@pytest.fixture
async def database_name(engines: Engines) -> AsyncIterator[str]:
    """A fresh database, cloned from the migrated template; dropped afterwards."""
    name = f"test_{next(_numbers)}"
    admin = await asyncpg.connect(engines.database(engines.owner_url, "postgres"))
    template, owner = urlsplit(engines.owner_url).path[1:], urlsplit(engines.migrator_url).username
    # Copies the files: a fresh database by the log, PostgreSQL's default, takes twice as long.
    await admin.execute(f"create database {name} template {template} owner {owner} strategy file_copy")
    # Rights on a database itself are not copied: they come with the migration.
    await admin.execute(f"revoke temporary, create on database {name} from public")
    yield name
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
def database_url(engines: Engines, database_name: str) -> str:
    """The fresh database, as a process of every kind would see it."""
    return engines.database(engines.runtime_url, database_name)


@pytest.fixture
def owner_url(engines: Engines, database_name: str) -> str:
    """The fresh database, as the superuser sees it: for planting and for looking underneath."""
    return engines.database(engines.owner_url, database_name)


@pytest.fixture
def migrator_url(engines: Engines, database_name: str) -> str:
    """The fresh database, as the migration's login sees it."""
    return engines.database(engines.migrator_url, database_name)


@pytest.fixture
def nats_url(engines: Engines) -> str:
    return engines.nats_url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """Scopes on the fresh database."""
    database = Database(database_url, pool_size=8, application="test")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def signer(db: Database) -> AsyncIterator[OrderSigner]:
    """The order key of the fresh database, as an api process holds it."""
    holder = OrderSigner(db.identity)
    await holder.open()
    yield holder
    await holder.close()


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """A connection to the real broker, with the stream of events in place."""
    connection = Bus(nats_url, name="test")
    await connection.open()
    await connection.ensure_events_stream()
    yield connection
    await connection.close()


@asynccontextmanager
async def _database(engines: Engines, name: str, kind: Kind) -> AsyncIterator[Database]:
    database = Database(engines.database(engines.urls[kind], name), pool_size=8, application=f"test-{kind}")
    await database.open()
    yield database
    await database.close()


@asynccontextmanager
async def _bus(engines: Engines, kind: Kind) -> AsyncIterator[Bus]:
    connection = Bus(engines.bus_urls[kind], name=f"test-{kind}", kind=kind)
    await connection.open()
    yield connection
    await connection.close()


@pytest.fixture
async def api_db(engines: Engines, database_name: str) -> AsyncIterator[Database]:
    """The fresh database as an api has it, with its login's rights and no others."""
    async with _database(engines, database_name, Kind.API) as database:
        yield database


@pytest.fixture
async def gateway_db(engines: Engines, database_name: str) -> AsyncIterator[Database]:
    """The fresh database as a gateway has it."""
    async with _database(engines, database_name, Kind.GATEWAY) as database:
        yield database


@pytest.fixture
async def worker_db(engines: Engines, database_name: str) -> AsyncIterator[Database]:
    """The fresh database as a worker has it."""
    async with _database(engines, database_name, Kind.WORKER) as database:
        yield database


@pytest.fixture
async def api_bus(engines: Engines) -> AsyncIterator[Bus]:
    """The broker as an api has it, with its user's permissions and no others."""
    async with _bus(engines, Kind.API) as connection:
        yield connection


@pytest.fixture
async def worker_bus(engines: Engines) -> AsyncIterator[Bus]:
    """The broker as a worker has it."""
    async with _bus(engines, Kind.WORKER) as connection:
        yield connection
