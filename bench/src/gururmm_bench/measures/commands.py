"""A command's round trip on the real agent: from the POST to its result readable at the API."""

import time
from typing import Final

from gururmm_bench.bench import Bench
from gururmm_bench.figures import Figure, quantile

_WARM_UP: Final = 10
_ROUNDS: Final = 200


def measure(bench: Bench) -> list[Figure]:
    """One after the other; each is durable before it is acknowledged, runs `true`, and is waited for by a GET."""
    floor = bench.floors.command()
    rest = bench.stack.rest
    seconds = []
    for round_number in range(_WARM_UP + _ROUNDS):
        began = time.perf_counter()
        order = {"agent_ids": [bench.stack.agent_id], "shell": "sh", "script": "true", "timeout_s": 20}
        command_id = rest.post("/commands", order).body["items"][0]["id"]
        command = rest.get(f"/commands/{command_id}?wait_s=20").body
        took = time.perf_counter() - began
        if command["status"] != "succeeded":
            raise RuntimeError(f"A command ended as {command['status']}: {command['message']}")
        if round_number >= _WARM_UP:
            seconds.append(took * 1000)
        time.sleep(0.01)
    name = "command round trip, POST to result readable"
    note = f"{_ROUNDS} commands, one after the other, real agent"
    half, most = quantile(seconds, 0.5), quantile(seconds, 0.95)
    return [
        Figure(f"{name}, p50", "ms", 2.0, "at most", half, note, floor=floor, target_of="ratio"),
        Figure(f"{name}, p95", "ms", 30, "at most", most, floor=floor),
    ]
