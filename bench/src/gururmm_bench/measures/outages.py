"""What is noticed when a part dies: machines come back, work that waited is done, messages arrive."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvloop

from gururmm_bench.bench import Bench
from gururmm_bench.company import RealAgent
from gururmm_bench.connected import FLUSH_S, fleet_of, until_online
from gururmm_bench.figures import Figure, quantile
from gururmm_bench.rest import Refused
from gururmm_bench.simulator.fleet import Fleet
from gururmm_bench.stack import Stack

_QUEUED: Final = 300
_BUS_DEATHS: Final = 5
_LIMIT_S: Final = 120.0


def measure(bench: Bench) -> list[Figure]:
    """Kills are `kill -9`; what died is started again by the product's own supervisor, and that one by the bench."""
    figures = [_queued(bench.stack), _bus(bench.stack)]
    return figures + uvloop.run(_returns(bench))


def _queued(stack: Stack) -> Figure:
    """`true`, many times, for a real machine that is off; then it comes."""
    with RealAgent(stack, "away") as agent:
        agent_id = agent.online()
        agent.stop()
        _until(lambda: stack.rest.get(f"/agents/{agent_id}").body["status"] == "offline")
        order = {"agent_ids": [agent_id], "shell": "sh", "script": "true", "timeout_s": 60}
        for _ in range(_QUEUED):
            stack.rest.post("/commands", order)
        agent.start()
        agent.online()
        began = time.monotonic()
        done = f"/commands?agent_id={agent_id}&status=succeeded&limit=1"
        _until(lambda: stack.rest.get(done).body["total"] == _QUEUED)
        took = time.monotonic() - began
    note = "a real agent; each is kept on its disk, run, and its result committed; from its being online"
    return Figure(f"{_QUEUED} commands that waited for their machine, the last result", "s", 3.0, "at most", took, note)


def _bus(stack: Stack) -> Figure:
    """A command that is ordered at the moment when the bus dies."""
    seconds = []
    for _ in range(_BUS_DEATHS):
        os.kill(stack.processes["nats"], signal.SIGKILL)
        seconds.append(_command(stack))
        time.sleep(FLUSH_S)
    note = f"the longest of {_BUS_DEATHS}; the bus is started again by the supervisor"
    details: dict[str, float | str] = {"half of them s": quantile(seconds, 0.5)}
    return Figure("a command ordered as the bus dies, to its result", "s", 5.0, "at most", max(seconds), note, details)


def _command(stack: Stack) -> float:
    """Seconds until a command succeeded, however often the order has to be given."""
    began = time.monotonic()
    order = {"agent_ids": [stack.agent_id], "shell": "sh", "script": "true", "timeout_s": 60}

    def ordered() -> Any:
        try:
            return stack.rest.post("/commands", order).body
        except (Refused, OSError):
            return None

    command_id = _until(ordered)["items"][0]["id"]
    _until(lambda: stack.rest.get(f"/commands/{command_id}").body["status"] == "succeeded")
    return time.monotonic() - began


async def _returns(bench: Bench) -> list[Figure]:
    count, stack = bench.sizes.targets, bench.stack
    async with fleet_of(bench, count, "outage-fleet") as fleet:
        fleet.start()
        await until_online(fleet, count, _LIMIT_S)
        await asyncio.sleep(FLUSH_S)
        gateway = await _back(fleet, lambda: _kill_gateway(stack))
        await asyncio.sleep(FLUSH_S)
        server = await _back(fleet, lambda: asyncio.to_thread(stack.die_and_start))
    return [
        *_figures(f"{count:,} machines back after their gateway was killed", gateway),
        *_figures(f"{count:,} machines back after the supervisor was killed and started", server),
    ]


async def _kill_gateway(stack: Stack) -> None:
    os.kill(stack.processes["gateway"], signal.SIGKILL)


async def _back(fleet: Fleet, kill: Callable[[], Awaitable[None]]) -> list[float]:
    """Seconds from the kill until each machine is welcomed again."""
    began = time.monotonic()
    killing = asyncio.ensure_future(kill())
    while fleet.online:
        await asyncio.sleep(0.02)
        if time.monotonic() - began > _LIMIT_S:
            raise RuntimeError(f"{fleet.online} machines did not notice")
    away, seconds = set(fleet.machines), []
    while away:
        back = {machine for machine in away if machine.online}
        seconds += [time.monotonic() - began] * len(back)
        away -= back
        await asyncio.sleep(0.05)
        if time.monotonic() - began > _LIMIT_S:
            raise RuntimeError(f"{len(away)} machines did not come back")
    await killing
    return seconds


def _figures(what: str, seconds: list[float]) -> list[Figure]:
    note = "with the real agent's waits; the server's own start is in it"
    details: dict[str, float | str] = {"first s": min(seconds), "p95 s": quantile(seconds, 0.95)}
    return [
        Figure(f"{what}, p50", "s", 5.0, "at most", quantile(seconds, 0.5), note, details),
        Figure(f"{what}, the last", "s", 15.0, "at most", max(seconds)),
    ]


def _until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _LIMIT_S
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {_LIMIT_S:.0f} s")
        time.sleep(0.02)
    return answer
