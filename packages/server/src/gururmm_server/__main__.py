"""The command line: `gururmm up`, `gururmm demo`, and the single parts. `python -m gururmm_server` is the same."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer

from gururmm_server.entrypoints.supervisor.options import StackOptions
from gururmm_server.infra import given
from gururmm_server.infra.embedded.data_dir import AUDIT_HEADS, AUDIT_PUBLIC_KEY, DataDir
from gururmm_server.infra.errors import GuruError, StartError
from gururmm_server.infra.kinds import Kind
from gururmm_server.settings import ProcessSettings

# Imported where they are used: the supervisor stays small and `--help` quick because the server's parts stay out.

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="GuruRMM: remote monitoring and management for managed service providers.",
)
admin = typer.Typer(no_args_is_help=True, help="Platform administration from the server's own terminal.")
audit = typer.Typer(no_args_is_help=True, help="The audit trail.")
app.add_typer(admin, name="admin")
keys = typer.Typer(no_args_is_help=True, help="The keys that agents trust.")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")

_DATA = Path("~/.local/share/gururmm")


def _option(name: str, text: str, **more: Any) -> Any:
    return typer.Option(f"--{name}", help=text, envvar=f"GURURMM_{name.upper().replace('-', '_')}", **more)


def _port(name: str, text: str, *, lowest: int = 0) -> Any:
    return _option(name, text, min=lowest, max=65535)


Data = Annotated[Path, _option("data", "The folder that keeps everything.")]
DatabaseUrl = Annotated[str, _option("database-url", "postgresql://login:password@host/database, or file:PATH.")]
NatsUrl = Annotated[
    str, _option("nats-url", "nats://user:password@host:port, comma-separated for a cluster, or file:PATH.")
]
DatabaseUrls = Annotated[
    str,
    _option("database-url", "The same with {kind} where api, gateway and worker differ: file:/…/{kind}/database-url"),
]
NatsUrls = Annotated[str, _option("nats-url", "The same for the bus: file:/…/{kind}/nats-url")]
Host = Annotated[str, _option("host", "The address to listen on; 0.0.0.0 for all.")]
Port = Annotated[int, _port("port", "The port to listen on.", lowest=1)]
AnyPort = Annotated[int, _port("port", "The port to listen on; 0 takes a free one.")]
HealthPort = Annotated[int, _port("health-port", "Port of /healthz, /readyz and /metrics; 0 takes a free one.")]
PublicUrl = Annotated[str, _option("public-url", "What browsers and agents call this server: https://rmm.example.org")]
GatewayUrls = Annotated[str, _option("gateway-urls", "What agents are told: wss://…, comma-separated.")]
InsecureHttp = Annotated[
    bool,
    _option(
        "insecure-http",
        "Let others reach this without TLS, although whoever is on the way could read passwords and terminals and take "
        "over machines that are added.",
    ),
]
AdvertiseUrl = Annotated[str, _option("advertise-url", "Where agents reach this very gateway; empty: ws://host:port.")]
Dashboard = Annotated[Path | None, _option("dashboard-dir", "The built dashboard.")]
Bundle = Annotated[Path | None, _option("agent-bundle-dir", "The built agent bundle.")]
Proxies = Annotated[str, _option("trusted-proxies", "Addresses whose X-Forwarded-For is believed, comma-separated.")]
MetricsFrom = Annotated[
    str, _option("metrics-from", "Addresses that may read /metrics beside this machine, comma-separated.")
]
LogFormat = Annotated[str, _option("log-format", "json or console.")]
PoolSize = Annotated[int, _option("pool-size", "Database connections of this process.")]
Count = Annotated[int, typer.Option(min=1, max=64, help="How many processes of this kind.")]
DiskReserve = Annotated[
    int, _option("disk-reserve-mb", "Below this much free disk (MB) nothing more is written.", min=1)
]
StorageDir = Annotated[
    Path | None, _option("storage-dir", "A folder on the database's disk, where that is this machine's.")
]
OwnerUrl = Annotated[
    str, _option("owner-database-url", "The login that may change the schema; without it that is left to `migrate`.")
]
AuditStore = Annotated[Path | None, _option("audit-store", "The folder of the audit's signed heads.")]
AuditKeyFile = Annotated[
    Path | None, _option("audit-key-file", "The file with the key that signs them (64 hex digits).")
]
AuditPublicKey = Annotated[str, _option("audit-public-key", "What `gururmm audit public-key` says of that key.")]
GatewayPort = Annotated[int, _port("gateway-port", "The agents' port; 0 takes a free one and keeps it.")]


@app.command()
def up(
    *,
    data: Data = _DATA,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    gateway_port: GatewayPort = 8081,
    public_url: PublicUrl = "",
    gateway_urls: GatewayUrls = "",
    database_url: DatabaseUrls = "",
    owner_database_url: OwnerUrl = "",
    nats_url: NatsUrls = "",
    apis: Count = 1,
    gateways: Count = 1,
    workers: Count = 1,
    disk_reserve_mb: DiskReserve = 512,
    trusted_proxies: Proxies = "",
    metrics_from: MetricsFrom = "",
    insecure_http: InsecureHttp = False,
    dashboard_dir: Dashboard = None,
    agent_bundle_dir: Bundle = None,
) -> None:
    """Run all of GuruRMM on this machine until Ctrl-C."""
    given.proxy_networks(_list(trusted_proxies))
    given.proxy_networks(_list(metrics_from), "--metrics-from")
    public_url = given.public_url(public_url)
    _run_stack(
        StackOptions(
            data=data,
            host=host,
            port=port,
            gateway_port=gateway_port,
            public_url=public_url,
            gateway_urls=given.gateway_urls(_list(gateway_urls), public_url),
            insecure_http=insecure_http,
            database_url=_database_urls(database_url),
            owner_database_url=given.engine_url(owner_database_url, "--owner-database-url"),
            nats_url=_nats_urls(nats_url),
            apis=apis,
            gateways=gateways,
            workers=workers,
            disk_reserve_mb=disk_reserve_mb,
            trusted_proxies=trusted_proxies,
            metrics_from=metrics_from,
            dashboard_dir=dashboard_dir or _built("dashboard/dist"),
            agent_bundle_dir=agent_bundle_dir or _built("dist/agent"),
        )
    )


@app.command()
def demo(
    *,
    data: Data = Path(".demo"),
    host: Host = "127.0.0.1",
    port: Port = 8080,
    gateway_port: GatewayPort = 0,
    ready_file: Annotated[Path | None, typer.Option(help="Written as JSON once the real agent is online.")] = None,
    machines: Annotated[int, typer.Option(min=0, max=20000, help="Simulated machines.")] = 25,
    database_url: DatabaseUrls = "",
    owner_database_url: OwnerUrl = "",
    nats_url: NatsUrls = "",
    apis: Count = 1,
    gateways: Count = 1,
    workers: Count = 1,
    disk_reserve_mb: DiskReserve = 512,
    insecure_http: InsecureHttp = False,
    dashboard_dir: Dashboard = None,
    agent_bundle_dir: Bundle = None,
) -> None:
    """The same with a demo Partner, this machine's own agent, and simulated machines."""
    _run_stack(
        StackOptions(
            data=data,
            host=host,
            port=port,
            gateway_port=gateway_port,
            insecure_http=insecure_http,
            database_url=_database_urls(database_url),
            owner_database_url=given.engine_url(owner_database_url, "--owner-database-url"),
            nats_url=_nats_urls(nats_url),
            apis=apis,
            gateways=gateways,
            workers=workers,
            disk_reserve_mb=disk_reserve_mb,
            dashboard_dir=dashboard_dir or _built("dashboard/dist"),
            agent_bundle_dir=agent_bundle_dir or _built("dist/agent"),
            demo=True,
            machines=machines,
            ready_file=ready_file,
        )
    )


