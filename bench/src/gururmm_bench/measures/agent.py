"""The real agent at rest: memory, CPU and bytes on the wire."""

import time
from typing import Final

from gururmm_bench.bench import Bench
from gururmm_bench.clocks import cpu_seconds
from gururmm_bench.figures import Figure
from gururmm_bench.measures.agent_memory import memory_figures
from gururmm_bench.sockets import Traffic, traffic

_SETTLE_S: Final = 20.0
_WINDOW_S: Final = 120.0
"""Two metrics and two heartbeats: whole periods of both."""
_DAY_S: Final = 86400
_HEADERS: Final = 52
"""IPv4 and TCP with time stamps, each segment."""


def measure(bench: Bench) -> list[Figure]:
    """Settings are the defaults: heartbeat 30 s, metrics 60 s, inventory 900 s; nobody looks at the machine."""
    pid = bench.stack.processes["agent"]
    time.sleep(_SETTLE_S)
    cpu, bytes_before, began = cpu_seconds(pid), traffic(pid), time.monotonic()
    time.sleep(_WINDOW_S)
    window = time.monotonic() - began
    busy = cpu_seconds(pid) - cpu
    how = f"over {window:.0f} s at rest"
    memory = memory_figures(pid, bench.floors.interpreter(), how)
    payload, segments = _spent(bytes_before, traffic(pid))
    payload_a_day = payload * _DAY_S / window / 1000
    on_wire = (payload + segments * _HEADERS) * _DAY_S / window / 1000
    return [
        *memory,
        Figure("the agent: CPU at a 30 s heartbeat", "%", 0.03, "at most", busy / window * 100, how),
        Figure(
            "bytes a day of an unchanged machine (TCP payload, both ways)",
            "KB",
            600,
            "at most",
            payload_a_day,
            f"{how}, scaled to a day",
            {"with TCP/IP headers KB": on_wire},
        ),
    ]


def _spent(before: dict[int, Traffic], after: dict[int, Traffic]) -> tuple[int, int]:
    """(payload bytes, segments) of the connections that were there all the time."""
    kept = before.keys() & after.keys()
    if not kept:
        raise RuntimeError("The agent's connection did not last through the measurement.")
    payload = segments = 0
    for port in kept:
        old, new = before[port], after[port]
        payload += new.sent - old.sent + new.received - old.received
        segments += new.segments_out - old.segments_out + new.segments_in - old.segments_in
    return payload, segments
