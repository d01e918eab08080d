"""What one server process was told, read once at its start.

Every value can be given as an option or as the environment variable in its metadata (`GURURMM_…`). Secrets are not
settings: they live in the database (`core.server_secrets`) where each role reads only its own.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """The same for every kind of process, so that a supervisor can hand one environment to all of them."""

    database_url: str
    """postgresql://… of the login of this kind of process (docs/operations/database.md)."""
    nats_url: str
    """nats://user:password@host:port of the user of this kind of process, comma-separated for a cluster."""
    host: str = "127.0.0.1"
    port: int = 8080
    """The api's port; for a gateway, its agents' port."""
    health_port: int = 0
    """Where gateway and worker serve /healthz, /readyz and /metrics; 0 takes a free one."""
    public_url: str = ""
    """What browsers and agents call the server: https://rmm.example.org; empty: http://host:port."""
    gateway_urls: tuple[str, ...] = ()
    """What hello tells agents, one at random: wss://rmm.example.org. Empty: the gateways that are alive say theirs."""
    advertise_url: str = ""
    """For a gateway: the URL under which agents reach this very process; empty: ws://host:port."""
    dashboard_dir: Path | None = None
    """The built dashboard; None serves the API alone."""
    agent_bundle_dir: Path | None = None
    """Where agent-linux-x86_64.tar.gz lies; None makes the install page say that no bundle was built."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For and -Proto are believed; a gateway takes a machine's address from the former."""
    metrics_from: tuple[str, ...] = ()
    """Addresses beside this machine's own that may read /metrics."""
    log_format: str = "json"
    """json or console."""
    pool_size: int = 10
    """Database connections of this process."""
    storage_dir: Path | None = None
    """A folder on the disk that the database writes to, where that is on this machine."""
    disk_reserve_mb: int = 512
    """How much of that disk is kept free; below it nothing is written."""
    audit_store: Path | None = None
    """The folder of the audit's signed heads: the worker writes there, whoever verifies reads there."""
    audit_key_file: Path | None = None
    """For a worker: the file with the seed of the key that signs them, 64 hexadecimal digits."""
    audit_public_key: str = ""
    """For whoever verifies: the public half, 64 hexadecimal digits."""
