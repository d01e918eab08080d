"""Commands: run once, report live, keep the outcome until the server has it."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Literal

import msgspec
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult
from gururmm_wire.v2.server import CancelCommand, ResultAck, RunCommand

from gururmm_agent.adapters.environment import COMMAND_MARKER
from gururmm_agent.adapters.ports import Adapters, Program, Survivor, Unsupported
from gururmm_agent.files import memory_folder, open_owned, write_all
from gururmm_agent.link.socket import Closed
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.tasks import endings
from gururmm_agent.tasks.apart import Apart, TooManyLost
from gururmm_agent.tasks.journal import Entry, Journal
from gururmm_agent.tasks.output import OutputCutter
from gururmm_agent.tasks.own_end import ends_agent, ends_machine
from gururmm_agent.tasks.places import Places

_log = logging.getLogger(__name__)

QUEUE: Final = 1000
GRACE_S: Final = 2.0
"""What a command's processes have, from being asked to end to being killed."""
_STOP_S: Final = 0.5
_LAST_WORDS_S: Final = 3.0
"""What a command's end has to be heard of, once its processes are gone."""
_PREPARE_S: Final = 10.0
_MOST_LOST: Final = 16

Outcome = Literal["succeeded", "failed", "timed_out", "cancelled", "expired"]


class _Running(msgspec.Struct):
    """A command under way. `stop` resolves with the outcome that ends it early."""

    stop: asyncio.Future[Outcome]
    not_after: float
    begun: Callable[[], None]
    script: str
    program: Program | None = None
    output: OutputCutter | None = None

    @property
    def pid(self) -> int | None:
        """Returns the leader's pid, once it has one."""
        return self.program.pid if self.program is not None else None


class _Call(msgspec.Struct):
    """How a script is started."""

    arguments: list[str]
    directory: str
    environment: dict[str, str]