@app.command()
def api(
    *,
    database_url: DatabaseUrl,
    nats_url: NatsUrl,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    public_url: PublicUrl = "",
    gateway_urls: GatewayUrls = "",
    dashboard_dir: Dashboard = None,
    agent_bundle_dir: Bundle = None,
    trusted_proxies: Proxies = "",
    metrics_from: MetricsFrom = "",
    audit_store: AuditStore = None,
    audit_public_key: AuditPublicKey = "",
    storage_dir: StorageDir = None,
    disk_reserve_mb: DiskReserve = 512,
    insecure_http: InsecureHttp = False,
    log_format: LogFormat = "json",
    pool_size: PoolSize = 10,
) -> None:
    """One api process: the dashboard, REST, and browsers' live streams."""
    from gururmm_server.bootstrap.api import run_api

    given.proxy_networks(_list(trusted_proxies))
    given.proxy_networks(_list(metrics_from), "--metrics-from")
    public_url = given.public_url(public_url) or given.own_url(host, port)
    told = given.gateway_urls(_list(gateway_urls), public_url)
    given.without_tls((public_url, *told), accepted=insecure_http)
    settings = ProcessSettings(
        database_url=_own(Kind.API, "--database-url", database_url),
        nats_url=_own(Kind.API, "--nats-url", nats_url),
        host=host,
        port=port,
        public_url=public_url,
        gateway_urls=told,
        dashboard_dir=dashboard_dir or _built("dashboard/dist"),
        agent_bundle_dir=agent_bundle_dir or _built("dist/agent"),
        trusted_proxies=_list(trusted_proxies),
        metrics_from=_list(metrics_from),
        audit_store=audit_store,
        audit_public_key=audit_public_key,
        storage_dir=storage_dir,
        disk_reserve_mb=disk_reserve_mb,
        log_format=log_format,
        pool_size=pool_size,
    )
    _serve(run_api(settings))


