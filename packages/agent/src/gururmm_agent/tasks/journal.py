"""The journal of commands: what makes "never twice, never lost" true over crashes.

`journal` holds who was accepted, started, ended and acknowledged; `output/<id>` the chunks of one command until the
server has them. Ids stay for a week after their end.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from gururmm_wire.v2.agent import CommandOutput, CommandResult

from gururmm_agent.files import write_atomically
from gururmm_agent.records import Appender, pack_record, read_records
from gururmm_agent.tasks.apart import Apart, TooManyLost

_log = logging.getLogger(__name__)

REMEMBER_S: Final = 7 * 86400
_MOST_LOST: Final = 16
SYNC_S: Final = 10.0
"""What the disk has to take a command's id for good: one that hangs must not keep back what may mend it."""
_COMPACT_BYTES: Final = 4 * 1024 * 1024


class Entry(msgspec.Struct):
    """What is known about one command. `spilled` holds chunks that the disk did not take."""

    command_id: bytes
    started_at_ms: int
    pid: int = 0
    process: str = ""
    result: CommandResult | None = None
    acknowledged: bool = False
    spilled: list[CommandOutput] = []
    not_durable: str = ""
    """Why the disk does not have it, where that is so."""


class Journal:
    """One directory. Writing raises `OSError` only where it says so; else the memory stands in for the disk."""

    def __init__(self, directory: Path, not_durable: str = "") -> None:
        self._not_durable = not_durable
        self._apart = Apart(_MOST_LOST)
        self._path = directory / "journal"
        self._output = directory / "output"
        self._output.mkdir(mode=0o700, exist_ok=True)
        self._entries: dict[bytes, Entry] = {}
        self._open_output: dict[bytes, Appender] = {}
        self._load()
        self._log_file = self._compact()

    def known(self, command_id: bytes) -> Entry | None:
        """The entry of an id that was ever accepted, within the last week."""
        return self._entries.get(command_id)

    def pending(self) -> list[Entry]:
        """Entries the server has not acknowledged, in the order they were accepted."""
        return [entry for entry in self._entries.values() if not entry.acknowledged]

    async def accept(self, command_id: bytes) -> Entry:
        """Put the id on disk, durably: after this the command counts as begun.

        A disk that takes nothing costs no command, for one of them may mend it: then memory alone has it, as it says.
        """
        entry = Entry(command_id, time.time_ns() // 1_000_000, not_durable=self._not_durable)
        self._entries[command_id] = entry
        try:
            self._log_file.append(("a", command_id, entry.started_at_ms))
            await self._apart.run(self._log_file.sync, SYNC_S)
        except (OSError, TooManyLost) as error:
            entry.not_durable = getattr(error, "strerror", None) or str(error) or "it does not answer"
            _log.error("command %s is kept in memory only: %s", command_id.hex(), entry.not_durable)
        return entry

    def refuse(self, command_id: bytes, result: CommandResult) -> None:
        """Remember a command that never began together with its result."""
        entry = Entry(command_id, time.time_ns() // 1_000_000)
        self._entries[command_id] = entry
        self._write("a", command_id, entry.started_at_ms)
        self.ended(entry, result)

    def started(self, entry: Entry, pid: int, process: str) -> None:
        """Remember the process, so that a later run of the agent can find what is left of it."""
        entry.pid, entry.process = pid, process
        self._write("s", entry.command_id, pid, process)

    def add_chunk(self, entry: Entry, chunk: CommandOutput) -> None:
        """Keep a piece of output until it is acknowledged."""
        try:
            file = self._open_output.get(entry.command_id)
            if file is None:
                file = self._open_output[entry.command_id] = Appender(self._output / entry.command_id.hex())
            file.append((chunk.seq, chunk.stream, chunk.data, chunk.skipped))
        except OSError as error:
            _log.error("output of command %s is kept in memory only: %s", entry.command_id.hex(), error)
            entry.spilled.append(chunk)

    def chunks(self, entry: Entry) -> Iterator[CommandOutput]:
        """The kept output. What a full disk and a crash lost together is there as empty chunks: they are counted."""
        seen = set()
        for record in read_records(self._output / entry.command_id.hex()):
            seen.add(record[0])
            yield CommandOutput(entry.command_id, *record)
        for chunk in entry.spilled:
            seen.add(chunk.seq)
            yield chunk
        for seq in range(entry.result.chunks if entry.result is not None else 0):
            if seq not in seen:
                yield CommandOutput(entry.command_id, seq, 1, b"")

    def ended(self, entry: Entry, result: CommandResult) -> None:
        """Keep the result until it is acknowledged."""
        entry.result = result
        file = self._open_output.pop(entry.command_id, None)
        if file is not None:
            file.close()
        if entry.not_durable:
            self._write("a", entry.command_id, entry.started_at_ms)  # it may have made the room for that
        self._write(*_ended_record(result))

    def acknowledged(self, command_id: bytes) -> None:
        """The server holds everything: forget the output, keep the id."""
        entry = self._entries.get(command_id)
        if entry is None or entry.result is None or entry.acknowledged:
            return
        entry.acknowledged = True
        entry.spilled = []
        with contextlib.suppress(OSError):  # removed when the journal is next tidied, should it be read-only now
            (self._output / command_id.hex()).unlink(missing_ok=True)
        self._write("k", command_id)
        if self._log_file.size > _COMPACT_BYTES:
            self._log_file.close()
            self._log_file = self._compact()

    def close(self) -> None:
        """Close the files."""
        self._log_file.close()
        for file in self._open_output.values():
            file.close()

    def _write(self, *record: Any) -> None:
        try:
            self._log_file.append(record)
        except OSError as error:
            _log.error("the journal of commands cannot be written, it goes on in memory: %s", error)

    def _load(self) -> None:
        for record in read_records(self._path):
            kind, command_id, *rest = record
            if kind == "a":
                self._entries[command_id] = Entry(command_id, *rest)
                continue
            entry = self._entries.get(command_id)
            if entry is None:
                continue
            if kind == "s":
                entry.pid, entry.process = rest
            elif kind == "e":
                entry.result = CommandResult(command_id, *rest)
            elif kind == "k":
                entry.acknowledged = True

    def _compact(self) -> Appender:
        """Write the journal anew without ids older than a week, and remove output that belongs to none."""
        oldest = (time.time() - REMEMBER_S) * 1000
        for command_id, entry in list(self._entries.items()):
            if entry.acknowledged and entry.started_at_ms < oldest:
                del self._entries[command_id]
        kept = {entry.command_id.hex() for entry in self.pending()}
        for file in self._output.iterdir():
            if file.name not in kept:
                file.unlink(missing_ok=True)
        try:
            write_atomically(self._path, b"".join(map(pack_record, self._records())))
        except OSError as error:
            _log.error("the journal of commands could not be tidied: %s", error)
        return Appender(self._path)

    def _records(self) -> Iterator[tuple[Any, ...]]:
        for entry in self._entries.values():
            yield "a", entry.command_id, entry.started_at_ms
            if entry.pid:
                yield "s", entry.command_id, entry.pid, entry.process
            if entry.result is not None:
                yield _ended_record(entry.result)
            if entry.acknowledged:
                yield "k", entry.command_id


def _ended_record(result: CommandResult) -> tuple[Any, ...]:
    return ("e", *msgspec.structs.astuple(result))
