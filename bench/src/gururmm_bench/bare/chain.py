"""What a command or a key cannot do without: four hops over loopback, commits in between, a program at the far end.

Caller → server → machine → server → caller, a process each, one small message at a time. The server commits before and
after, as told; the machine starts a program, or nothing. `python -m gururmm_bench.bare.chain server|machine PORT …` are
the two others.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg
import uvloop

from gururmm_bench.bare.sockets import accepted, dialled, listening, other_end, port_of

_HERE: Final = "gururmm_bench.bare.chain"
_DATABASE: Final = "GURURMM_BENCH_DATABASE_URL"
"""By environment, since other users read a program's arguments."""
_LOGGED: Final = "select pg_logical_emit_message(true, 'bench', repeat('x', 100))"
"""A transaction that writes nothing but its own log record: what is left of it is the commit."""
_MESSAGE: Final = b"x" * 64


@contextmanager
def chain(database_url: str, *, before: int, after: int, program: str = "") -> Iterator[Callable[[], float]]:
    """A chain that stands ready: each call is one round, and returns its milliseconds.

    `before` commits, `program` run by sh, `after` commits. Without a database nothing is committed.
    """
    with listening() as server:
        facts = (port_of(server), before, after, program)
        with other_end("server", *facts, module=_HERE, **{_DATABASE: database_url}), accepted(server) as near:
            near.recv(64)  # the database is reached

            def once() -> float:
                began = time.perf_counter()
                near.send(_MESSAGE)
                if not near.recv(64):
                    raise RuntimeError("the bare chain broke; its error is above")
                return (time.perf_counter() - began) * 1000

            yield once


async def commit_times(database_url: str, rounds: int = 200) -> list[float]:
    """Milliseconds of one commit, from this process to a durable log and back."""
    connection = await asyncpg.connect(database_url)
    try:
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            await connection.execute(_LOGGED)
            times.append((time.perf_counter() - began) * 1000)
        return times
    finally:
        await connection.close()


def run_times(program: str, rounds: int = 200) -> list[float]:
    """Milliseconds of starting sh with a program in a file, until its exit is known."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        _run(program)
        times.append((time.perf_counter() - began) * 1000)
    return times


def disk_times(directory: Path, rounds: int = 200) -> list[float]:
    """Milliseconds of appending 4 KiB to a file and waiting until they are on the disk."""
    times = []
    with (directory / "bare-writes").open("wb", buffering=0) as file:
        for _ in range(rounds):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    (directory / "bare-writes").unlink()
    return times


def _run(program: str) -> None:
    pid = os.posix_spawn("/bin/sh", ["sh", program], os.environ)
    os.waitpid(pid, 0)


def _serve(port: str, before: str, after: str, program: str) -> None:
    loop = uvloop.new_event_loop()
    url = os.environ.pop(_DATABASE)
    connection = loop.run_until_complete(asyncpg.connect(url)) if url else None

    def commit(times: int) -> None:
        if connection is None:
            return
        for _ in range(times):
            loop.run_until_complete(connection.execute(_LOGGED))

    with (
        listening() as server,
        other_end("machine", port_of(server), program, module=_HERE),
        accepted(server) as machine,
        dialled(int(port)) as caller,
    ):
        commit(1)
        caller.send(_MESSAGE)
        while caller.recv(64):
            commit(int(before))
            machine.send(_MESSAGE)
            machine.recv(64)
            commit(int(after))
            caller.send(_MESSAGE)


def _be_the_machine(port: str, program: str) -> None:
    with dialled(int(port)) as server:
        while server.recv(64):
            if program:
                _run(program)
            server.send(_MESSAGE)


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"server": _serve, "machine": _be_the_machine}
    roles[sys.argv[1]](*sys.argv[2:])
