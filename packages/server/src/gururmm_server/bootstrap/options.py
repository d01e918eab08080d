"""The options of the command line, each with its variable, and what stands behind the values that people give them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gururmm_server.infra import given
from gururmm_server.infra.kinds import Kind

DATA = Path("~/.local/share/gururmm")


def option(name: str, text: str, **more: Any) -> Any:
    """Returns an option that is also taken from the variable of its name."""
    return typer.Option(f"--{name}", help=text, envvar=f"GURURMM_{name.upper().replace('-', '_')}", **more)


def port(name: str, text: str, *, lowest: int = 0) -> Any:
    """Returns the option of a port."""
    return option(name, text, min=lowest, max=65535)


Data = Annotated[Path, option("data", "The folder that keeps everything.")]
DatabaseUrl = Annotated[str, option("database-url", "postgresql://login:password@host/database, or file:PATH.")]
NatsUrl = Annotated[
    str, option("nats-url", "nats://user:password@host:port, comma-separated for a cluster, or file:PATH.")
]
DatabaseUrls = Annotated[
    str,
    option("database-url", "The same with {kind} where api, gateway and worker differ: file:/…/{kind}/database-url"),
]
NatsUrls = Annotated[str, option("nats-url", "The same for the bus: file:/…/{kind}/nats-url")]
Host = Annotated[str, option("host", "The address to listen on; 0.0.0.0 for all.")]
Port = Annotated[int, port("port", "The port to listen on.", lowest=1)]
AnyPort = Annotated[int, port("port", "The port to listen on; 0 takes a free one.")]
HealthPort = Annotated[int, port("health-port", "Port of /healthz, /readyz and /metrics; 0 takes a free one.")]
PublicUrl = Annotated[str, option("public-url", "What browsers and agents call this server: https://rmm.example.org")]
GatewayUrls = Annotated[str, option("gateway-urls", "What agents are told: wss://…, comma-separated.")]
InsecureHttp = Annotated[
    bool,
    option(
        "insecure-http",
        "Let others reach this without TLS, although whoever is on the way could read passwords and terminals and take "
        "over machines that are added.",
    ),
]
AdvertiseUrl = Annotated[str, option("advertise-url", "Where agents reach this very gateway; empty: ws://host:port.")]
Dashboard = Annotated[Path | None, option("dashboard-dir", "The built dashboard.")]
Bundle = Annotated[Path | None, option("agent-bundle-dir", "The built agent bundle.")]
Proxies = Annotated[str, option("trusted-proxies", "Addresses whose X-Forwarded-For is believed, comma-separated.")]
MetricsFrom = Annotated[
    str, option("metrics-from", "Addresses that may read /metrics beside this machine, comma-separated.")
]
LogFormat = Annotated[str, option("log-format", "json or console.")]
PoolSize = Annotated[int, option("pool-size", "Database connections of this process.")]
Count = Annotated[int, typer.Option(min=1, max=64, help="How many processes of this kind.")]
DiskReserve = Annotated[
    int, option("disk-reserve-mb", "Below this much free disk (MB) nothing more is written.", min=1)
]
StorageDir = Annotated[
    Path | None, option("storage-dir", "A folder on the database's disk, where that is this machine's.")
]
OwnerUrl = Annotated[
    str, option("owner-database-url", "The login that may change the schema; without it that is left to `migrate`.")
]
AuditStore = Annotated[Path | None, option("audit-store", "The folder of the audit's signed heads.")]
AuditKeyFile = Annotated[
    Path | None, option("audit-key-file", "The file with the key that signs them (64 hex digits).")
]
AuditPublicKey = Annotated[str, option("audit-public-key", "What `gururmm audit public-key` says of that key.")]
GatewayPort = Annotated[int, port("gateway-port", "The agents' port; 0 takes a free one and keeps it.")]


def database_urls(text: str, option: str = "--database-url") -> str:
    """Returns the database's URL, with a place for the kind of process where there is one."""
    return given.url_of_each_kind(text, option, "postgresql://gururmm_login_{kind}:…@db.example.org/gururmm")


def nats_urls(text: str) -> str:
    """Returns the same of the bus."""
    return given.url_of_each_kind(text, "--nats-url", "nats://{kind}:…@nats.example.org:4222")


def own_url(kind: Kind, option: str, text: str) -> str:
    """Returns the URL that is for this kind of process."""
    return given.engine_url(text, option, kind)


def passwords(option: str, urls: str) -> dict[Kind, str]:
    """Returns the password of each kind of process, out of its URL."""
    return {kind: given.password(own_url(kind, option, urls), option, kind) for kind in Kind}


def built(path: str) -> Path | None:
    """A build's folder in the checkout that this runs from; None where it wasn't built or isn't a checkout."""
    folder = Path(__file__).resolve().parents[5] / path
    return folder if folder.is_dir() else None


def listed(text: str) -> tuple[str, ...]:
    """Returns what stands between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
