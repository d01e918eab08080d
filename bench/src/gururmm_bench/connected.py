"""Simulated machines of the Partner that are connected for a benchmark, and leave after it."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from gururmm_wire.hello import HelloRequest, HelloResponse
from gururmm_wire.protocol import LATEST_PROTOCOL
from gururmm_wire.v2.agent import Message

from gururmm_bench.bench import Bench
from gururmm_bench.http import post_json
from gururmm_bench.simulator.fleet import Fleet, FleetOptions
from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.store import Store

FLUSH_S: Final = 3.0
"""Longer than the gateway's slowest batch."""
PERIOD_S: Final = 1.6
"""In which each machine sends once: 6,200 messages a second of 10,000 machines."""
_CONNECT_LIMIT_S: Final = 100.0
_SLICES: Final = 16


def let_many_in() -> None:
    """Take as many open files as the system allows this process."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def fleet_of(bench: Bench, count: int, name: str, options: FleetOptions | None = None) -> AsyncIterator[Fleet]:
    """The first `count` machines, none of them connected yet, and none with a beat of its own."""
    let_many_in()
    options = options or FleetOptions(bench.stack.url, ("seeded",), 0, quick=True, connect_at_once=64)
    people = await asyncio.to_thread(bench.population.partner)
    with Store(bench.stack.scratch(name)) as store:
        fleet = Fleet(options, store)
        server_key = await _server_key(bench.stack.url)
        for profile, identity in people[:count]:
            identity.server_key = server_key
            fleet.add(profile, identity).beats = False
        try:
            yield fleet
        finally:
            await fleet.stop()
            await asyncio.sleep(FLUSH_S)


async def until_online(fleet: Fleet, count: int, limit_s: float = _CONNECT_LIMIT_S) -> float:
    """Seconds until so many are welcomed. Raises `RuntimeError` when they are not in time."""
    began = time.monotonic()
    while fleet.online < count:
        await asyncio.sleep(0.1)
        if time.monotonic() - began > limit_s:
            raise RuntimeError(f"Only {fleet.online} of {count} agents were welcomed.")
    return time.monotonic() - began


async def everybody_sends(fleet: Fleet, make: Callable[[Profile, float], Message], times: int) -> None:
    """Each machine once a period, spread over it, as a fleet's beats are."""
    machines = fleet.machines
    for _ in range(times):
        for part in range(_SLICES):
            began = time.monotonic()
            for machine in machines[part::_SLICES]:
                machine.send(make(machine.profile, time.time()))
            await asyncio.sleep(max(0.0, PERIOD_S / _SLICES - (time.monotonic() - began)))


async def _server_key(url: str) -> bytes:
    body = msgspec.json.encode(HelloRequest(protocol_version=LATEST_PROTOCOL))
    reply = await post_json(f"{url}/api/v1/bootstrap/hello", body)
    return bytes.fromhex(msgspec.json.decode(reply.body, type=HelloResponse).server_public_key)
