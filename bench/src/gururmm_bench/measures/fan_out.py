"""`true` to many connected machines: from the POST until the result of the last one is kept."""

import asyncio
import time
from typing import Final
from uuid import UUID

import uvloop

from gururmm_bench.bench import Bench
from gururmm_bench.clocks import Meter
from gururmm_bench.connected import fleet_of, until_online
from gururmm_bench.figures import Figure, quantile
from gururmm_bench.rest import Rest
from gururmm_bench.simulator.fleet import Fleet
from gururmm_bench.stack import ENGINES, SERVER_PROCESSES

_LIMIT_S: Final = 120.0


def measure(bench: Bench) -> list[Figure]:
    """Simulated machines keep each command before they answer, as real ones do, and execute nothing."""
    return uvloop.run(_measure(bench))


async def _measure(bench: Bench) -> list[Figure]:
    count = bench.sizes.targets
    async with fleet_of(bench, count, "fan-out-fleet") as fleet:
        kept = _Kept(count)
        fleet.commands.on_acknowledged = kept.one_more
        fleet.start()
        await until_online(fleet, count)
        meter = Meter(bench.stack.processes, (*SERVER_PROCESSES, *ENGINES))
        began = time.monotonic()
        batch_id = await asyncio.to_thread(_order, bench.stack.rest, fleet)
        answered = time.monotonic() - began
        async with asyncio.timeout(_LIMIT_S):
            await kept.all.wait()
        spent = meter.spent()
    _check(bench.stack.rest, batch_id, count)
    seconds = [at - began for at in kept.at.values()]
    details: dict[str, float | str] = {"POST answered s": answered, "half of them s": quantile(seconds, 0.5)}
    details |= {f"{name} CPU-s": value for name, value in spent.items()}
    details["commands per CPU-s of all"] = count / sum(spent.values())
    name = f"`true` to {count:,} connected machines, POST to the last result kept"
    note = "the end is the last machine's receipt for its result, which the gateway sends after its commit"
    return [Figure(name, "s", None, "at most", max(seconds), note, details)]


class _Kept:
    """When the server had each command's result."""

    def __init__(self, count: int) -> None:
        self.at: dict[bytes, float] = {}
        self.all = asyncio.Event()
        self._count = count

    def one_more(self, command_id: bytes) -> None:
        self.at.setdefault(command_id, time.monotonic())
        if len(self.at) == self._count:
            self.all.set()


def _order(rest: Rest, fleet: Fleet) -> str:
    """One order for all machines; returns its batch's id."""
    agent_ids = [str(UUID(bytes=machine.agent_id)) for machine in fleet.machines]
    order = {"agent_ids": agent_ids, "shell": "sh", "script": "true", "timeout_s": 60}
    return str(rest.post("/commands", order).body["items"][0]["batch_id"])


def _check(rest: Rest, batch_id: str, count: int) -> None:
    """Raises `RuntimeError` unless the API says of every machine that it succeeded."""
    succeeded = rest.get(f"/commands?batch_id={batch_id}&status=succeeded&limit=1").body["total"]
    if succeeded != count:
        raise RuntimeError(f"{succeeded} of {count} commands succeeded")