@app.command()
def gateway(
    *,
    database_url: DatabaseUrl,
    nats_url: NatsUrl,
    host: Host = "127.0.0.1",
    port: AnyPort = 8081,
    health_port: HealthPort = 0,
    advertise_url: AdvertiseUrl = "",
    public_url: PublicUrl = "",
    gateway_urls: GatewayUrls = "",
    trusted_proxies: Proxies = "",
    metrics_from: MetricsFrom = "",
    log_format: LogFormat = "json",
    pool_size: PoolSize = 10,
) -> None:
    """One gateway process: the agents' sockets."""
    from gururmm_server.bootstrap.gateway import run_gateway

    given.proxy_networks(_list(trusted_proxies))
    given.proxy_networks(_list(metrics_from), "--metrics-from")
    public_url = given.public_url(public_url)
    told = given.gateway_urls(_list(gateway_urls), public_url)
    settings = ProcessSettings(
        database_url=_own(Kind.GATEWAY, "--database-url", database_url),
        nats_url=_own(Kind.GATEWAY, "--nats-url", nats_url),
        host=host,
        port=port,
        health_port=health_port,
        advertise_url=given.advertise_url(advertise_url, public_url, told),
        trusted_proxies=_list(trusted_proxies),
        metrics_from=_list(metrics_from),
        log_format=log_format,
        pool_size=pool_size,
    )
    _serve(run_gateway(settings))


@app.command()
def worker(
    *,
    database_url: DatabaseUrl,
    nats_url: NatsUrl,
    health_port: HealthPort = 0,
    audit_store: AuditStore = None,
    audit_key_file: AuditKeyFile = None,
    log_format: LogFormat = "json",
    pool_size: PoolSize = 10,
) -> None:
    """One worker process: events, deadlines, roll-ups, the audit's signed heads."""
    from gururmm_server.bootstrap.worker import run_worker

    settings = ProcessSettings(
        database_url=_own(Kind.WORKER, "--database-url", database_url),
        nats_url=_own(Kind.WORKER, "--nats-url", nats_url),
        health_port=health_port,
        audit_store=audit_store,
        audit_key_file=audit_key_file,
        log_format=log_format,
        pool_size=pool_size,
    )
    _serve(run_worker(settings))


@app.command()
def migrate(
    *,
    database_url: DatabaseUrl = "",
    logins: Annotated[
        str, _option("logins", "Let the processes sign in as these URLs say: file:/…/{kind}/database-url")
    ] = "",
    data: Data = _DATA,
) -> None:
    """Bring the database's schema to this version. Safe to repeat."""
    from gururmm_server.infra import schema

    url = given.engine_url(database_url, "--database-url") or _embedded(data).owner_url
    passwords = _passwords("--logins", _database_urls(logins, "--logins")) if logins else {}
    asyncio.run(schema.migrate(url))
    if passwords:
        asyncio.run(schema.open_logins(url, passwords))


