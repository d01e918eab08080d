"""A change of settings, from the PATCH until the last connected machine has said that it runs it."""

import asyncio
import time
from typing import Any, Final

import uvloop

from gururmm_bench.bench import Bench
from gururmm_bench.clocks import Meter
from gururmm_bench.connected import fleet_of, until_online
from gururmm_bench.figures import Figure
from gururmm_bench.rest import Rest
from gururmm_bench.simulator.fleet import Fleet
from gururmm_bench.stack import ENGINES, SERVER_PROCESSES

_LIMIT_S: Final = 60.0
_LOOK_S: Final = 0.005


def measure(bench: Bench) -> list[Figure]:
    """First one order for all machines; then all Sites differ, and each machine has an order of its own."""
    return uvloop.run(_measure(bench))


async def _measure(bench: Bench) -> list[Figure]:
    count, rest = bench.sizes.told, bench.stack.rest
    sites = [site["id"] for client in rest.get("/tree").body["clients"] for site in client["sites"]]
    async with fleet_of(bench, count, "settings-fleet") as fleet:
        fleet.start()
        await until_online(fleet, count)
        for_all = await _change(bench, fleet, "/settings", {"heartbeat_s": 601})
        before = _versions(fleet)
        for site in sites:
            await asyncio.to_thread(rest.patch, f"/sites/{site}/settings", {"log_level": "WARNING"})
        await _until_all_run_another(fleet, before)
        each = await _change(bench, fleet, "/settings", {"heartbeat_s": 602})
        await asyncio.to_thread(_take_back, rest, sites)
    what = f"settings change to {count:,} connected machines, PATCH to the last that runs it"
    return [
        Figure(what, "s", 3, "at most", for_all.pop("seconds"), "one order for all", {**for_all}),
        Figure(f"{what}, each by an order of its own", "s", 3, "at most", each.pop("seconds"), "", {**each}),
    ]


async def _change(bench: Bench, fleet: Fleet, path: str, values: dict[str, Any]) -> dict[str, float]:
    before = _versions(fleet)
    meter = Meter(bench.stack.processes, (*SERVER_PROCESSES, *ENGINES))
    began = time.monotonic()
    patched = asyncio.create_task(asyncio.to_thread(bench.stack.rest.patch, path, values))
    await _until_all_run_another(fleet, before)
    seconds, spent = time.monotonic() - began, meter.spent()
    answer = await patched
    return {"seconds": seconds, "PATCH answered s": answer.seconds} | {
        f"{name} CPU-s": value for name, value in spent.items()
    }


def _versions(fleet: Fleet) -> dict[int, int]:
    return {machine.number: machine.settings_version for machine in fleet.machines}


async def _until_all_run_another(fleet: Fleet, before: dict[int, int]) -> None:
    """Wait until every machine runs another version than these. Raises `TimeoutError`."""
    async with asyncio.timeout(_LIMIT_S):
        while any(machine.settings_version == before[machine.number] for machine in fleet.machines):
            await asyncio.sleep(_LOOK_S)


def _take_back(rest: Rest, sites: list[str]) -> None:
    for site in sites:
        rest.patch(f"/sites/{site}/settings", {"log_level": None})
    rest.patch("/settings", {"heartbeat_s": None})
