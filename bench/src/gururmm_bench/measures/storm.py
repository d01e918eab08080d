"""A storm: the TLS proxy dies with thousands of machines behind it, and all of them come back at once."""

import asyncio
import ssl
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import uvloop
from gururmm_wire.hello import HelloRequest, HelloResponse
from gururmm_wire.protocol import LATEST_PROTOCOL

from gururmm_bench.bench import Bench
from gururmm_bench.certificate import certificate
from gururmm_bench.clocks import Meter, tree_bytes
from gururmm_bench.connected import FLUSH_S, fleet_of, let_many_in, until_online
from gururmm_bench.figures import Figure, Floor
from gururmm_bench.http import post_json
from gururmm_bench.proxy import TlsProxy
from gururmm_bench.simulator.fleet import Fleet, FleetOptions
from gururmm_bench.stack import ENGINES, SERVER_PROCESSES, Stack

_LIMIT_S: Final = 240.0
_LOOK_EVERY_S: Final = 1.0
_PAGE: Final = 4096


def measure(bench: Bench) -> list[Figure]:
    """Machines reconnect with the real agent's jitter; what every process takes is counted, the proxy's too."""
    return uvloop.run(_measure(bench))


async def _measure(bench: Bench) -> list[Figure]:
    stack, count = bench.stack, bench.sizes.reconnects
    let_many_in()  # the proxy inherits it
    folder = stack.scratch("storm")
    pem = certificate(folder)
    floor = await asyncio.to_thread(bench.floors.tls_reconnects)
    proxy = TlsProxy(folder, pem, api=stack.rest.port, gateway=await _gateway_port(stack), connections=count)
    with proxy:
        options = FleetOptions(
            server=f"https://127.0.0.1:{proxy.port}",
            site_codes=("seeded",),
            machines=0,
            quick=True,
            connect_at_once=64,
            gateway=f"wss://127.0.0.1:{proxy.port}",
            tls=_trusting(pem),
        )
        async with fleet_of(bench, count, "storm-fleet", options) as fleet:
            return await _storm(bench, proxy, fleet, count, floor=floor)


async def _storm(bench: Bench, proxy: TlsProxy, fleet: Fleet, count: int, *, floor: Floor) -> list[Figure]:
    fleet.start()
    await until_online(fleet, count, _LIMIT_S)
    await asyncio.sleep(FLUSH_S)
    proxy.kill()
    await _until_all_are_cut(fleet)
    proxy.start()
    pids = {**bench.stack.processes, "proxy": proxy.pid}
    names = (*SERVER_PROCESSES, *ENGINES, "proxy")
    meter = Meter(pids, names)
    peak = _Peak({name: pids[name] for name in names})
    watching = asyncio.create_task(peak.watch())
    took = await until_online(fleet, count, _LIMIT_S)
    await asyncio.sleep(FLUSH_S)
    watching.cancel()
    spent = meter.spent()
    return _figures(count, took, spent, peak, floor)


def _figures(count: int, took: float, spent: dict[str, float], peak: "_Peak", floor: Floor) -> list[Figure]:
    what = f"{count:,} reconnects through TLS"
    cpu = {f"{name} CPU-s": seconds for name, seconds in spent.items()}
    memory = {f"{name} MB": size / 1e6 for name, size in peak.highest.items()}
    everything = sum(spent.values())
    note = "TLS, hello, mutual authentication, presence and its events, by everything that runs, the proxy included"
    whole = "PSS of every process and the kernel's socket buffers, each at its own highest"
    return [
        Figure(f"{what}: until the last is back", "s", None, "at most", took, "from the proxy's return"),
        Figure(f"{what}: per CPU-s of all", "/s", None, "at least", count / everything, note, {**cpu}, floor),
        Figure(f"{what}: memory of all", "MB", None, "at most", sum(memory.values()), whole, {**memory}),
    ]


class _Peak:
    """The most memory that each process had, and the kernel for sockets, looked at once a second."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self.highest: dict[str, int] = {}
        self._look()

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        now = {name: tree_bytes(pid) for name, pid in self._pids.items()} | {"sockets": _socket_bytes()}
        self.highest = {name: max(size, self.highest.get(name, 0)) for name, size in now.items()}


def _socket_bytes() -> int:
    """What the kernel holds for TCP, the load generator's ends included."""
    lines = Path("/proc/net/sockstat").read_text(encoding="ascii").splitlines()
    words = next(line.split() for line in lines if line.startswith("TCP:"))
    return int(words[words.index("mem") + 1]) * _PAGE


async def _until_all_are_cut(fleet: Fleet) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while fleet.online:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{fleet.online} machines did not notice that the proxy was gone")
        await asyncio.sleep(0.05)


async def _gateway_port(stack: Stack) -> int:
    """Where the run's gateway listens, as hello tells agents."""
    reply = await post_json(
        f"{stack.url}/api/v1/bootstrap/hello", msgspec.json.encode(HelloRequest(protocol_version=LATEST_PROTOCOL))
    )
    return urlsplit(msgspec.json.decode(reply.body, type=HelloResponse).gateway_url).port or 80


def _trusting(pem: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pem))
