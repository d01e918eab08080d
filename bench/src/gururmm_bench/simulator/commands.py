"""Commands on simulated machines: the real rules of delivery (once only, kept until acknowledged) around a play."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal, cast

from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult, Message
from gururmm_wire.v2.limits import CHUNK_BYTES
from gururmm_wire.v2.server import RunCommand

from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.shell import STDERR, Outcome, interpret
from gururmm_bench.simulator.store import Run, Store

Send = Callable[[Message], None]
_Ending = Literal["succeeded", "failed", "timed_out", "cancelled", "expired"]


class Commands:
    """All commands of the fleet. Messages go to the `send` that each call names, or nowhere while a machine is off."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.on_acknowledged: Callable[[bytes], None] | None = None
        """Told the id of each command of which the server holds everything."""
        self._running: dict[bytes, _Play] = {}

    def start(self, number: int, profile: Profile, order: RunCommand, not_after: int, send: Send) -> None:
        """Run a command once, and not after that moment; one that is known is answered with what is known."""
        known = self._store.run(number, order.command_id)
        if known is not None:
            self._tell(known, send)
            return
        now = time.time()
        run = Run(order.command_id, number, int(now * 1000), None, None, 0, "", [])
        if now > not_after:
            run.outcome, run.message = "expired", "its deadline had passed when it arrived"
            self._store.begin(run)
            self._store.finish(run)
            self._tell(run, send)
            return
        self._store.begin(run)
        send(CommandAccepted(run.command_id, run.started_at_ms))
        if order.shell not in ("sh", "bash", "python3", "powershell", "cmd"):
            text = f"{order.shell}: simulated machine\n".encode()
            outcome = Outcome((), 127)
            run.output.append((STDERR, text))
        else:
            outcome = interpret(profile, order.script, now)
        self._running[run.command_id] = _Play(self, run, outcome, order.timeout_s, send)

    def cancel(self, number: int, command_id: bytes, send: Send) -> None:
        """Stop a running command; a finished one is told again."""
        play = self._running.get(command_id)
        if play is not None and play.run.number == number:
            play.end("cancelled", None, "cancelled")
            return
        known = self._store.run(number, command_id)
        if known is not None:
            self._tell(known, send)

    def acknowledge(self, number: int, command_id: bytes) -> None:
        """The server holds result and output."""
        self._store.acknowledge(number, command_id)
        if self.on_acknowledged is not None:
            self.on_acknowledged(command_id)

    def resend(self, number: int, send: Send) -> None:
        """After a reconnect: everything the server has not confirmed."""
        for run in self._store.unacknowledged(number):
            play = self._running.get(run.command_id)
            if play is not None:
                play.send = send
                self._tell(play.run, send)
            else:
                self._tell(run, send)

    def finished(self, run: Run, send: Send) -> None:
        """A play is over: keep it, then tell."""
        del self._running[run.command_id]
        self._store.finish(run)
        send(_result(run))

    def _tell(self, run: Run, send: Send) -> None:
        if run.outcome is None and run.command_id not in self._running:
            run.outcome, run.message = "failed", "interrupted: the simulator stopped while it ran"
            self._store.finish(run)
        send(CommandAccepted(run.command_id, run.started_at_ms))
        for seq, (stream, data) in enumerate(run.output):
            send(CommandOutput(run.command_id, seq, stream, data))
        if run.outcome is not None:
            send(_result(run))


class _Play:
    """One running command: its steps on timers."""

    def __init__(self, owner: Commands, run: Run, outcome: Outcome, timeout_s: int, send: Send) -> None:
        self.run = run
        self.send = send
        self._owner = owner
        self._outcome = outcome
        self._begun = time.monotonic()
        self._next = 0
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(timeout_s, self.end, "timed_out", None, f"stopped after {timeout_s} s")
        for seq, (stream, data) in enumerate(run.output):
            send(CommandOutput(run.command_id, seq, stream, data))
        self._timer = loop.call_later(self._wait(), self._step)

    def end(self, outcome: _Ending, exit_code: int | None, message: str) -> None:
        self._timer.cancel()
        self._limit.cancel()
        self.run.outcome, self.run.exit_code, self.run.message = outcome, exit_code, message
        self.run.duration_ms = int((time.monotonic() - self._begun) * 1000)
        self._owner.finished(self.run, self.send)

    def _wait(self) -> float:
        return self._outcome.steps[self._next].wait_s if self._next < len(self._outcome.steps) else 0.0

    def _step(self) -> None:
        if self._next == len(self._outcome.steps):
            code = self._outcome.exit_code
            self.end("succeeded" if code == 0 else "failed", code, "")
            return
        step = self._outcome.steps[self._next]
        self._next += 1
        for start in range(0, len(step.data), CHUNK_BYTES):
            piece = step.data[start : start + CHUNK_BYTES]
            self.send(CommandOutput(self.run.command_id, len(self.run.output), step.stream, piece))
            self.run.output.append((step.stream, piece))
        self._timer = asyncio.get_running_loop().call_later(self._wait(), self._step)


def _result(run: Run) -> CommandResult:
    return CommandResult(
        run.command_id,
        cast("_Ending", run.outcome),
        run.exit_code,
        run.duration_ms,
        len(run.output),
        0,
        run.message,
    )
