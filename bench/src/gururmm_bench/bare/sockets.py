"""Loopback TCP by itself: a byte there and back, and bytes through a relay. Each end is a process of its own.

`python -m gururmm_bench.bare.sockets echo|pump PORT …` are the other ends.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_HERE: Final = "gururmm_bench.bare.sockets"
_PIECE: Final = 64 * 1024


def echo_times(rounds: int = 2000) -> list[float]:
    """Milliseconds of 64 bytes to another process and back, one after the other."""
    times = []
    with listening() as server, other_end("echo", port_of(server)):
        near = accepted(server)
        with near:
            for _ in range(rounds):
                began = time.perf_counter()
                near.send(b"x" * 64)
                near.recv(64)
                times.append((time.perf_counter() - began) * 1000)
    return times


def relayed(size: int) -> float:
    """Bytes a second from one process through a second, which copies them, to this one."""
    with listening() as server, other_end("relay", port_of(server)), accepted(server) as near:
        entrance = int.from_bytes(near.recv(2), "big")
        with other_end("pump", entrance, size):
            buffer = bytearray(_PIECE)
            left, began = size - near.recv_into(buffer), time.perf_counter()
            while left > 0:
                left -= near.recv_into(buffer)
            return size / (time.perf_counter() - began)


def messages_a_cpu_second(rounds: int = 20_000) -> float:
    """Messages of 100 bytes, each received by a call of its own, per second of the receiver's CPU."""
    spent = 0.0
    with listening() as server, socket.create_connection(server.getsockname()) as far, accepted(server) as near:
        for _ in range(rounds):
            far.send(b"x" * 100)
            began = time.thread_time()
            near.recv(4096)
            spent += time.thread_time() - began
    return rounds / spent


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A server socket on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


def port_of(server: socket.socket) -> int:
    """Where others reach it."""
    return int(server.getsockname()[1])


def accepted(server: socket.socket) -> socket.socket:
    """The next connection, without Nagle's delay. Raises `TimeoutError`."""
    near, _ = server.accept()
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near


def dialled(port: int) -> socket.socket:
    """A connection to that port, without Nagle's delay."""
    far = socket.create_connection(("127.0.0.1", port))
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return far


@contextmanager
def other_end(role: str, *arguments: int | str, module: str = _HERE, **environment: str) -> Iterator[None]:
    """A bare program in a role, ended at the latest when this context is."""
    command = [sys.executable, "-m", module, role, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=os.environ | environment) as program:
        try:
            yield
        finally:
            program.kill()


def _echo(port: int) -> None:
    with dialled(port) as far:
        while data := far.recv(4096):
            far.send(data)


def _pump(port: int, size: int) -> None:
    piece = bytes(_PIECE)
    with dialled(port) as far:
        for _ in range(0, size, _PIECE):
            far.sendall(piece)


def _relay(sink: int) -> None:
    """Says on which port it takes bytes, then copies them."""
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    with listening() as server, dialled(sink) as out:
        out.send(port_of(server).to_bytes(2, "big"))
        with accepted(server) as inwards:
            while count := inwards.recv_into(buffer):
                out.sendall(view[:count])


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"echo": _echo, "pump": _pump, "relay": _relay}
    roles[sys.argv[1]](*map(int, sys.argv[2:]))