@app.command()
def nats_users(*, nats_url: NatsUrls) -> None:
    """Print the users of nats-server, for its configuration: one for each kind of process, with what it may do."""
    from gururmm_server.infra.subjects import users

    typer.echo(users(_passwords("--nats-url", _nats_urls(nats_url))), nl=False)


@app.command(hidden=True)
def seed_demo(
    *,
    database_url: DatabaseUrl,
    nats_url: NatsUrl,
    demo_password: Annotated[str, _option("demo-password", "What the demo's admin signs in with.")],
    public_url: PublicUrl = "",
) -> None:
    """Make the demo's Partner, or find it again; prints how to sign in as JSON."""
    from gururmm_server.bootstrap import administration

    settings = ProcessSettings(
        database_url=_own(Kind.API, "--database-url", database_url),
        nats_url=_own(Kind.API, "--nats-url", nats_url),
        public_url=public_url,
    )
    seed = asyncio.run(administration.seed_demo(settings, demo_password))
    typer.echo(json.dumps(asdict(seed), default=str))


@app.command(hidden=True)
def openapi() -> None:
    """Print the API's OpenAPI document. Connects to nothing."""
    from gururmm_server.bootstrap.api import openapi_document

    typer.echo(json.dumps(openapi_document(), indent=1, sort_keys=True))


@admin.command("create")
def admin_create(
    *,
    email: Annotated[str, typer.Option(help="Who shall sign in.")],
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    data: Data = _DATA,
    database_url: DatabaseUrl = "",
    public_url: PublicUrl = "",
) -> None:
    """Make a Platform admin and print a link, good for one sign-in, that sets their password."""
    from gururmm_server.bootstrap.administration import create_admin

    link = asyncio.run(create_admin(_settings(data, database_url, public_url), email, name or email.partition("@")[0]))
    typer.echo(link)


@admin.command("reset-factor")
def admin_reset_factor(
    *,
    email: Annotated[str, typer.Option(help="Who lost their second factor, and has proved to you who they are.")],
    data: Data = _DATA,
    database_url: DatabaseUrl = "",
) -> None:
    """Take a person's second factor away and end their sign-ins: their password alone is enough then."""
    from gururmm_server.bootstrap.administration import reset_factor

    asyncio.run(reset_factor(_settings(data, database_url, ""), email))
    typer.echo(f"{email} signs in with their password alone now.")


@audit.command("verify")
def audit_verify(
    *,
    tenant: Annotated[UUID | None, typer.Option(help="One Partner's id; all of them otherwise.")] = None,
    data: Data = _DATA,
    database_url: DatabaseUrl = "",
    audit_store: AuditStore = None,
    audit_public_key: AuditPublicKey = "",
) -> None:
    """Check the chains of hashes, and that every row that was signed is there; exit 1 when one is broken."""
    from gururmm_server.bootstrap.administration import verify_audit

    settings = _settings(data, database_url, "")
    if not database_url:
        folder = DataDir(data)
        audit_store = audit_store or folder.root / AUDIT_HEADS
        audit_public_key = audit_public_key or folder.remembered(AUDIT_PUBLIC_KEY)
    settings = replace(settings, audit_store=audit_store, audit_public_key=audit_public_key)
    results = asyncio.run(verify_audit(settings, tenant))
    for result in results:
        typer.echo(f"{result.tenant_id}  {result.partner_name}  {result.chain}  {result.rows} rows  {result.state}")
    if not audit_public_key or audit_store is None:
        typer.echo("Without --audit-store and --audit-public-key an end that was cut off is not seen.", err=True)
    if not any(result.rows for result in results):
        typer.echo("There is nothing to verify: no row was written yet.")
    if not all(result.ok for result in results):
        raise typer.Exit(1)


@audit.command("public-key")
def audit_public_key(*, audit_key_file: AuditKeyFile) -> None:
    """Print the public half of the key that signs the audit's heads."""
    from gururmm_server.core.audit.store import audit_key

    typer.echo(audit_key(ProcessSettings(database_url="", nats_url="", audit_key_file=audit_key_file)).public.hex())


class Rotated(StrEnum):
    """The keys that can be changed while agents are in the field."""

    ORDER = "order"


