"""The floors: what this machine gives, in the same run, to bare programs that do only what cannot be left out.

A figure names its floor, and the ratio of the two says how far the product is from the limit, whatever the weather on
this machine. Each floor is measured when the first figure asks for it, latencies in turns with their figure; the
programs are in `bare`.

The database is the run's own, so that a commit waits for the same disk as the product's.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvloop
from nacl.bindings import (
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_sign,
    crypto_sign_keypair,
    crypto_sign_open,
    randombytes,
)

from gururmm_bench.bare import chain, pty, sockets, tls
from gururmm_bench.certificate import certificate
from gururmm_bench.clocks import cpu_us, resident_bytes
from gururmm_bench.figures import Floor, quantile
from gururmm_bench.tab import Echo, key_times

_RELAYED_BYTES: Final = 200_000_000
_KEYS: Final = 150


class Rounds:
    """A floor that is measured in turns with its figure, so that both have the same weather."""

    def __init__(self, name: str, once: Callable[[], float]) -> None:
        self._name = name
        self._once = once
        self._times: list[float] = []

    def once(self) -> None:
        """One round, in milliseconds kept."""
        self._times.append(self._once())

    @property
    def floor(self) -> Floor:
        """The median of the rounds so far."""
        return Floor(self._name, "ms", _median(self._times))


class Floors:
    """All of them. `scratch` is a folder on the disk that the product writes to."""

    def __init__(self, database_url: str, scratch: Path) -> None:
        self._database_url = database_url
        self._scratch = scratch
        self._known: dict[str, Floor] = {}

    @property
    def measured(self) -> list[Floor]:
        """Those that were asked for so far."""
        return list(self._known.values())

    def measure_all(self) -> None:
        """Also those beside which no figure stands: they tell where another floor comes from."""
        self.socket_echo()
        self.commit()
        self.fork_and_exec()
        self.disk_write()
        self.pty_echo()
        self.two_sockets()

    # Latencies: medians.

    def socket_echo(self) -> Floor:
        """64 bytes over loopback to another process and back: two hops."""
        return self._once("bare loopback socket, there and back, p50", "ms", lambda: _median(sockets.echo_times()))

    def commit(self) -> Floor:
        """One statement that does nothing but become durable."""
        return self._once("one commit, p50", "ms", lambda: _median(uvloop.run(chain.commit_times(self._database_url))))

    def disk_write(self) -> Floor:
        """4 KiB appended to a file and synced."""
        return self._once("4 KiB on the disk, p50", "ms", lambda: _median(chain.disk_times(self._scratch)))

    def fork_and_exec(self) -> Floor:
        """sh with a script that says `true`, started and awaited."""
        return self._once("fork + exec, p50", "ms", lambda: _median(chain.run_times(self._true())))

    @contextmanager
    def command(self) -> Iterator["Rounds"]:
        """What a command is at least, in the order in which it happens, in three processes."""
        with chain.chain(self._database_url, before=1, after=1, program=self._true()) as once:
            yield from self._rounds("fork + exec, 2 commits, 4 hops, p50", once)

    @contextmanager
    def key(self) -> Iterator["Rounds"]:
        """What an audited key is at least, beyond the terminal's own echo."""
        with chain.chain(self._database_url, before=1, after=0) as once:
            yield from self._rounds("1 commit, 4 hops, p50", once)

    def pty_echo(self) -> Floor:
        """`cat` on a raw PTY in this process, a key after the other at a typist's pace."""
        return self._once("bare PTY echo, p50", "ms", lambda: _median(asyncio.run(pty.echo_times(_typist))))

    # Throughput.

    def pty_cat(self, source: Path) -> Floor:
        """`cat` of this file on a raw PTY: the best of three."""
        return self._once("bare PTY, `cat`", "MB/s", lambda: max(pty.cat_rate(source) for _ in range(3)) / 1e6)

    def two_sockets(self) -> Floor:
        """Bytes from one process through a second into a third."""
        return self._once("memcpy through two sockets", "MB/s", lambda: sockets.relayed(_RELAYED_BYTES) / 1e6)

    # What a second of CPU is worth.

    def messages(self) -> Floor:
        """A system call that receives 100 bytes."""
        return self._once("bare loopback socket, messages received", "/s", sockets.messages_a_cpu_second)

    def proofs(self) -> Floor:
        """What mutual proof costs one side: a signature, a verification, and a key agreed by X25519."""
        return self._once("a signature, a verification, X25519 twice", "/s", lambda: 1e6 / cpu_us(_prover()))

    def tls_reconnects(self) -> Floor:
        """Two TLS handshakes, one for hello and one for the socket, on the server's side."""

        def pairs() -> float:
            return tls.handshakes_a_cpu_second(certificate(self._scratch)) / 2

        return self._once("two TLS handshakes, the server's side", "/s", pairs)

    # Memory.

    def interpreter(self) -> Floor:
        """A Python process, as the agent is started, that has imported nothing and waits."""
        return self._once("a bare Python process", "MB", _interpreter_mb)

    def _once(self, name: str, unit: str, measure: Callable[[], float]) -> Floor:
        if name not in self._known:
            self._known[name] = Floor(name, unit, measure())
        return self._known[name]

    def _rounds(self, name: str, once: Callable[[], float]) -> Iterator["Rounds"]:
        rounds = Rounds(name, once)
        yield rounds
        self._known[name] = rounds.floor

    def _true(self) -> str:
        script = self._scratch / "true.sh"
        script.write_text("true", encoding="ascii")
        return str(script)


def _median(values: list[float]) -> float:
    return quantile(values, 0.5)


async def _typist(echo: Echo, send: Callable[[bytes], object]) -> list[float]:
    return await key_times(echo, send, rounds=_KEYS, pause_s=0.03)


def _prover() -> Callable[[], object]:
    public_key, secret_key = crypto_sign_keypair()
    other = crypto_scalarmult_base(randombytes(32))
    said = crypto_sign(randombytes(150), secret_key)

    def prove() -> None:
        crypto_sign(said, secret_key)
        crypto_sign_open(said, public_key)
        ephemeral = randombytes(32)
        crypto_scalarmult_base(ephemeral)
        crypto_scalarmult(ephemeral, other)

    return prove


def _interpreter_mb() -> float:
    command = [sys.executable, "-OO", "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        size = resident_bytes(program.pid) / 1e6
        program.kill()
    return size
