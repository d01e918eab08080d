"""The gateway with 10,000 agents: what a connection costs in memory and CPU, and a heartbeat from socket to table."""

import asyncio
import resource
import time
from collections.abc import Callable
from typing import Final

import asyncpg
import msgspec
import psutil
import uvloop
from gururmm_wire.hello import HelloRequest, HelloResponse
from gururmm_wire.protocol import LATEST_PROTOCOL
from gururmm_wire.v2.agent import Message

from gururmm_bench.clocks import Meter, resident_bytes
from gururmm_bench.figures import Figure
from gururmm_bench.http import post_json
from gururmm_bench.population import Population
from gururmm_bench.simulator.fleet import Fleet, FleetOptions
from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.readings import heartbeat, metrics
from gururmm_bench.simulator.store import Store
from gururmm_bench.stack import ENGINES, SERVER_PROCESSES, Stack

_CONNECT_LIMIT_S: Final = 100.0
_BEATS: Final = 15
_BEAT_PERIOD_S: Final = 1.6
_SLICES: Final = 16
_FLUSH_S: Final = 3.0
"""Longer than the gateway's slowest batch."""


def measure(stack: Stack, population: Population) -> list[Figure]:
    """The agents are enrolled beforehand, say hello over HTTP on connections of their own, and send real messages."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    machines = population.partner()
    with Store(stack.scratch("fleet")) as store:
        return uvloop.run(_Run(stack, store).all(population, len(machines)))


class _Run:
    def __init__(self, stack: Stack, store: Store) -> None:
        self._stack = stack
        self._store = store
        options = FleetOptions(stack.url, ("seeded",), 0, quick=True, connect_at_once=64)
        self._fleet = Fleet(options, store)

    async def all(self, population: Population, count: int) -> list[Figure]:
        server_key = await self._server_key()
        for profile, identity in population.partner():
            identity.server_key = server_key
            self._fleet.add(profile, identity).beats = False
        base = resident_bytes(self._stack.processes["gateway"])
        try:
            connects = await self._connects(count)
            memory = await self._memory(base, count)
            return [memory, *connects, await self._heartbeats(count)]
        finally:
            await self._fleet.stop()
            await asyncio.sleep(_FLUSH_S)

    async def _server_key(self) -> bytes:
        body = msgspec.json.encode(HelloRequest(protocol_version=LATEST_PROTOCOL))
        reply = await post_json(f"{self._stack.url}/api/v1/bootstrap/hello", body)
        return bytes.fromhex(msgspec.json.decode(reply.body, type=HelloResponse).server_public_key)

    async def _connects(self, count: int) -> list[Figure]:
        meter = Meter(self._stack.processes, (*SERVER_PROCESSES, *ENGINES))
        began = time.monotonic()
        self._fleet.start()
        while self._fleet.online < count:
            await asyncio.sleep(0.1)
            if time.monotonic() - began > _CONNECT_LIMIT_S:
                raise RuntimeError(f"Only {self._fleet.online} of {count} agents were welcomed.")
        took = time.monotonic() - began
        await asyncio.sleep(_FLUSH_S)  # presence and its events are part of the price
        spent = meter.spent()
        server = sum(spent[name] for name in SERVER_PROCESSES)
        details: dict[str, float | str] = {f"{name} CPU-s": seconds for name, seconds in spent.items()}
        details["counting PostgreSQL and NATS too"] = count / sum(spent.values())
        return [
            Figure(
                "full connects (hello + mutual authentication) per server CPU-s",
                "/s",
                700,
                "at least",
                count / server,
                f"{count:,} in {took:.1f} s; api, gateway and worker, presence in the table and its events included",
                details,
            ),
            Figure("the same, counting the gateway alone", "/s", 2500, "at least", count / spent["gateway"]),
        ]

    async def _memory(self, base: int, count: int) -> Figure:
        """After each agent has sent readings, so that what the gateway keeps of a session is there."""
        await self._everybody_sends(metrics, 1)
        await self._everybody_sends(heartbeat, 1)
        await asyncio.sleep(_FLUSH_S)
        grown = resident_bytes(self._stack.processes["gateway"]) - base
        details: dict[str, float | str] = {
            "gateway before MB": base / 1e6,
            "after MB": (base + grown) / 1e6,
            "its open files": float(psutil.Process(self._stack.processes["gateway"]).num_fds()),
        }
        note = f"{count:,} agents, after their first metrics and heartbeat"
        name = "gateway memory per connected agent, session state included"
        return Figure(name, "KB", 14, "at most", grown / count / 1024, note, details)

    async def _heartbeats(self, count: int) -> Figure:
        meter = Meter(self._stack.processes, ("gateway", "postgres"))
        before, began = await self._rows_written(), time.monotonic()
        await self._everybody_sends(heartbeat, _BEATS)
        sent_in = time.monotonic() - began
        await asyncio.sleep(_FLUSH_S)
        spent = meter.spent()
        written = await self._rows_written() - before
        cpu = spent["gateway"] + spent["postgres"]
        details: dict[str, float | str] = {
            "sent": float(count * _BEATS),
            "rows updated": float(written),
            "sent per s": count * _BEATS / sent_in,
            "gateway CPU-s": spent["gateway"],
            "postgres CPU-s": spent["postgres"],
        }
        note = "rows of agent_state that were updated, by the database's own count"
        name = "heartbeats from socket to table per CPU-s of gateway and PostgreSQL"
        return Figure(name, "/s", 10_000, "at least", min(written, count * _BEATS) / cpu, note, details)

    async def _everybody_sends(self, make: Callable[[Profile, float], Message], times: int) -> None:
        """Each machine once a period, spread over it, as a fleet's beats are."""
        machines = self._fleet.machines
        for _ in range(times):
            for part in range(_SLICES):
                began = time.monotonic()
                for machine in machines[part::_SLICES]:
                    machine.send(make(machine.profile, time.time()))
                await asyncio.sleep(max(0.0, _BEAT_PERIOD_S / _SLICES - (time.monotonic() - began)))

    async def _rows_written(self) -> int:
        connection = await asyncpg.connect(self._stack.database_url)
        try:
            query = "select n_tup_upd from pg_stat_all_tables where schemaname = 'core' and relname = 'agent_state'"
            return int(await connection.fetchval(query))
        finally:
            await connection.close()
