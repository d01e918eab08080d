"""What `gururmm up` and `gururmm demo` were told."""

import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """One installation. Empty URLs mean: embedded; others say `{kind}` where the kinds of process differ."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    gateway_port: int = 0
    """The first gateway's port, further ones count up; 0 takes free ones and keeps them."""
    public_url: str = ""
    gateway_urls: tuple[str, ...] = ()
    """What agents are told, when a proxy stands before the gateways."""
    insecure_http: bool = False
    """Whether it is accepted that others reach this without TLS."""
    database_url: str = ""
    owner_database_url: str = ""
    """For the migration; where it is empty and the database is not embedded, the operator migrates."""
    nats_url: str = ""
    apis: int = 1
    gateways: int = 1
    workers: int = 1
    disk_reserve_mb: int = 512
    dashboard_dir: Path | None = None
    agent_bundle_dir: Path | None = None
    trusted_proxies: str = ""
    metrics_from: str = ""
    demo: bool = False
    machines: int = 25
    """Simulated ones, in the demo."""
    ready_file: Path | None = None

    @property
    def local_host(self) -> str:
        """Returns where this machine reaches its own servers."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104

    @property
    def reachable_host(self) -> str:
        """Returns what others call this machine: the address given, else the one it uses towards the network."""
        if self.local_host == self.host:
            return self.host
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing; asks which address would be used
            except OSError:
                return "127.0.0.1"
            address: str = probe.getsockname()[0]
            return address

    @property
    def url(self) -> str:
        """Returns the address that people open."""
        return self.public_url or f"http://{self.reachable_host}:{self.port}"

    @property
    def told_gateways(self) -> tuple[str, ...]:
        """Returns the gateways that agents are told. Behind an https:// URL that is its name: the proxy knows /agent/.

        Empty: each gateway says where it is itself.
        """
        if self.gateway_urls or not self.public_url.startswith("https:"):
            return self.gateway_urls
        return (f"wss:{self.public_url.removeprefix('https:')}",)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Returns everything that browsers and agents are told to open."""
        return (self.url, *(self.told_gateways or (f"ws://{self.reachable_host}",)))
