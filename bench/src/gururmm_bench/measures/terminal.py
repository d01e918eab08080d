"""A key's way: browser socket, audit, bus, gateway, agent, PTY, and back, beyond what a bare PTY takes."""

import asyncio
from dataclasses import dataclass
from typing import Final

import uvloop

from gururmm_bench.bench import Bench
from gururmm_bench.figures import Figure, Floor, quantile
from gururmm_bench.floors import Rounds
from gururmm_bench.tab import attach, key_times, open_terminal

_ROUNDS: Final = 300
_PAUSE_S: Final = 0.03
_VERIFIES_IN_US: Final = 45


@dataclass(frozen=True, slots=True)
class Keys:
    """Milliseconds of keys through the whole chain, what a bare PTY takes of them, and the floor of the rest."""

    whole: list[float]
    bare: Floor
    floor: Floor

    def beyond_the_pty(
        self, name: str, part: float, target: float | None, *, note: str = "", exempt: str = ""
    ) -> Figure:
        """A quantile of the chain without the bare PTY's median: its noisy moments cannot flatter the product's."""
        chain = quantile(self.whole, part)
        details: dict[str, float | str] = {"whole chain ms": chain, f"{self.bare.name} ms": self.bare.value}
        rest = chain - self.bare.value
        return Figure(name, "ms", target, "at most", rest, note, details, self.floor, exempt=exempt)


def measure(bench: Bench) -> list[Figure]:
    """Keys one after the other, as fast as somebody who holds one down."""
    bare = bench.floors.pty_echo()
    address = open_terminal(bench.stack.rest, bench.stack.agent_id)
    with bench.floors.key() as rounds:
        whole = uvloop.run(_through(address, bench.stack.url, rounds))
    keys = Keys(whole, bare, rounds.floor)
    exempt = exempt_at(bench.speed["ed25519_verify_us"])
    note = f"{_ROUNDS} keys, `cat` on a raw PTY, real agent, audit included"
    name = "terminal key echo beyond the PTY's own"
    return [
        keys.beyond_the_pty(f"{name}, p50", 0.5, 1.6, note=note, exempt=exempt),
        keys.beyond_the_pty(f"{name}, p95", 0.95, 3.0, exempt=exempt),
    ]


def exempt_at(verify_us: float) -> str:
    """Why the targets of keys are none of a machine that takes so long to verify; empty where they are."""
    if verify_us <= _VERIFIES_IN_US:
        return ""
    return f"the target is for machines that verify Ed25519 in {_VERIFIES_IN_US} µs; this one takes {verify_us} µs"


async def _through(address: str, origin: str, floor: Rounds) -> list[float]:
    tab = await attach(address, origin)
    try:
        await asyncio.sleep(1.0)
        await tab.start_echoing()
        return await key_times(tab.echo, tab.type, rounds=_ROUNDS, pause_s=_PAUSE_S, between=floor.once)
    except TimeoutError as error:
        raise RuntimeError(f"A key did not come back ({tab.problem})") from error
    finally:
        tab.close()
        await asyncio.sleep(0.1)
