"""`python -m gururmm_bench [name …]`: measure what the product promises, on real processes started for it."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Final

from gururmm_bench import figures
from gururmm_bench.bench import Bench, Sizes
from gururmm_bench.figures import Figure, Floor
from gururmm_bench.floors import Floors
from gururmm_bench.measures import (
    agent,
    commands,
    fan_out,
    fleet_table,
    gateway,
    many_terminals,
    neighbours,
    outages,
    scopes,
    settings,
    storm,
    terminal,
    terminal_flood,
)
from gururmm_bench.population import Population
from gururmm_bench.stack import NotReady, Stack
from gururmm_bench.yardstick import yardstick

_RESULTS: Final = Path(__file__).resolve().parents[2] / "results"

BENCHMARKS: Final[dict[str, Callable[[Bench], list[Figure]]]] = {
    "agent": agent.measure,
    "commands": commands.measure,
    "terminal": terminal.measure,
    "scopes": scopes.measure,
    "terminal-flood": terminal_flood.measure,
    "terminals": many_terminals.measure,
    "fan-out": fan_out.measure,
    "settings": settings.measure,
    "fleet-table": fleet_table.measure,
    "neighbours": neighbours.measure,
    "outages": outages.measure,
    "gateway": gateway.measure,
    "storm": storm.measure,
}


def run(names: list[str], sizes: Sizes, speed: dict[str, float]) -> tuple[list[Figure], list[Floor]]:
    """The figures of these benchmarks and their floors, from one stack that is started for them and stopped after."""
    measured: list[Figure] = []
    with Stack() as stack:
        floors = Floors(stack.database_url, stack.scratch("floors"))
        bench = Bench(stack=stack, population=Population(stack), floors=floors, sizes=sizes, speed=speed)
        for name in names:
            began = time.monotonic()
            print(f"{name} …", file=sys.stderr, flush=True)
            measured += _measured(name, bench)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        floors.measure_all()
        stack.rest.close()
    return measured, floors.measured


def _measured(name: str, bench: Bench) -> list[Figure]:
    """A benchmark's figures; one that failed costs its own figures and no other's."""
    try:
        return BENCHMARKS[name](bench)
    except Exception as error:  # noqa: BLE001 - the edge of a benchmark: told in the table, in full on stderr
        traceback.print_exc()
        return [Figure(f"the benchmark {name} failed", "", None, "at most", None, f"{type(error).__name__}: {error}")]


def main() -> int:
    """Exit code 0 when every promise holds, 1 when one does not, 2 when the product did not start."""
    parser = argparse.ArgumentParser(prog="gururmm_bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="where the JSON goes")
    for size in fields(Sizes):
        option = f"--{size.name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=size.default, help=f"{size.default} by default; see `Sizes`")
    arguments = parser.parse_args()
    sizes = Sizes(**{size.name: getattr(arguments, size.name) for size in fields(Sizes)})
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    speed = yardstick()
    try:
        measured, floors = run(arguments.names or list(BENCHMARKS), sizes, speed)
    except NotReady as error:
        sys.stderr.write(f"{error}\n")
        return 2
    print(figures.table(measured, floors))
    verification, byte = speed["ed25519_verify_us"], speed["loopback_byte_us"]
    print(f"\nthis machine now: {verification} µs an Ed25519 verification, {byte} µs a byte over loopback")
    print(f"written to {figures.write(measured, floors, arguments.results, speed)}")
    return 1 if any(figure.ok is False for figure in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
