"""A command's round trip on the real agent: from the POST to its result readable at the API."""

import time
from typing import Final

from gururmm_bench.bench import Bench
from gururmm_bench.figures import Figure, quantile
from gururmm_bench.stack import Stack

_WARM_UP: Final = 10
_ROUNDS: Final = 200
_PAUSE_S: Final = 0.01


def measure(bench: Bench) -> list[Figure]:
    """One after the other; each is durable before it is acknowledged, runs `true`, and is waited for by a GET."""
    seconds = []
    with bench.floors.command() as bare:
        for round_number in range(_WARM_UP + _ROUNDS):
            bare.once()
            time.sleep(_PAUSE_S)
            took = _command(bench.stack)
            time.sleep(_PAUSE_S)
            if round_number >= _WARM_UP:
                seconds.append(took * 1000)
    name = "command round trip, POST to result readable"
    note = f"{_ROUNDS} commands, one after the other, real agent"
    half, most = quantile(seconds, 0.5), quantile(seconds, 0.95)
    return [
        Figure(f"{name}, p50", "ms", 2.0, "at most", half, note, floor=bare.floor, target_of="ratio"),
        Figure(f"{name}, p95", "ms", 30, "at most", most, floor=bare.floor),
    ]


def _command(stack: Stack) -> float:
    """Seconds of one command. Raises `RuntimeError` when it did not succeed."""
    began = time.perf_counter()
    order = {"agent_ids": [stack.agent_id], "shell": "sh", "script": "true", "timeout_s": 20}
    command_id = stack.rest.post("/commands", order).body["items"][0]["id"]
    command = stack.rest.get(f"/commands/{command_id}?wait_s=20").body
    took = time.perf_counter() - began
    if command["status"] != "succeeded":
        raise RuntimeError(f"A command ended as {command['status']}: {command['message']}")
    return took
