"""Where the agent's memory goes: the parts that it imports, measured one by one, and what it keeps at rest."""

import subprocess
import sys

from gururmm_bench.agent_parts import INTERPRETER, SETTLED
from gururmm_bench.clocks import memory_by_kind
from gururmm_bench.figures import Figure, Floor


def memory_figures(pid: int, bare: Floor, how: str) -> list[Figure]:
    """The resident memory of a real agent at rest, and the same by part."""
    kinds = memory_by_kind(pid)
    resident = kinds["Rss"]
    details: dict[str, float | str] = {
        "its own (anonymous) MB": kinds["Anonymous"] / 1e6,
        "shared with others divided (PSS) MB": kinds["Pss"] / 1e6,
    }
    name = "the agent: resident memory"
    return [
        Figure(name, "MB", 26, "at most", resident / 1e6, how, details, bare),
        _by_part(resident),
    ]


def _by_part(resident: int) -> Figure:
    sizes = _parts()
    settled = sizes.pop(SETTLED)
    parts = {name: size / 1e6 for name, size in sizes.items()}
    parts["given back after the start"] = (settled - sum(sizes.values())) / 1e6
    parts["data, threads, code in use"] = (resident - settled) / 1e6
    note = "each as it is imported, in the agent's order, by a process of the same kind; the sum is the agent's"
    return Figure("the agent: memory by part", "MB", None, "at most", resident / 1e6, note, {**parts})


def _parts() -> dict[str, int]:
    """Bytes by part, the interpreter first; what is imported on the way there is the interpreter's."""
    command = [sys.executable, "-OO", "-m", "gururmm_bench.agent_parts"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = (line.partition("\t") for line in done.stdout.splitlines())
    found = {name: int(size) for size, _, name in lines}
    if INTERPRETER not in found or SETTLED not in found:
        raise RuntimeError(f"the agent's parts could not be measured: {done.stderr[-500:]}")
    return found
