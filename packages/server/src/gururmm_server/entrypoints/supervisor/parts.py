"""The services of an installation: what each is started with and how it says that it is ready."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from nacl.bindings import crypto_sign_seed_keypair

from gururmm_server.entrypoints.supervisor.child import Command
from gururmm_server.entrypoints.supervisor.options import StackOptions
from gururmm_server.entrypoints.supervisor.service import ServiceSpec
from gururmm_server.infra.embedded.data_dir import AUDIT_HEADS, AUDIT_PUBLIC_KEY, DataDir, why_taken
from gururmm_server.infra.embedded.nats import EmbeddedNats
from gururmm_server.infra.embedded.postgres import EmbeddedPostgres
from gururmm_server.infra.embedded.probe import http_status
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.given import cannot_listen, engine_url
from gururmm_server.infra.kinds import Kind


class Parts:
    """Makes the specs. The URLs are those that the processes get, embedded or not."""

    def __init__(self, options: StackOptions, data: DataDir, say: Callable[[str], None]) -> None:
        """`say` gets sentences for the operator."""
        self._options = options
        self._data = data
        self.postgres = None if options.database_url else EmbeddedPostgres(data, say)
        self.nats = None if options.nats_url else EmbeddedNats(data, say)

    def database_url(self, kind: Kind) -> str:
        """Returns what this kind of process signs in to the database with."""
        if self.postgres is not None:
            return self.postgres.url(kind)
        return engine_url(self._options.database_url, "--database-url", kind)

    @property
    def owner_database_url(self) -> str:
        """Returns what the migration signs in with; empty where migrating is the operator's."""
        if self.postgres is not None:
            return self.postgres.owner_url
        return self._options.owner_database_url

    def nats_url(self, kind: Kind) -> str:
        """Returns what this kind of process signs in to the bus with."""
        return self.nats.url(kind) if self.nats is not None else engine_url(self._options.nats_url, "--nats-url", kind)

    def check_ports(self) -> None:
        """Raise `StartError` when a port that was asked for can't be opened."""
        wanted = [(self._options.port, "--port")]
        if self._options.gateway_port:
            wanted += [(self._options.gateway_port + i, "--gateway-port") for i in range(self._options.gateways)]
        for port, option in wanted:
            _check_port(self._options.host, port, option)

    def engines(self) -> list[ServiceSpec]:
        """Prepares the folders of PostgreSQL and nats-server, and returns the two as far as they are embedded."""
        specs = []
        if self.postgres is not None:
            self.postgres.prepare()
            specs.append(_postgres_spec(self.postgres))
        if self.nats is not None:
            self.nats.prepare()
            specs.append(_nats_spec(self.nats))
        return specs

    def migration(self) -> Command:
        return self._python("migrate", {"GURURMM_DATABASE_URL": self.owner_database_url})

    def seed(self) -> Command:
        password = self._data.secret("demo-password", 8)
        return self._python("seed-demo", self._urls(Kind.API), GURURMM_DEMO_PASSWORD=password)

    def servers(self) -> list[ServiceSpec]:
        """Returns the api, gateway and worker processes."""
        options = self._options
        self._data.remember(AUDIT_PUBLIC_KEY, self._audit_public_key())
        return [
            *(self._api(i) for i in range(options.apis)),
            *(self._gateway(i) for i in range(options.gateways)),
            *(self._worker(i) for i in range(options.workers)),
        ]

    def simulation(self, site_codes: list[str]) -> ServiceSpec:
        """Returns what simulates machines, which speak the real protocol."""
        home = self._home("simulator")
        argv = (
            *(sys.executable, "-m", "gururmm_bench.simulator", "--server", self._options.url),
            *("--machines", str(self._options.machines), "--state-dir", str(home)),
        )
        return ServiceSpec(
            name="simulator",
            title="The simulator",
            command=Command(argv=argv, environment=environment(GURURMM_SITE_CODES=",".join(site_codes)), cwd=home),
            ready=_at_once,
            stop_limit_s=5,
        )

    def agent(self, site_code: str) -> ServiceSpec:
        """Returns the real agent of this machine."""
        home = self._home("agent")
        argv = (
            # As in the bundle: a megabyte less without docstrings.
            *(sys.executable, "-OO", "-m", "gururmm_agent", "run", "--server", self._options.url),
            *("--state-dir", str(home)),
            *(["--insecure-http"] if self._options.insecure_http else []),
        )
        return ServiceSpec(
            name="agent",
            title="The agent of this machine",
            command=Command(argv=argv, environment=environment(GURURMM_SITE_CODE=site_code), cwd=home),
            ready=_at_once,
            stop_limit_s=5,
        )

    def _api(self, index: int) -> ServiceSpec:
        port = self._options.port if index == 0 else self._data.port(f"api-{index + 1}")
        host = self._options.local_host

        async def ready() -> bool:
            return await http_status(port, "/readyz", host=host) == 200

        command = self._python(
            Kind.API,
            self._urls(Kind.API),
            GURURMM_PORT=str(port),
            GURURMM_HOST=self._options.host,
            GURURMM_AUDIT_STORE=str(self._data.root / AUDIT_HEADS),
            GURURMM_AUDIT_PUBLIC_KEY=self._audit_public_key(),
            GURURMM_STORAGE_DIR="" if self.postgres is None else str(self._data.root),
            GURURMM_DISK_RESERVE_MB=str(self._options.disk_reserve_mb),
        )
        return _server_spec("api", index, command, ready)

    def _gateway(self, index: int) -> ServiceSpec:
        options = self._options
        name = _numbered("gateway", index)
        port = options.gateway_port + index if options.gateway_port else self._data.port(name)
        health_port = self._data.port(f"{name}-health")

        async def ready() -> bool:
            return await http_status(health_port, "/readyz") == 200

        command = self._python(
            Kind.GATEWAY,
            self._urls(Kind.GATEWAY),
            GURURMM_HOST=options.host,
            GURURMM_PORT=str(port),
            GURURMM_HEALTH_PORT=str(health_port),
            GURURMM_ADVERTISE_URL="" if options.told_gateways else f"ws://{options.reachable_host}:{port}",
        )
        return _server_spec("gateway", index, command, ready)

    def _worker(self, index: int) -> ServiceSpec:
        health_port = self._data.port(f"{_numbered('worker', index)}-health")

        async def ready() -> bool:
            return await http_status(health_port, "/readyz") == 200

        command = self._python(
            Kind.WORKER,
            self._urls(Kind.WORKER),
            GURURMM_HEALTH_PORT=str(health_port),
            GURURMM_AUDIT_STORE=str(self._data.root / AUDIT_HEADS),
            GURURMM_AUDIT_KEY_FILE=str(self._data.secret_path("audit-key", 32)),
        )
        return _server_spec("worker", index, command, ready)

    def _audit_public_key(self) -> str:
        return crypto_sign_seed_keypair(bytes.fromhex(self._data.secret("audit-key", 32)))[0].hex()

    def _urls(self, kind: Kind) -> dict[str, str]:
        """Returns the URLs of one kind of process, which no other kind gets to know."""
        return {"GURURMM_DATABASE_URL": self.database_url(kind), "GURURMM_NATS_URL": self.nats_url(kind)}

    def _python(self, part: str, urls: dict[str, str], **more: str) -> Command:
        """Returns the command of a part of this program. Its URLs go by environment: they hold passwords."""
        options = self._options
        settings = {
            **urls,
            "GURURMM_PUBLIC_URL": options.url,
            "GURURMM_GATEWAY_URLS": ",".join(options.told_gateways),
            "GURURMM_INSECURE_HTTP": "1" if options.insecure_http else "",
            "GURURMM_DASHBOARD_DIR": "" if options.dashboard_dir is None else str(options.dashboard_dir),
            "GURURMM_AGENT_BUNDLE_DIR": "" if options.agent_bundle_dir is None else str(options.agent_bundle_dir),
            "GURURMM_TRUSTED_PROXIES": options.trusted_proxies,
            "GURURMM_METRICS_FROM": options.metrics_from,
        }
        given = {name: value for name, value in {**settings, **more}.items() if value}
        return Command(
            argv=(sys.executable, "-m", "gururmm_server", part),
            environment=environment(**given),
            cwd=self._data.root,
        )

    def _home(self, name: str) -> Path:
        path = self._data.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path


