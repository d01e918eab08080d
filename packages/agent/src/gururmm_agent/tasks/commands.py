"""Commands: run once, report live, keep the outcome until the server has it."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult
from gururmm_wire.v2.server import CancelCommand, ResultAck, RunCommand

from gururmm_agent.adapters.environment import COMMAND_MARKER, child_environment
from gururmm_agent.adapters.ports import Processes, Shells, Unsupported
from gururmm_agent.files import open_owned, write_all
from gururmm_agent.link.socket import Closed
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.tasks.journal import Entry, Journal
from gururmm_agent.tasks.output import OutputCutter

_log = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""Commands that run side by side; more wait."""
QUEUE: Final = 1000
GRACE_S: Final = 2.0
"""What a command's processes have, from being asked to end to being killed."""
INTERRUPTED: Final = "interrupted: the agent stopped while it ran"
_STOP_S: Final = 0.5

Outcome = Literal["succeeded", "failed", "timed_out", "cancelled", "expired"]


class _Running(msgspec.Struct):
    """A command under way. `stop` resolves with the outcome that ends it early."""

    stop: asyncio.Future[Outcome]
    not_after: float
    begun: Callable[[], None]
    pid: int | None = None


class Commands:
    """All commands of this machine. Handlers return at once; the work is done in tasks of the given group."""

    def __init__(
        self, directory: Path, uplink: Uplink, processes: Processes, shells: Shells, group: asyncio.TaskGroup
    ) -> None:
        self._journal = Journal(directory)
        self._scripts = directory / "scripts"
        self._scripts.mkdir(mode=0o700, exist_ok=True)
        self._uplink = uplink
        self._processes = processes
        self._shells = shells
        self._group = group
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._running: dict[bytes, _Running] = {}
        self._stopping = False

    async def recover(self) -> None:
        """After a crash: end what is left of commands that were running, and report them as interrupted."""
        for script in self._scripts.iterdir():
            script.unlink(missing_ok=True)
        for entry in self._journal.pending():
            if entry.result is None:
                await self._interrupt(entry)

    def knows(self, command_id: bytes) -> bool:
        """Returns whether a command is under way here, or was within the last week."""
        return command_id in self._running or self._journal.known(command_id) is not None

    def run(self, message: RunCommand, not_after: float, begun: Callable[[], None]) -> None:
        """Start a command, or repeat what is known about it.

        After `not_after` (Unix seconds, the server's clock) it does not start; `begun` is called once its id is on
        disk.
        """
        command_id = message.command_id
        entry = self._journal.known(command_id)
        if entry is not None:
            self._group.create_task(self._tell(entry))
        elif command_id not in self._running and not self._stopping:
            if len(self._running) >= QUEUE:
                _log.error("command %s is not taken: %d are waiting", command_id.hex(), QUEUE)
                return
            running = _Running(asyncio.get_running_loop().create_future(), not_after, begun)
            self._running[command_id] = running
            self._group.create_task(self._carry_out(message, running))

    def expire(self, message: RunCommand, why: str) -> None:
        """A command came too late: it is remembered as expired, so it never will run."""
        if not self.knows(message.command_id):
            self._refuse(message.command_id, "expired", why)

    def cancel(self, message: CancelCommand) -> None:
        """End a command's process tree; one that never arrived is remembered as cancelled, so it never will run."""
        running = self._running.get(message.command_id)
        entry = self._journal.known(message.command_id)
        if running is not None:
            if not running.stop.done():
                running.stop.set_result("cancelled")
        elif entry is not None:
            self._group.create_task(self._tell(entry))
        else:
            self._refuse(message.command_id, "cancelled", "cancelled before it arrived")

    def acknowledge(self, message: ResultAck) -> None:
        """The server holds the result and all output."""
        self._journal.acknowledged(message.command_id)

    async def resend(self) -> None:
        """After a connect: everything the server has not acknowledged."""
        for entry in self._journal.pending():
            await self._tell(entry)

    async def stop(self) -> None:
        """The agent stops: nothing goes on running behind its back."""
        self._stopping = True
        for command_id, running in list(self._running.items()):
            await self._processes.end_tree(running.pid, _marker(command_id), 0)
        give_up = time.monotonic() + _STOP_S
        while self._running and time.monotonic() < give_up:  # noqa: ASYNC110 - the last thing this process does
            await asyncio.sleep(0.01)
        for command_id in self._running:
            if (entry := self._journal.known(command_id)) is not None and entry.result is None:
                self._finish(entry, "failed", None, INTERRUPTED)
        self._journal.close()

    async def _carry_out(self, message: RunCommand, running: _Running) -> None:
        command_id = message.command_id
        try:
            async with self._slots:
                if running.stop.done():
                    self._refuse(command_id, running.stop.result(), "cancelled before it started")
                elif self._uplink.server_now() > running.not_after:
                    self._refuse(command_id, "expired", "its deadline passed while others ran before it")
                else:
                    await self._begin(message, running)
        except Exception:  # noqa: BLE001 - the edge of a job
            _log.exception("command %s failed inside the agent", command_id.hex())
            entry = self._journal.known(command_id)
            if entry is not None and entry.result is None:
                self._finish(entry, "failed", None, "the agent failed; its log says why")
        finally:
            self._running.pop(command_id, None)

    async def _begin(self, message: RunCommand, running: _Running) -> None:
        try:
            entry = await self._journal.accept(message.command_id)
        except OSError as error:
            self._refuse(message.command_id, "failed", f"the command could not be put on disk: {error.strerror}")
            return
        running.begun()
        self._uplink.send(CommandAccepted(entry.command_id, entry.started_at_ms))
        if self._stopping:
            self._finish(entry, "failed", None, INTERRUPTED)
            return
        script = self._scripts / (message.command_id.hex() + self._shells.suffix(message.shell))
        try:
            _write_script(script, message.script)
            arguments = self._shells.arguments(message.shell, str(script))
            await self._run(entry, arguments, message.timeout_s, running)
        except Unsupported as error:
            self._finish(entry, "failed", None, str(error))
        except OSError as error:
            self._finish(entry, "failed", None, f"the command could not be started: {error}")
        finally:
            script.unlink(missing_ok=True)

    async def _run(self, entry: Entry, arguments: list[str], timeout_s: int, running: _Running) -> None:
        def emit(chunk: CommandOutput) -> None:
            self._journal.add_chunk(entry, chunk)
            self._uplink.send(chunk)

        began = time.monotonic()
        output = OutputCutter(entry.command_id, emit)
        environment = child_environment(**{COMMAND_MARKER: entry.command_id.hex()})
        program = await self._processes.start(
            arguments, directory=_home(environment), environment=environment, on_output=output.add
        )
        running.pid = program.pid
        self._journal.started(entry, running.pid, self._processes.identity(running.pid) or "")
        ended = asyncio.ensure_future(program.wait())
        await asyncio.wait((ended, running.stop), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        outcome: Outcome | None = None
        if not ended.done():
            outcome = running.stop.result() if running.stop.done() else "timed_out"
            await self._processes.end_tree(running.pid, _marker(entry.command_id), GRACE_S)
        exit_code = await ended
        if entry.result is not None:
            return
        output.flush()
        if self._stopping:
            self._finish(entry, "failed", None, INTERRUPTED, chunks=output.chunks, dropped=output.dropped)
            return
        message = {"timed_out": f"ended after {timeout_s} s", "cancelled": "cancelled"}.get(outcome or "", "")
        self._finish(
            entry,
            outcome or ("succeeded" if exit_code == 0 else "failed"),
            exit_code,
            message,
            duration_ms=round((time.monotonic() - began) * 1000),
            chunks=output.chunks,
            dropped=output.dropped,
        )

    def _finish(
        self,
        entry: Entry,
        outcome: Outcome,
        exit_code: int | None,
        message: str,
        *,
        duration_ms: int | None = None,
        chunks: int | None = None,
        dropped: int = 0,
    ) -> None:
        """Keep and send the result. Without `chunks` they are counted from what is on disk."""
        if duration_ms is None:
            duration_ms = max(0, time.time_ns() // 1_000_000 - entry.started_at_ms)
        if chunks is None:
            chunks = sum(1 for _ in self._journal.chunks(entry))
        result = CommandResult(entry.command_id, outcome, exit_code, duration_ms, chunks, dropped, message[:2048])
        self._journal.ended(entry, result)
        self._uplink.send(result)

    def _refuse(self, command_id: bytes, outcome: Outcome, message: str) -> None:
        result = CommandResult(command_id, outcome, None, 0, 0, 0, message)
        self._journal.refuse(command_id, result)
        self._uplink.send(result)

    async def _interrupt(self, entry: Entry) -> None:
        leader = entry.pid if entry.pid and self._processes.identity(entry.pid) == entry.process else None
        await self._processes.end_tree(leader, _marker(entry.command_id), GRACE_S)
        self._finish(entry, "failed", None, INTERRUPTED)

    async def _tell(self, entry: Entry) -> None:
        """Accepted, the chunks there are, and the result if it has ended; stops when the connection does."""
        try:
            self._uplink.send(CommandAccepted(entry.command_id, entry.started_at_ms))
            for chunk in () if entry.acknowledged else self._journal.chunks(entry):
                await self._uplink.drain()
                self._uplink.send(chunk)
            if entry.result is not None:
                self._uplink.send(entry.result)
        except Closed:
            return


def _marker(command_id: bytes) -> str:
    return f"{COMMAND_MARKER}={command_id.hex()}"


def _home(environment: dict[str, str]) -> str:
    home = environment["HOME"]
    return home if os.path.isdir(home) else os.path.abspath(os.sep)  # noqa: PTH112, PTH100


def _write_script(path: Path, script: str) -> None:
    with open_owned(path, "wb", permissions=0o700) as file:
        write_all(file, script.encode("utf-8", "surrogatepass"))
