"""`python -OO -m gururmm_bench.agent_parts`: imports what the agent imports, part by part, and prints what each takes.

One line a part: resident bytes (those of code and data that come from files among them), a tab, its name. The last line
is what remains once the agent has given back what only its start needed. It imports nothing of its own, so that nothing
is counted that an agent has not got.
"""

import sys
from importlib import import_module

PARTS = (
    ("argparse, forgotten after use", ("argparse",)),
    ("logging, sockets, subprocesses", ("logging", "socket", "subprocess", "pathlib")),
    ("ssl (OpenSSL)", ("ssl",)),
    ("asyncio", ("asyncio", "concurrent.futures.thread")),
    ("msgspec", ("msgspec",)),
    ("cryptography (libsodium)", ("nacl.bindings",)),
    ("WebSocket (picows)", ("picows",)),
    ("the wire", ("gururmm_wire.codec", "gururmm_wire.handshake", "gururmm_wire.hello", "gururmm_wire.capabilities")),
    ("the agent's own modules", ("gururmm_agent.app", "gururmm_agent.logs", "gururmm_agent.adapters.linux")),
)
INTERPRETER = "interpreter"
SETTLED = "settled"


def main() -> None:
    """Print one line for each part."""
    told = [(INTERPRETER, _resident())]
    memory = import_module("gururmm_agent.memory")
    memory.begin()
    memory.leave_out_the_unneeded()
    for name, modules in PARTS:
        before = _resident()
        for module in modules:
            import_module(module)
        if name.endswith("forgotten after use"):
            memory.forget("argparse", "gettext")
        told.append((name, _resident() - before))
    memory.settle()
    told.append((SETTLED, _resident()))
    for name, size in told:
        sys.stdout.write(f"{size}\t{name}\n")


def _resident() -> int:
    with open("/proc/self/smaps_rollup", encoding="ascii", errors="replace") as rollup:  # noqa: PTH123 - see above
        return next(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Rss:"))


if __name__ == "__main__":
    main()
