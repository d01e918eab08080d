"""What a simulated fleet remembers between starts: who its machines are, and the commands they saw. One SQLite file."""

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from gururmm_bench.simulator.profile import Origin

_SCHEMA = """
create table if not exists machines (number integer primary key, seed blob not null, agent_id blob, server_key blob);
create table if not exists origins (
  number integer primary key, seed text not null, prefix text not null, subnet integer not null);
create table if not exists commands (
  command_id blob primary key, number integer not null, started_at_ms integer not null, outcome text,
  exit_code integer, duration_ms integer not null default 0, message text not null default '', output blob,
  acknowledged integer not null default 0);
create index if not exists waiting on commands (number) where acknowledged = 0;
"""
_RUNS = """select command_id, number, started_at_ms, outcome, exit_code, duration_ms, message, output
from commands where """
_FINISH = """update commands set outcome = ?, exit_code = ?, duration_ms = ?, message = ?, output = ?
where command_id = ?"""
Output = list[tuple[int, bytes]]
"""(stream, data) in the order of `seq`."""


class StateInUse(Exception):
    """Another simulator runs with this state directory."""


@dataclass(slots=True)
class Identity:
    """One machine's key (64 bytes, seed and public half), id and the server key it pinned; no id before enrolment."""

    secret: bytes
    agent_id: bytes | None
    server_key: bytes


@dataclass(slots=True)
class Run:
    """One command of one machine. `outcome` is None while it runs."""

    command_id: bytes
    number: int
    started_at_ms: int
    outcome: str | None
    exit_code: int | None
    duration_ms: int
    message: str
    output: Output


class Store:
    """The file, and the lock that keeps two simulators from being the same machines."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise StateInUse(f"Another simulator already runs with the state directory {directory}.") from error
        self._database = sqlite3.connect(directory / "fleet.sqlite", isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._database.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        os.close(self._lock)

    def identity(self, number: int) -> Identity | None:
        """What is known of this machine, enrolled or about to be."""
        row = self._database.execute(
            "select seed, agent_id, server_key from machines where number = ?", (number,)
        ).fetchone()
        return None if row is None else Identity(row[0], row[1], row[2] or b"")

    def keep(self, number: int, identity: Identity) -> None:
        """Keep a key before it is enrolled, and the id afterwards."""
        self.keep_many([(number, identity)])

    def keep_many(self, rows: list[tuple[int, Identity]]) -> None:
        """As `keep`, in one transaction."""
        self._database.execute("begin")
        self._database.executemany(
            "insert or replace into machines values (?, ?, ?, ?)",
            [(number, item.secret, item.agent_id, item.server_key) for number, item in rows],
        )
        self._database.execute("commit")

    def numbers(self) -> list[int]:
        """The machines that have a key."""
        return [row[0] for row in self._database.execute("select number from machines")]

    def origins(self) -> dict[int, Origin]:
        """What is settled, by number; a store from before origins were kept has machines without one."""
        rows = self._database.execute("select number, seed, prefix, subnet from origins")
        return {number: Origin(seed, prefix, subnet) for number, seed, prefix, subnet in rows}

    def settle(self, origins: dict[int, Origin]) -> None:
        """Keep origins for good: one that a machine has already stays."""
        self._database.execute("begin")
        self._database.executemany(
            "insert or ignore into origins values (?, ?, ?, ?)",
            [(number, item.seed, item.prefix, item.subnet) for number, item in origins.items()],
        )
        self._database.execute("commit")

    def begin(self, run: Run) -> None:
        """A command is about to start: from here on it never runs again."""
        self._database.execute(
            "insert into commands (command_id, number, started_at_ms) values (?, ?, ?)",
            (run.command_id, run.number, run.started_at_ms),
        )

    def finish(self, run: Run) -> None:
        """Keep how it ended, until the server has it."""
        self._database.execute(
            _FINISH,
            (
                run.outcome,
                run.exit_code,
                run.duration_ms,
                run.message,
                msgspec.msgpack.encode(run.output),
                run.command_id,
            ),
        )

    def acknowledge(self, number: int, command_id: bytes) -> None:
        """The server has everything: forget the output, keep the id."""
        self._database.execute(
            "update commands set acknowledged = 1, output = null where command_id = ? and number = ?",
            (command_id, number),
        )

    def run(self, number: int, command_id: bytes) -> Run | None:
        """A command that this machine has seen."""
        rows = self._runs(_RUNS + "command_id = ? and number = ?", (command_id, number))
        return rows[0] if rows else None

    def unacknowledged(self, number: int) -> list[Run]:
        """The commands whose result the server has not confirmed."""
        return self._runs(_RUNS + "number = ? and acknowledged = 0", (number,))

    def _runs(self, query: str, values: tuple[bytes | int, ...]) -> list[Run]:
        runs = []
        for row in self._database.execute(query, values):
            command_id, number, started, outcome, code, duration, message, packed = row
            output = msgspec.msgpack.decode(packed, type=Output) if packed else []
            runs.append(Run(command_id, number, started, outcome, code, duration, message, output))
        return runs
