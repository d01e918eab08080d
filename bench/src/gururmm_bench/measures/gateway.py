"""The gateway with 10,000 agents: a connection's memory and CPU, and heartbeats and samples from socket to table."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import asyncpg
import msgspec
import psutil
import uvloop
from gururmm_wire.v2.agent import Message

from gururmm_bench.bench import Bench
from gururmm_bench.clocks import Meter, resident_bytes
from gururmm_bench.connected import FLUSH_S, everybody_sends, fleet_of, until_online
from gururmm_bench.figures import Figure
from gururmm_bench.simulator.fleet import Fleet
from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.readings import heartbeat, metrics
from gururmm_bench.stack import ENGINES, SERVER_PROCESSES

_BEATS: Final = 15
_SAMPLES: Final = 4
_SAMPLE_S: Final = 60
"""The moments of samples lie so far apart, and less than five minutes ahead, so that each is kept."""
_UPDATED: Final = "select n_tup_upd from pg_stat_all_tables where schemaname = 'core' and relname = 'agent_state'"
_KEPT: Final = """
select coalesce(sum(s.n_tup_ins), 0) from pg_inherits i join pg_stat_all_tables s on s.relid = i.inhrelid
where i.inhparent = 'core.agent_metrics'::regclass
"""

_Make = Callable[[Profile, float], Message]


def measure(bench: Bench) -> list[Figure]:
    """The agents are enrolled beforehand, say hello over HTTP on connections of their own, and send real messages."""
    return uvloop.run(_all(bench))


async def _all(bench: Bench) -> list[Figure]:
    async with fleet_of(bench, bench.sizes.machines, "gateway-fleet") as fleet:
        run = _Run(bench, fleet)
        base = resident_bytes(bench.stack.processes["gateway"])
        connects = await run.connects()
        memory = await run.memory(base)
        return [memory, *connects, await run.heartbeats(), await run.samples()]


class _Run:
    def __init__(self, bench: Bench, fleet: Fleet) -> None:
        self._bench = bench
        self._fleet = fleet
        self._count = len(fleet.machines)

    async def connects(self) -> list[Figure]:
        floor = await asyncio.to_thread(self._bench.floors.proofs)
        meter = Meter(self._bench.stack.processes, (*SERVER_PROCESSES, *ENGINES))
        self._fleet.start()
        took = await until_online(self._fleet, self._count)
        await asyncio.sleep(FLUSH_S)  # presence and its events are part of the price
        spent = meter.spent()
        server = sum(spent[name] for name in SERVER_PROCESSES)
        details: dict[str, float | str] = {f"{name} CPU-s": seconds for name, seconds in spent.items()}
        details["counting PostgreSQL and NATS too"] = self._count / sum(spent.values())
        name = "full connects (hello + mutual authentication) per server CPU-s"
        note = (
            f"{self._count:,} in {took:.1f} s; api, gateway and worker, presence in the table and its events included"
        )
        alone = self._count / spent["gateway"]
        return [
            Figure(name, "/s", 700, "at least", self._count / server, note, details, floor),
            Figure("the same, counting the gateway alone", "/s", 2500, "at least", alone, floor=floor),
        ]

    async def memory(self, base: int) -> Figure:
        """After each agent has sent readings, so that what the gateway keeps of a session is there."""
        await everybody_sends(self._fleet, metrics, 1)
        await everybody_sends(self._fleet, heartbeat, 1)
        await asyncio.sleep(FLUSH_S)
        gateway = self._bench.stack.processes["gateway"]
        grown = resident_bytes(gateway) - base
        details: dict[str, float | str] = {
            "gateway before MB": base / 1e6,
            "after MB": (base + grown) / 1e6,
            "its open files": float(psutil.Process(gateway).num_fds()),
        }
        note = f"{self._count:,} agents, after their first metrics and heartbeat"
        name = "gateway memory per connected agent, session state included"
        return Figure(name, "KB", 6, "at most", grown / self._count / 1024, note, details)

    async def heartbeats(self) -> Figure:
        name = "heartbeats from socket to table per CPU-s of gateway and PostgreSQL"
        note = "rows of agent_state that were updated, by the database's own count"
        return await self._stored(name, 30_000, _UPDATED, note, [heartbeat] * _BEATS)

    async def samples(self) -> Figure:
        name = "metrics stored with history per CPU-s of gateway and PostgreSQL"
        note = "rows of agent_metrics that were added, by the database's own count"
        rounds = [_ahead(_SAMPLE_S * number) for number in range(1, _SAMPLES + 1)]
        return await self._stored(name, None, _KEPT, note, rounds)

    async def _stored(self, name: str, target: float | None, query: str, note: str, rounds: list[_Make]) -> Figure:
        """What becomes rows when everybody sends one message of each round, for the CPU that it takes."""
        floor = await asyncio.to_thread(self._bench.floors.messages)
        meter = Meter(self._bench.stack.processes, ("gateway", "postgres"))
        before, began = await self._count_of(query), time.monotonic()
        for make in rounds:
            await everybody_sends(self._fleet, make, 1)
        sent_in = time.monotonic() - began
        await asyncio.sleep(FLUSH_S)
        spent = meter.spent()
        sent, written = self._count * len(rounds), await self._count_of(query) - before
        details: dict[str, float | str] = {
            "sent": float(sent),
            "rows": float(written),
            "sent per s": sent / sent_in,
            "gateway CPU-s": spent["gateway"],
            "postgres CPU-s": spent["postgres"],
        }
        measured = min(written, sent) / (spent["gateway"] + spent["postgres"])
        return Figure(name, "/s", target, "at least", measured, note, details, floor)

    async def _count_of(self, query: str) -> int:
        connection = await asyncpg.connect(self._bench.stack.database_url)
        try:
            return int(await connection.fetchval(query))
        finally:
            await connection.close()


def _ahead(seconds: int) -> _Make:
    def sample(profile: Profile, at: float) -> Message:
        return msgspec.structs.replace(metrics(profile, at), at=int(at) + seconds)

    return sample
