"""One operating-system process that cannot outlive its supervisor."""

import asyncio
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gururmm_server.infra.embedded.account import Account

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and as whom."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: Path
    account: Account | None = None
    orphan_signal: signal.Signals = field(default=signal.SIGKILL)
    """What the kernel sends when the supervisor itself is killed."""


class Child:
    """A running process, the leader of its own session, with a future that tells of its end.

    Uses a pidfd, so no thread is needed and no pid can be mistaken for another's.
    """

    def __init__(self, command: Command, output: int, errors: int | None = None) -> None:
        """Start it; `output` takes its standard output, and its errors unless `errors` does. Raises OSError."""
        supervisor = os.getpid()
        signum = int(command.orphan_signal)

        def tie_to_supervisor() -> None:
            # After the change of user, which would clear it. The kernel sends nothing if the parent died before.
            _libc.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
            if os.getppid() != supervisor:
                os._exit(1)

        account = command.account
        self._process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if errors is None else errors,
            cwd=command.cwd,
            env=dict(command.environment),
            start_new_session=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            # One thread only in the supervisor, so running this between fork and exec is safe.
            preexec_fn=tie_to_supervisor,  # noqa: PLW1509
        )
        self.pidfd = os.pidfd_open(self._process.pid)
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._loop.add_reader(self.pidfd, self._on_end)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def stop(self, signum: signal.Signals, limit_s: float) -> None:
        """Ask it to end, and kill its whole session when it hasn't within `limit_s`."""
        if not self.ended.done():
            self._process.send_signal(signum)
            try:
                await asyncio.wait_for(asyncio.shield(self.ended), limit_s)
            except TimeoutError:
                self.kill()
                await self.ended
        self.kill()

    def kill(self) -> None:
        """Kill it and whatever is left of its process group."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _on_end(self) -> None:
        self._loop.remove_reader(self.pidfd)
        os.close(self.pidfd)
        if not self.ended.done():
            self.ended.set_result(self._process.wait())


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none can hide from `sweep`."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def adopted_children(known: set[int]) -> list[int]:
    """Returns the children of this process that it did not start itself (`known`)."""
    text = Path("/proc/self/task", str(os.getpid()), "children").read_text(encoding="ascii")
    return [int(pid) for pid in text.split() if int(pid) not in known]


def reap(pids: list[int]) -> None:
    """Take away those of `pids` that have ended."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue


async def sweep(spared: set[int], limit_s: float = 3.0) -> None:
    """Kill every adopted descendant but `spared`, and those that come up behind them, until none is left."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + limit_s
    while (pids := adopted_children(spared)) and loop.time() < give_up:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.02)
        reap(pids)
