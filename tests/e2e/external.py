"""PostgreSQL and nats-server of Debian's packages, started by the test as an operator would have them."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
from product import until

BIN = Path(sys.executable).parent
DEPLOY = Path(__file__).parents[2] / "deploy"
KINDS = ("api", "gateway", "worker")
OLDEST_POSTGRES = 15
"""Debian 12's; Debian 13 brings 17."""


def newest_postgres(versions: Path = Path("/usr/lib/postgresql")) -> Path:
    """Returns where the programs of the newest PostgreSQL are that Debian's packages installed."""
    there = [int(path.parts[-3]) for path in versions.glob("*/bin/postgres") if path.parts[-3].isdigit()]
    newest = max(there, default=0)
    assert newest >= OLDEST_POSTGRES, f"PostgreSQL {OLDEST_POSTGRES} or newer is missing: apt-get install postgresql"
    return versions / str(newest) / "bin"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class ExternalEngines:
    """Both engines, each restartable after a kill -9."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._ports = {"postgres": free_port(), "nats": free_port()}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        nats = shutil.which("nats-server", path="/usr/sbin:/usr/bin")
        assert nats is not None, "Debian's nats-server is missing: apt-get install nats-server"
        self._postgres = newest_postgres()
        self._nats = nats
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    @property
    def database_url(self) -> str:
        """What the processes sign in with, each kind with its own."""
        return f"file:{self._home}/{{kind}}/database-url"

    @property
    def owner_database_url(self) -> str:
        """What the migration signs in with."""
        return f"postgresql://gururmm_owner:owner@127.0.0.1:{self._ports['postgres']}/gururmm"

    @property
    def nats_url(self) -> str:
        """The same for the bus."""
        return f"file:{self._home}/{{kind}}/nats-url"

    def start(self) -> None:
        cluster = self._home / "postgres"
        cluster.mkdir(parents=True)
        if self._user is not None:
            os.chown(cluster, self._user.pw_uid, self._user.pw_gid)
            for folder in (cluster, *cluster.parents):
                folder.chmod(folder.stat().st_mode | 0o011)
        self._as_user(
            self._postgres / "initdb",
            "-D",
            cluster / "d",
            "-U",
            "postgres",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "-EUTF8",
        )
        # As docs/howto/run-it-for-real.md says.
        for kind in KINDS:
            password, folder = secrets.token_hex(24), self._home / kind
            folder.mkdir(mode=0o700)
            database = f"gururmm_login_{kind}:{password}@127.0.0.1:{self._ports['postgres']}/gururmm"
            (folder / "database-url").write_text(f"postgresql://{database}\n")
            (folder / "nats-url").write_text(f"nats://{kind}:{secrets.token_hex(24)}@127.0.0.1:{self._ports['nats']}\n")
        users = self._gururmm("nats-users", "--nats-url", self.nats_url)
        (self._home / "gururmm-users.conf").write_text(users)
        example = (DEPLOY / "nats" / "nats-server.conf").read_text()
        (self._home / "nats-server.conf").write_text(example.replace("/var/lib/nats", str(self._home / "nats")))
        for name in self._ports:
            self.restart(name)
        self._sql("create role gururmm_owner login createrole password 'owner'")
        self._sql("create database gururmm owner gururmm_owner")
        self._gururmm("migrate", "--database-url", self.owner_database_url, "--logins", self.database_url)

    def restart(self, name: str) -> None:
        """Start an engine (again) and wait until it takes connections."""
        port = self._ports[name]
        cluster = self._home / "postgres"
        command: list[str | Path] = (
            [
                self._postgres / "postgres",
                "-D",
                cluster / "d",
                "-p",
                str(port),
                "-k",
                cluster,
                "-c",
                "listen_addresses=127.0.0.1",
            ]
            if name == "postgres"
            else [self._nats, "-c", self._home / "nats-server.conf", "-a", "127.0.0.1", "-p", str(port)]
        )
        user = self._user if name == "postgres" else None
        with (self._home / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._home,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        until(lambda: answers(port), 20, lambda: self._running[name].poll() is None or f"{name} ended")

    def kill(self, name: str) -> None:
        """kill -9, then start it again."""
        children = psutil.Process(self._running[name].pid).children()
        self._running[name].send_signal(signal.SIGKILL)
        self._running[name].wait(10)
        if name == "postgres":
            # Its children end by themselves once they notice; a new postmaster refuses to start beside one of them.
            psutil.wait_procs(children, 20)
            (self._home / "postgres" / "d" / "postmaster.pid").unlink(missing_ok=True)
        self.restart(name)

    def stop(self) -> None:
        for name, process in self._running.items():
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            process.wait(30)

    def _gururmm(self, *arguments: str) -> str:
        """What the command says; it has to succeed."""
        return subprocess.run([BIN / "gururmm", *arguments], check=True, capture_output=True, text=True).stdout

    def _sql(self, statement: str) -> None:
        """Run a statement as the superuser."""
        port = str(self._ports["postgres"])
        self._as_user(
            self._postgres / "psql", "-h", self._home / "postgres", "-p", port, "-U", "postgres", "-qc", statement
        )

    def _as_user(self, *command: str | Path) -> None:
        user = self._user
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            cwd=self._home / "postgres",
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
