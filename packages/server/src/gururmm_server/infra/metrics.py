"""Prometheus metrics of every process, and the small HTTP server that gives them where there is no API."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_network
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

from gururmm_server.infra.given import proxy_networks
from gururmm_server.infra.visitors import read_address

EVENTS_RELAYED = Counter("gururmm_events_relayed_total", "Events moved from the outbox to the stream")
EVENTS_RESTORED = Counter("gururmm_events_restored_total", "Events that the stream had lost and that are moved again")
REQUESTS = Histogram(
    "gururmm_request_seconds",
    "Time of an API request",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
AGENTS_CONNECTED = Gauge("gururmm_agents_connected", "Agents on this gateway")
AGENT_MESSAGES = Counter("gururmm_agent_messages_total", "Messages from agents", ["kind"])
AGENT_UNKNOWN = Counter(
    "gururmm_agent_unknown_total", "What agents said that this build does not know and passed over", ["what"]
)
CHANNEL_MESSAGES_DROPPED = Counter(
    "gururmm_channel_messages_dropped_total", "What agents said of channels and no gateway passed on", ["why"]
)
AGENT_DISCONNECTS = Counter("gururmm_agent_disconnects_total", "Closed agent sockets", ["code"])
FLUSH_SECONDS = Histogram("gururmm_gateway_flush_seconds", "Time of one batched write", ["kind"])
WRITES_WAIT = Counter(
    "gururmm_gateway_writes_wait_total", "Batches that could not be written yet and are tried again", ["kind"]
)
TUNNELS_ATTACHED = Gauge("gururmm_tunnels_attached", "Tech sessions with a browser on this process")

_OURS: Final = ("127.0.0.0/8", "::1/128")
_FORWARDED: Final = {b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip"}


class MetricsReaders:
    """Who may read a process's figures: this machine, and the addresses and networks that were named."""

    def __init__(self, entries: Sequence[str] = ()) -> None:
        """Raises `StartError` for an entry that is neither."""
        self._networks = [*map(ip_network, _OURS), *proxy_networks(entries, "--metrics-from")]

    def may(self, peer: str, headers: Iterable[bytes]) -> bool:
        """Tells whether who is connected may read. `headers` are the names of the request's, in small letters.

        What a proxy passes on comes from a stranger, wherever the proxy is.
        """
        address = read_address(peer)
        near = address is not None and any(address in network for network in self._networks)
        return near and _FORWARDED.isdisjoint(headers)


Ready = Callable[[], Awaitable[dict[str, bool]]]
"""Says of each thing the process needs whether it is there."""


def exposition() -> tuple[bytes, str]:
    """The metrics and their content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
