"""The command line: `gururmm up`, `gururmm demo`, and the single parts. `python -m gururmm_server` is the same."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gururmm_server.bootstrap import upkeep
from gururmm_server.bootstrap.options import (
    DATA,
    AdvertiseUrl,
    AnyPort,
    AuditKeyFile,
    AuditPublicKey,
    AuditStore,
    Bundle,
    Count,
    Dashboard,
    Data,
    DatabaseUrl,
    DatabaseUrls,
    DiskReserve,
    GatewayPort,
    GatewayUrls,
    HealthPort,
    Host,
    InsecureHttp,
    LogFormat,
    MetricsFrom,
    NatsUrl,
    NatsUrls,
    OwnerUrl,
    PoolSize,
    Port,
    Proxies,
    PublicUrl,
    StorageDir,
    built,
    database_urls,
    listed,
    nats_urls,
    option,
    own_url,
    passwords,
)
from gururmm_server.entrypoints.supervisor.options import StackOptions
from gururmm_server.infra import given
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
app.add_typer(upkeep.admin, name="admin")
app.add_typer(upkeep.audit, name="audit")
app.add_typer(upkeep.keys, name="keys")


@app.command()
def up(
    *,
    data: Data = DATA,
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
    given.proxy_networks(listed(trusted_proxies))
    given.proxy_networks(listed(metrics_from), "--metrics-from")
    public_url = given.public_url(public_url)
    _run_stack(
        StackOptions(
            data=data,
            host=host,
            port=port,
            gateway_port=gateway_port,
            public_url=public_url,
            gateway_urls=given.gateway_urls(listed(gateway_urls), public_url),
            insecure_http=insecure_http,
            database_url=database_urls(database_url),
            owner_database_url=given.engine_url(owner_database_url, "--owner-database-url"),
            nats_url=nats_urls(nats_url),
            apis=apis,
            gateways=gateways,
            workers=workers,
            disk_reserve_mb=disk_reserve_mb,
            trusted_proxies=trusted_proxies,
            metrics_from=metrics_from,
            dashboard_dir=dashboard_dir or built("dashboard/dist"),
            agent_bundle_dir=agent_bundle_dir or built("dist/agent"),
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
            database_url=database_urls(database_url),
            owner_database_url=given.engine_url(owner_database_url, "--owner-database-url"),
            nats_url=nats_urls(nats_url),
            apis=apis,
            gateways=gateways,
            workers=workers,
            disk_reserve_mb=disk_reserve_mb,
            dashboard_dir=dashboard_dir or built("dashboard/dist"),
            agent_bundle_dir=agent_bundle_dir or built("dist/agent"),
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

    given.proxy_networks(listed(trusted_proxies))
    given.proxy_networks(listed(metrics_from), "--metrics-from")
    public_url = given.public_url(public_url) or given.own_url(host, port)
    told = given.gateway_urls(listed(gateway_urls), public_url)
    given.without_tls((public_url, *told), accepted=insecure_http)
    settings = ProcessSettings(
        database_url=own_url(Kind.API, "--database-url", database_url),
        nats_url=own_url(Kind.API, "--nats-url", nats_url),
        host=host,
        port=port,
        public_url=public_url,
        gateway_urls=told,
        dashboard_dir=dashboard_dir or built("dashboard/dist"),
        agent_bundle_dir=agent_bundle_dir or built("dist/agent"),
        trusted_proxies=listed(trusted_proxies),
        metrics_from=listed(metrics_from),
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

    given.proxy_networks(listed(trusted_proxies))
    given.proxy_networks(listed(metrics_from), "--metrics-from")
    public_url = given.public_url(public_url)
    told = given.gateway_urls(listed(gateway_urls), public_url)
    settings = ProcessSettings(
        database_url=own_url(Kind.GATEWAY, "--database-url", database_url),
        nats_url=own_url(Kind.GATEWAY, "--nats-url", nats_url),
        host=host,
        port=port,
        health_port=health_port,
        advertise_url=given.advertise_url(advertise_url, public_url, told),
        trusted_proxies=listed(trusted_proxies),
        metrics_from=listed(metrics_from),
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
        database_url=own_url(Kind.WORKER, "--database-url", database_url),
        nats_url=own_url(Kind.WORKER, "--nats-url", nats_url),
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
        str, option("logins", "Let the processes sign in as these URLs say: file:/…/{kind}/database-url")
    ] = "",
    data: Data = DATA,
) -> None:
    """Bring the database's schema to this version. Safe to repeat."""
    from gururmm_server.infra import schema

    url = given.engine_url(database_url, "--database-url") or upkeep.embedded(data).owner_url
    to_sign_in = passwords("--logins", database_urls(logins, "--logins")) if logins else {}
    asyncio.run(schema.migrate(url))
    if to_sign_in:
        asyncio.run(schema.open_logins(url, to_sign_in))


@app.command()
def nats_users(*, nats_url: NatsUrls) -> None:
    """Print the users of nats-server, for its configuration: one for each kind of process, with what it may do."""
    from gururmm_server.infra.subjects import users

    typer.echo(users(passwords("--nats-url", nats_urls(nats_url))), nl=False)


@app.command(hidden=True)
def seed_demo(
    *,
    database_url: DatabaseUrl,
    nats_url: NatsUrl,
    demo_password: Annotated[str, option("demo-password", "What the demo's admin signs in with.")],
    public_url: PublicUrl = "",
) -> None:
    """Make the demo's Partner, or find it again; prints how to sign in as JSON."""
    from gururmm_server.bootstrap import administration

    settings = ProcessSettings(
        database_url=own_url(Kind.API, "--database-url", database_url),
        nats_url=own_url(Kind.API, "--nats-url", nats_url),
        public_url=public_url,
    )
    seed = asyncio.run(administration.seed_demo(settings, demo_password))
    typer.echo(json.dumps(asdict(seed), default=str))


@app.command(hidden=True)
def openapi() -> None:
    """Print the API's OpenAPI document. Connects to nothing."""
    from gururmm_server.bootstrap.api import openapi_document

    typer.echo(json.dumps(openapi_document(), indent=1, sort_keys=True))


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
    data = None if options.data == DATA else options.data
    terminal = Terminal(command_beside(sys.argv[0], "admin create", data, options.database_url))
    asyncio.run(Stack(options, terminal).run())


def _serve(work: Coroutine[Any, Any, None]) -> None:
    import uvloop

    uvloop.run(work)


if __name__ == "__main__":
    main()
