"""Prometheus metrics of every process, and the small HTTP server that gives them where there is no API."""

from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

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
AGENT_DISCONNECTS = Counter("gururmm_agent_disconnects_total", "Closed agent sockets", ["code"])
FLUSH_SECONDS = Histogram("gururmm_gateway_flush_seconds", "Time of one batched write", ["kind"])
WRITES_WAIT = Counter(
    "gururmm_gateway_writes_wait_total", "Batches that could not be written yet and are tried again", ["kind"]
)
TUNNELS_ATTACHED = Gauge("gururmm_tunnels_attached", "Tech sessions with a browser on this process")

Ready = Callable[[], Awaitable[dict[str, bool]]]
"""Says of each thing the process needs whether it is there."""


def exposition() -> tuple[bytes, str]:
    """The metrics and their content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