@keys.command("status")
def keys_status(*, data: Data = _DATA, database_url: DatabaseUrl = "") -> None:
    """Show every key that signs what agents do, or did, the oldest first."""
    _order_keys("status", data, database_url)


@keys.command("rotate")
def keys_rotate(
    which: Annotated[Rotated, typer.Argument(help="Which key.")], *, data: Data = _DATA, database_url: DatabaseUrl = ""
) -> None:
    """Add a key, and tell every agent of it. The old one is accepted until it is retired."""
    assert which is Rotated.ORDER
    _order_keys("rotate", data, database_url)


@keys.command("retire")
def keys_retire(
    which: Annotated[Rotated, typer.Argument(help="Which key.")],
    *,
    at_once: Annotated[
        bool, typer.Option(help="Within a week of the rotation: commands on their way are then refused.")
    ] = False,
    data: Data = _DATA,
    database_url: DatabaseUrl = "",
) -> None:
    """Let agents forget every key but the newest."""
    assert which is Rotated.ORDER
    _order_keys("retire", data, database_url, at_once=at_once)


def _order_keys(
    act: Literal["status", "rotate", "retire"], data: Path, database_url: str, *, at_once: bool = False
) -> None:
    from gururmm_server.bootstrap.administration import order_keys

    for key in asyncio.run(order_keys(_settings(data, database_url, ""), act, at_once=at_once)):
        until = "" if key.retired_at is None else f", retired {key.retired_at:%Y-%m-%d %H:%M}"
        typer.echo(f"order  {key.key_id}  {key.state:9}  signs from {key.signs_from:%Y-%m-%d %H:%M}{until} UTC")


def main() -> None:
    """The entry point. Whatever keeps a command from starting ends in one sentence and exit code 1."""
    try:
        app()
    except (StartError, GuruError) as error:
        typer.echo(f"gururmm: {error}", err=True)
        sys.exit(1)


def _run_stack(options: StackOptions) -> None:
    from gururmm_server.entrypoints.supervisor.stack import Stack
    from gururmm_server.entrypoints.supervisor.terminal import Terminal, command_beside
    from gururmm_server.infra.logging import configure_logging

    configure_logging("supervisor", "console")
    data = None if options.data == _DATA else options.data
    terminal = Terminal(command_beside(sys.argv[0], "admin create", data, options.database_url))
    asyncio.run(Stack(options, terminal).run())


def _serve(work: Coroutine[Any, Any, None]) -> None:
    import uvloop

    uvloop.run(work)


def _settings(data: Path, database_url: str, public_url: str) -> ProcessSettings:
    """For a command beside a running GuruRMM: its embedded database, or the one that was given."""
    return ProcessSettings(
        database_url=_own(Kind.API, "--database-url", database_url) or _embedded(data).url(Kind.API),
        nats_url="",
        public_url=given.public_url(public_url) or DataDir(data).remembered("url") or "http://127.0.0.1:8080",
    )


def _database_urls(text: str, option: str = "--database-url") -> str:
    return given.url_of_each_kind(text, option, "postgresql://gururmm_login_{kind}:…@db.example.org/gururmm")


def _nats_urls(text: str) -> str:
    return given.url_of_each_kind(text, "--nats-url", "nats://{kind}:…@nats.example.org:4222")


def _own(kind: Kind, option: str, text: str) -> str:
    return given.engine_url(text, option, kind)


def _passwords(option: str, urls: str) -> dict[Kind, str]:
    return {kind: given.password(_own(kind, option, urls), option, kind) for kind in Kind}


def _embedded(data: Path) -> Any:
    from gururmm_server.infra.embedded.postgres import EmbeddedPostgres

    folder = DataDir(data)
    if not folder.known_port("postgres"):
        raise StartError(
            f"There is no GuruRMM in {folder.root}: start it with `gururmm up`, "
            "or say where it is with --data or --database-url."
        )
    return EmbeddedPostgres(folder)


def _built(path: str) -> Path | None:
    """A build's folder in the checkout that this runs from; None where it wasn't built or isn't a checkout."""
    folder = Path(__file__).resolve().parents[4] / path
    return folder if folder.is_dir() else None


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


if __name__ == "__main__":
    main()