class Commands:
    """All commands of this machine. Handlers return at once; the work is done in tasks of the given group."""

    def __init__(
        self,
        directory: Path,
        uplink: Uplink,
        adapters: Adapters,
        group: asyncio.TaskGroup,
        *,
        not_durable: str = "",
    ) -> None:
        """`not_durable` says why the directory is in memory, where it is."""
        self._journal = Journal(directory, not_durable)
        self._spare_scripts: Path | None = None
        self._scripts = directory / "scripts"
        self._scripts.mkdir(mode=0o700, exist_ok=True)
        self._uplink = uplink
        self._processes = adapters.processes
        self._shells = adapters.shells
        self._host = adapters.host
        self._group = group
        self._places = Places()
        self._apart = Apart(_MOST_LOST)
        self._running: dict[bytes, _Running] = {}
        self._stopping = False

    async def recover(self) -> None:
        """After a crash: end what is left of commands that were running, and report them as interrupted."""
        scripts = {}
        for script in self._scripts.iterdir():
            scripts[script.stem] = script.read_text("utf-8", "replace")
            script.unlink(missing_ok=True)
        for entry in self._journal.pending():
            if entry.result is None:
                await self._interrupt(entry, scripts.get(entry.command_id.hex(), ""))

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
            running = _Running(asyncio.get_running_loop().create_future(), not_after, begun, message.script)
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
        """The agent stops: no command goes on running behind its back, but one that asked for just this."""
        self._stopping = True
        goes_down = bool(self._running) and await self._goes_down()
        for command_id, running in list(self._running.items()):
            if (why := self._asked_for_it(command_id, running, goes_down=goes_down)) is not None:
                self._leave(command_id, running, why)
        if goes_down:
            await self._all_over(_STOP_S)  # whatever asked for it is often just about to end
        for command_id, running in list(self._running.items()):
            await self._processes.end_tree(running.pid, _marker(command_id), 0)
        await self._all_over(_STOP_S)
        for command_id in self._running:
            if (entry := self._journal.known(command_id)) is not None and entry.result is None:
                self._finish(entry, "failed", None, endings.RESTARTED if goes_down else endings.INTERRUPTED)
        self._journal.close()

    async def _goes_down(self) -> bool:
        try:
            return await self._apart.run(self._host.goes_down, _STOP_S)
        except (TimeoutError, TooManyLost):
            return False

    def _asked_for_it(self, command_id: bytes, running: _Running, *, goes_down: bool) -> str | None:
        """Returns what is said of a command that is why the agent stops; None for any other."""
        if running.pid is None:
            return None
        calls = self._processes.calls(running.pid, _marker(command_id))
        if ends_agent(running.script, calls):
            return endings.AGENT_AS_ASKED
        return endings.MACHINE_AS_ASKED if goes_down and ends_machine(running.script, calls) else None

    def _leave(self, command_id: bytes, running: _Running, why: str) -> None:
        """Let a command go on without the agent: it ends as it wishes."""
        entry = self._journal.known(command_id)
        if entry is None or entry.result is not None or running.output is None or running.program is None:
            return
        running.output.finish()
        self._finish(entry, "succeeded", None, why, output=running.output)
        running.program.let_go()
        del self._running[command_id]

    async def _all_over(self, within_s: float) -> None:
        give_up = time.monotonic() + within_s
        while self._running and time.monotonic() < give_up:  # noqa: ASYNC110 - the last thing this process does
            await asyncio.sleep(0.01)

    async def _carry_out(self, message: RunCommand, running: _Running) -> None:
        command_id = message.command_id
        try:
            async with self._places.taken(lambda: self._stuck(command_id, running)):
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
        entry = await self._journal.accept(message.command_id)
        running.begun()
        self._uplink.send(CommandAccepted(entry.command_id, entry.started_at_ms))
        if self._stopping:
            self._finish(entry, "failed", None, endings.INTERRUPTED)
            return
        script = self._scripts / (message.command_id.hex() + self._shells.suffix(message.shell))
        try:
            text = self._shells.text(message.script)
            script = self._written(script, text)
            prepare = partial(self._call, message.shell, str(script), text)
            known = self._shells.known_environment()
            call = prepare(known) if known is not None else await self._apart.run(prepare, _PREPARE_S)
            call.environment[COMMAND_MARKER] = entry.command_id.hex()
            if self._stopping:
                raise OSError("the agent stops")
            await self._run(entry, call, message.timeout_s, running)
        except Unsupported as error:
            self._finish(entry, "failed", None, str(error))
        except (TimeoutError, TooManyLost):
            self._finish(entry, "failed", None, "not started: the user's profile or home does not answer")
        except OSError as error:
            self._finish(entry, "failed", None, f"the command could not be started: {error}")
        finally:
            _remove(script)

    def _written(self, script: Path, text: str) -> Path:
        """Returns where the script stands: in memory while the disk takes none. Raises `OSError`."""
        try:
            _write_script(script, text)
        except OSError as error:
            _remove(script)
            _log.warning("a script is kept in memory: %s", error)
            self._spare_scripts = self._spare_scripts or memory_folder()
            script = self._spare_scripts / script.name
            _write_script(script, text)
        return script

    def _call(self, shell: str, script: str, text: str, environment: dict[str, str] | None = None) -> _Call:
        """Blocks, and raises `Unsupported`."""
        if environment is None:
            environment = self._shells.environment()
        arguments = self._shells.arguments(shell, script, text, environment)
        home = environment.get("HOME", "")
        return _Call(arguments, home if os.path.isdir(home) else os.path.abspath(os.sep), environment)  # noqa: PTH112, PTH100

    async def _run(self, entry: Entry, call: _Call, timeout_s: int, running: _Running) -> None:
        began = time.monotonic()
        running.output = output = OutputCutter(entry.command_id, lambda chunk: self._say(entry, chunk))
        running.program = program = await self._processes.start(
            call.arguments, directory=call.directory, environment=call.environment, on_output=output.add
        )
        self._journal.started(entry, program.pid, self._processes.identity(program.pid) or "")
        ended = asyncio.ensure_future(program.wait())
        await asyncio.wait((ended, running.stop), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        outcome: Outcome | None = None
        left: list[Survivor] = []
        if not ended.done():
            outcome = running.stop.result() if running.stop.done() else "timed_out"
            left = await self._processes.end_tree(program.pid, _marker(entry.command_id), GRACE_S)
            await asyncio.wait((ended,), timeout=_LAST_WORDS_S)
        exit_code = _exit_code(ended, program)
        if entry.result is not None:
            return
        output.finish()
        if self._stopping and (outcome is not None or exit_code != 0):
            self._finish(entry, "failed", None, endings.INTERRUPTED, output=output)
            return
        if outcome is None:
            assert exit_code is not None
            outcome, message = "succeeded" if exit_code == 0 else "failed", endings.by_itself(exit_code)
        else:
            message = endings.cancelled(left) if outcome == "cancelled" else endings.limit_reached(timeout_s, left)
        duration_ms = round((time.monotonic() - began) * 1000)
        self._finish(entry, outcome, exit_code, message, duration_ms=duration_ms, output=output)

    def _say(self, entry: Entry, chunk: CommandOutput) -> None:
        self._journal.add_chunk(entry, chunk)
        self._uplink.send(chunk)

    def _stuck(self, command_id: bytes, running: _Running) -> frozenset[str]:
        return self._processes.stuck(running.pid, _marker(command_id)) if running.pid is not None else frozenset()

    def _finish(
        self,
        entry: Entry,
        outcome: Outcome,
        exit_code: int | None,
        message: str,
        *,
        duration_ms: int | None = None,
        output: OutputCutter | None = None,
    ) -> None:
        """Keep and send the result. Without `output` its chunks are counted from what is on disk."""
        if duration_ms is None:
            duration_ms = max(0, time.time_ns() // 1_000_000 - entry.started_at_ms)
        chunks = output.chunks if output is not None else sum(1 for _ in self._journal.chunks(entry))
        dropped = output.dropped if output is not None else 0
        if entry.not_durable:
            why = f"not durable, as the agent's disk did not take it ({entry.not_durable})"
            message = f"{message}; {why}" if message else why
        result = CommandResult(entry.command_id, outcome, exit_code, duration_ms, chunks, dropped, message[:2048])
        self._journal.ended(entry, result)
        self._uplink.send(result)

    def _refuse(self, command_id: bytes, outcome: Outcome, message: str) -> None:
        result = CommandResult(command_id, outcome, None, 0, 0, 0, message)
        self._journal.refuse(command_id, result)
        self._uplink.send(result)

    async def _interrupt(self, entry: Entry, script: str) -> None:
        leader = entry.pid if entry.pid and self._processes.identity(entry.pid) == entry.process else None
        await self._processes.end_tree(leader, _marker(entry.command_id), GRACE_S)
        boot = self._host.boot()
        if not boot or not entry.process or entry.process.startswith(boot):
            self._finish(entry, "failed", None, endings.INTERRUPTED)
        elif ends_machine(script, ()):
            self._finish(entry, "succeeded", None, endings.MACHINE_AS_ASKED)
        else:
            self._finish(entry, "failed", None, endings.RESTARTED)

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


def _exit_code(ended: "asyncio.Future[int]", program: Program) -> int | None:
    """Returns a program's exit code; None for one that goes on being there, and is left alone from now on."""
    if ended.done():
        return ended.result()
    ended.cancel()
    program.let_go()
    return None


def _remove(script: Path) -> None:
    with contextlib.suppress(OSError):  # read-only, perhaps: then it was never there
        script.unlink(missing_ok=True)


def _write_script(path: Path, script: str) -> None:
    with open_owned(path, "wb", permissions=0o700) as file:
        write_all(file, script.encode("utf-8", "surrogatepass"))
