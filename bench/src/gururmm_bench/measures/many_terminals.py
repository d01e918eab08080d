"""A key's echo while many tech sessions are open and several people type at once."""

import asyncio
from contextlib import ExitStack
from typing import Final

import uvloop

from gururmm_bench.bench import Bench
from gururmm_bench.clocks import Meter
from gururmm_bench.company import agents, technicians
from gururmm_bench.figures import Figure
from gururmm_bench.floors import Rounds
from gururmm_bench.measures.terminal import Keys
from gururmm_bench.rest import Rest
from gururmm_bench.stack import ENGINES, SERVER_PROCESSES
from gururmm_bench.tab import Tab, attach, key_times, open_terminal

_KEYS: Final = 50
_PAUSE_S: Final = 0.12
"""Eight keys a second: somebody who types fast."""
_A_MACHINE: Final = 15
_A_PERSON: Final = 8
"""What the product lets a machine and a person have open (a machine one more)."""


def measure(bench: Bench) -> list[Figure]:
    """Real agents, as many as the sessions need, each with real PTYs; every session has its own browser socket."""
    sizes, stack = bench.sizes, bench.stack
    bare = bench.floors.pty_echo()
    people = technicians(stack, -(-sizes.sessions // _A_PERSON))
    with ExitStack() as running:
        machines = running.enter_context(agents(stack, -(-sizes.sessions // _A_MACHINE) - 1))
        machines = [stack.agent_id, *machines]
        rounds = running.enter_context(bench.floors.key())
        whole, spent = uvloop.run(_through(bench, people, machines, rounds))
    for person in people:
        person.close()
    name = f"key echo beyond the PTY's own, {sizes.sessions} sessions open, {sizes.typing} typing"
    note = f"{_KEYS} keys in each, eight a second; {len(machines)} real agents, {len(people)} people, audit included"
    keys = Keys(whole, bare, rounds.floor)
    half = keys.beyond_the_pty(f"{name}, p50", 0.5, None, note=note)
    half.details.update({f"{process} CPU-s": seconds for process, seconds in spent.items()})
    half.details["keys per CPU-s of all"] = len(whole) / sum(spent.values())
    return [half, keys.beyond_the_pty(f"{name}, p95", 0.95, None)]


async def _through(
    bench: Bench, people: list[Rest], machines: list[str], floor: Rounds
) -> tuple[list[float], dict[str, float]]:
    """Milliseconds of all keys, and the server's CPU meanwhile."""
    tabs: list[Tab] = []
    try:
        for number in range(bench.sizes.sessions):
            person, machine = people[number // _A_PERSON], machines[number // _A_MACHINE]
            address = await asyncio.to_thread(open_terminal, person, machine)
            tabs.append(await attach(address, bench.stack.url))
        await asyncio.sleep(1.0)
        await asyncio.gather(*(tab.start_echoing() for tab in tabs))
        for _ in range(_KEYS):  # while all are open and nobody types: beside them it would wait for them
            floor.once()
            await asyncio.sleep(_PAUSE_S / 4)
        typing = tabs[:: max(1, len(tabs) // bench.sizes.typing)][: bench.sizes.typing]
        meter = Meter(bench.stack.processes, (*SERVER_PROCESSES, *ENGINES, "agent"))
        typed = (key_times(tab.echo, tab.type, rounds=_KEYS, pause_s=_PAUSE_S, warm_up=4) for tab in typing)
        times = await asyncio.gather(*typed)
        return [one for keys in times for one in keys], meter.spent()
    finally:
        for tab in tabs:
            tab.close()
        await asyncio.sleep(0.5)
