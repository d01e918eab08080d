"""What every benchmark is given: the product that runs, the machines in it, the floors, and how large to be."""

from dataclasses import dataclass

from gururmm_bench.floors import Floors
from gururmm_bench.population import PARTNER_AGENTS, Population
from gururmm_bench.stack import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large. The defaults are what the figures are promised for; smaller ones show that a benchmark works."""

    machines: int = PARTNER_AGENTS
    """Simulated agents on the gateway."""
    sessions: int = 100
    """Tech sessions open at once."""
    typing: int = 20
    """Of these, how many somebody types in."""
    targets: int = 2000
    """Machines of one order."""
    told: int = 5000
    """Connected machines that hear of a change of settings."""
    reconnects: int = 5000
    """Machines that come back at once through TLS."""
    flood_mb: int = 50
    """What `cat` prints in a terminal, in 1024² bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One run of the benchmarks."""

    stack: Stack
    population: Population
    floors: Floors
    sizes: Sizes
    speed: dict[str, float]
    """See `yardstick`."""
