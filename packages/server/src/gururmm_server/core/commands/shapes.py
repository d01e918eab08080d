"""What the service takes and gives, and how a stored command is said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow
from gururmm_server.core.commands.events import CommandCompleted
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.infra.database import Row


@dataclass(frozen=True, slots=True)
class Script:
    """What to run, validated."""

    shell: str
    script: str
    timeout_s: int
    deadline_s: int


def command(row: Row) -> dict[str, Any]:
    """As `schemas.Command`."""
    return {
        "id": row["command_id"],
        **{name: row[name] for name in _FIELDS},
        "cancel_requested": row["cancel_requested_at"] is not None,
        "first_line": _first_line(row.get("head")),
    }


def _first_line(head: bytes | None) -> str | None:
    """The first line of the output that says something, cut to what a table shows."""
    lines = (head or b"").decode(errors="replace").splitlines()
    return next((line.strip()[:200] for line in lines if line.strip()), None)


_FIELDS = (
    "batch_id", "agent_id", "hostname", "client_name", "site_name", "shell", "script", "status", "exit_code", "message",
    "created_at", "created_by", "delivered_at", "started_at", "finished_at", "duration_ms", "timeout_s", "deadline_at",
)  # fmt: skip


def detail(row: Row) -> dict[str, Any]:
    """As `schemas.CommandDetail`."""
    return {
        **command(row),
        "first_line": _first_line((row["stdout"] or row["stderr"] or b"")[:400]),
        "stdout": (row["stdout"] or b"").decode(errors="replace"),
        "stderr": (row["stderr"] or b"").decode(errors="replace"),
        "dropped_bytes": row["dropped_bytes"],
    }


def new_command(row: Row, script: Script, batch_id: UUID, deadline: datetime, created_by: str) -> dict[str, Any]:
    """As `schemas.Command`, of a row that was made just now."""
    names = ("agent_id", "hostname", "client_name", "site_name", "created_at")
    return {
        "id": row["command_id"],
        **{name: row[name] for name in names},
        **dict.fromkeys(("exit_code", "message", "delivered_at", "started_at", "finished_at", "duration_ms")),
        "batch_id": batch_id,
        "shell": script.shell,
        "script": script.script,
        "timeout_s": script.timeout_s,
        "deadline_at": deadline,
        "created_by": created_by,
        "status": "queued",
        "cancel_requested": False,
        "first_line": None,
    }


def queued(row: Row) -> CommandUpdate:
    return CommandUpdate(row["command_id"].bytes, row["agent_id"].bytes, row["client_id"].bytes, "queued")


def update(row: Row) -> CommandUpdate:
    started, finished = row["started_at"], row["finished_at"]
    return CommandUpdate(
        row["command_id"].bytes,
        row["agent_id"].bytes,
        row["client_id"].bytes,
        row["status"],
        row["exit_code"],
        row["message"],
        started.timestamp() if started else None,
        finished.timestamp() if finished else None,
        row["duration_ms"],
    )


def audit_row(operation: str, actor: Subject, row: Row) -> AuditRow:
    """What a person did to a command, for the audit."""
    details = {"command_id": str(row["command_id"]), "status": row["status"]}
    return AuditRow(operation, actor, agent_id=row["agent_id"], details=details)


def cancelled(row: Row) -> CommandCompleted:
    """The event of a command that ends without the machine's word."""
    return CommandCompleted(
        command_id=row["command_id"],
        agent_id=row["agent_id"],
        hostname=row["hostname"],
        status="cancelled",
        exit_code=None,
    )
