"""What the service takes and gives, and how a stored command is said."""

import codecs
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow
from gururmm_server.core.commands._jobs_repository import ExpiredRow
from gururmm_server.core.commands._repository import CommandRow, DetailRow, ListedRow, MadeRow
from gururmm_server.core.commands.events import CommandCompleted
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.core.commands.schemas import Command, CommandDetail, OutputRun, Stream

_STDERR: Final = 2
_STREAMS: Final[dict[int, Stream]] = {1: "stdout", _STDERR: "stderr"}


@dataclass(frozen=True, slots=True)
class Script:
    """What to run, validated."""

    shell: str
    script: str
    timeout_s: int
    deadline_s: int


def command(
    row: CommandRow, said: bytes | None = None, end: bytes | None = None, *, machine_online: bool | None = None
) -> Command:
    """Returns a command as the API says it; `said` is the beginning of its output, `end` the end."""
    return Command(
        id=row.command_id,
        batch_id=row.batch_id,
        agent_id=row.agent_id,
        hostname=row.hostname,
        client_name=row.client_name,
        site_name=row.site_name,
        shell=row.shell,
        script=row.script,
        status=row.status,
        exit_code=row.exit_code,
        message=row.message,
        created_at=row.created_at,
        created_by=row.created_by,
        delivered_at=row.delivered_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        duration_ms=row.duration_ms,
        timeout_s=row.timeout_s,
        deadline_at=row.deadline_at,
        cancel_requested=row.cancel_requested_at is not None,
        first_line=_first_line(said),
        last_line=_last_line(end),
        machine_online=machine_online,
    )


def listed(row: ListedRow) -> Command:
    """Returns a command as the list shows it."""
    return command(row, row.head, row.tail, machine_online=row.machine_online)


def detail(row: DetailRow) -> CommandDetail:
    """Returns a command with its output."""
    output = _runs(row)
    return CommandDetail(
        **msgspec.structs.asdict(
            command(row, b"".join(row.pieces[:4])[:400], _last(row), machine_online=row.machine_online)
        ),
        stdout=_whole(output, "stdout"),
        stderr=_whole(output, "stderr"),
        output=output,
        dropped_bytes=row.dropped_bytes,
    )


def _last(row: DetailRow) -> bytes:
    """Returns the end of what it said as an error, or where there is none of all that it said."""
    errors = [piece for stream, piece in zip(row.streams, row.pieces, strict=True) if stream == _STDERR]
    return b"".join((errors or row.pieces)[-8:])[-400:]


def _runs(row: DetailRow) -> list[OutputRun]:
    """Returns the pieces as text, neighbours of one stream as one; a character may be cut between two pieces."""
    decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in _STREAMS}
    found: list[tuple[int, int, list[str]]] = []
    for stream, data, skipped in zip(row.streams, row.pieces, row.skipped, strict=True):
        decoder = decoders[stream]
        text = (decoder.decode(b"", final=True) if skipped else "") + decoder.decode(data)
        if found and found[-1][0] == stream and not skipped:
            found[-1][2].append(text)
        else:
            found.append((stream, skipped, [text]))
    found.extend((stream, 0, [rest]) for stream in _STREAMS if (rest := decoders[stream].decode(b"", final=True)))
    return [OutputRun(stream=_STREAMS[stream], skipped=skipped, text="".join(text)) for stream, skipped, text in found]


def _whole(output: list[OutputRun], stream: Stream) -> str:
    """Returns what one stream said, with a line where something is left out."""
    runs = [run for run in output if run.stream == stream]
    return "".join(
        f"\n[... {run.skipped} bytes are left out here ...]\n{run.text}" if run.skipped else run.text for run in runs
    )


def new_command(row: MadeRow, script: Script, batch_id: UUID, deadline: datetime, created_by: str) -> Command:
    """Returns a command that was made just now."""
    return Command(
        id=row.command_id,
        batch_id=batch_id,
        agent_id=row.agent_id,
        hostname=row.hostname,
        client_name=row.client_name,
        site_name=row.site_name,
        shell=script.shell,
        script=script.script,
        status="queued",
        exit_code=None,
        message=None,
        created_at=row.created_at,
        created_by=created_by,
        delivered_at=None,
        started_at=None,
        finished_at=None,
        duration_ms=None,
        timeout_s=script.timeout_s,
        deadline_at=deadline,
        cancel_requested=False,
        first_line=None,
        last_line=None,
        machine_online=row.gateway_id is not None,
    )


def _first_line(head: bytes | None) -> str | None:
    """Returns the first line of the output that says something, cut to what a table shows."""
    lines = (head or b"").decode(errors="replace").splitlines()
    return next((line.strip()[:200] for line in lines if line.strip()), None)


def _last_line(tail: bytes | None) -> str | None:
    """Returns the last line of the output that says something, cut to what a table shows."""
    lines = (tail or b"").decode(errors="replace").splitlines()
    return next((line.strip()[-200:] for line in reversed(lines) if line.strip()), None)


def queued(row: MadeRow) -> CommandUpdate:
    """Returns what dashboards hear of a command that was made just now."""
    return CommandUpdate(row.command_id.bytes, row.agent_id.bytes, row.client_id.bytes, "queued")


def update(row: CommandRow | ExpiredRow) -> CommandUpdate:
    """Returns what dashboards hear of a command's new state."""
    return CommandUpdate(
        row.command_id.bytes,
        row.agent_id.bytes,
        row.client_id.bytes,
        row.status,
        row.exit_code,
        row.message,
        row.started_at.timestamp() if row.started_at else None,
        row.finished_at.timestamp() if row.finished_at else None,
        row.duration_ms,
    )


def audit_row(operation: str, actor: Subject, row: CommandRow) -> AuditRow:
    """Returns what a person did to a command, for the audit."""
    details = {"command_id": str(row.command_id), "status": row.status}
    return AuditRow(operation, actor, agent_id=row.agent_id, details=details)


def cancelled(row: CommandRow) -> CommandCompleted:
    """Returns the event of a command that ends without the machine's word."""
    return CommandCompleted(
        command_id=row.command_id,
        agent_id=row.agent_id,
        hostname=row.hostname,
        status="cancelled",
        exit_code=None,
    )