def environment(**more: str) -> dict[str, str]:
    """Returns our environment without what was meant for the supervisor itself, and `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GURURMM_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def _server_spec(kind: str, index: int, command: Command, ready: Callable[[], Awaitable[bool]]) -> ServiceSpec:
    name = _numbered(kind, index)
    return ServiceSpec(name=name, title=f"The {name} process", command=command, ready=ready, stop_limit_s=30)


def _numbered(kind: str, index: int) -> str:
    return kind if index == 0 else f"{kind}-{index + 1}"


def _postgres_spec(postgres: EmbeddedPostgres) -> ServiceSpec:
    return ServiceSpec(
        name="postgres",
        title="PostgreSQL",
        command=Command(
            argv=postgres.argv(),
            environment={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            cwd=postgres.cwd,
            account=postgres.account,
            orphan_signal=signal.SIGQUIT,
        ),
        ready=postgres.ready,
        start_limit_s=120,  # recovery after a crash may have much to read
        stop_signal=signal.SIGINT,
        stop_limit_s=30,
        before_start=postgres.remove_stale_pid_file,
    )


def _nats_spec(nats: EmbeddedNats) -> ServiceSpec:
    return ServiceSpec(
        name="nats",
        title="nats-server",
        command=Command(argv=nats.argv(), environment={"PATH": "/usr/bin:/bin"}, cwd=nats.cwd),
        ready=nats.ready,
        before_start=nats.set_damaged_aside,
    )


def _check_port(host: str, port: int, option: str) -> None:
    if port > 65535:
        raise StartError(f"There is no port {port}, the last is 65535: choose a lower one with {option}.")
    error = why_taken(host, port)
    if error is not None:
        raise cannot_listen(error, host, port, option)


async def _at_once() -> bool:
    return True
