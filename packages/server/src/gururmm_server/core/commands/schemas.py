"""The shapes of /commands in the API's description, and what it takes."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from gururmm_wire.v2.limits import ORDER_SECONDS, SCRIPT_BYTES
from pydantic import Field, field_validator, model_validator

from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.core.fleet.schemas import TargetFilter
from gururmm_server.infra.shapes import Answer, Exact

Shell = Literal["sh", "bash", "python3", "powershell", "cmd", "python"]
"""The first three are those of Unix systems, the others those of Windows."""
Status = Literal["queued", "delivered", "running", "succeeded", "failed", "timed_out", "cancelled", "expired"]
State = Literal["active", "finished"]
Stream = Literal["stdout", "stderr"]

MOST_TARGETS = 5000
DAY_SECONDS = 86400


class Targets(Exact):
    """One machine or many: `agent_ids`, or all that `filter` means."""

    agent_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_TARGETS)] | None = None
    filter: TargetFilter | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.agent_ids is None) == (self.filter is None):
            raise ValueError("give either agent_ids or filter")
        return self


class RunPreview(Answer, frozen=True, kw_only=True):
    """What a run would touch. `signed_in`: machines that are online and that somebody uses now."""

    machines: int
    online: int
    clients: int
    signed_in: int
    by_os: dict[OsFamily, int]


class CreateCommands(Targets):
    """One script for one or many machines."""

    shell: Shell = "sh"
    script: Annotated[str, Field(min_length=1)]
    timeout_s: Annotated[int, Field(ge=1, le=DAY_SECONDS)] = 3600
    """A script that takes longer is ended, with all it started; an hour is enough for most maintenance."""
    deadline_s: Annotated[int, Field(ge=1, le=ORDER_SECONDS)] = DAY_SECONDS
    """Not to be started later than this many seconds from now; a week at most."""

    @field_validator("script")
    @classmethod
    def _fits(cls, script: str) -> str:
        """Returns a script that the agent, the database and the wire can hold. Raises `ValueError`."""
        if "\0" in script:
            raise ValueError("a script cannot hold NUL characters")
        size = len(script.encode())
        if size > SCRIPT_BYTES:
            raise ValueError(f"a script has {SCRIPT_BYTES:,} bytes at most, this one has {size:,}")
        return script


class Command(Answer, frozen=True, kw_only=True):
    """A script on one machine, and how far it is."""

    id: UUID
    batch_id: UUID
    agent_id: UUID
    hostname: str
    client_name: str
    site_name: str
    shell: str
    script: str
    status: Status
    exit_code: int | None
    message: str | None
    created_at: datetime
    created_by: str
    delivered_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    timeout_s: int
    deadline_at: datetime
    cancel_requested: bool
    first_line: str | None
    """Of what it said, so far as it has."""
    last_line: str | None
    """Of what it said on stderr, or where that is empty on stdout."""
    machine_online: bool | None
    """Whether its machine is online now; null where that was not looked up."""


class FailedRun(Answer, frozen=True, kw_only=True):
    """A run of which something failed; of one on a single machine, `hostname` and `command_id` are its own."""

    batch_id: UUID
    command_id: UUID
    script: str
    hostname: str
    total: int
    failed: int
    at: datetime


class FailedRuns(Answer, frozen=True, kw_only=True):
    items: list[FailedRun]


class RunSums(Answer, frozen=True, kw_only=True):
    """How the commands of one run are: `offline` are those of them that wait for a machine which is away."""

    total: int
    by_status: dict[Status, int]
    offline: int


class OutputRun(Answer, frozen=True, kw_only=True):
    """What was said on one stream before the other had its turn; `skipped` bytes of it are left out before this."""

    stream: Stream
    text: str
    skipped: int


class CommandDetail(Command, frozen=True, kw_only=True):
    """With its output so far, as text: bytes that are not UTF-8 are shown as replacement characters.

    Of a long output the beginning and the end of each stream are kept; `stdout` and `stderr` have a line in between
    that says how many bytes are left out there.
    """

    stdout: str
    stderr: str
    output: list[OutputRun]
    """Both streams in the order they came."""
    dropped_bytes: int


class CommandList(Answer, frozen=True, kw_only=True):
    items: list[Command]


class ClearCommands(Exact):
    agent_id: UUID | None = None


class Cleared(Answer, frozen=True, kw_only=True):
    deleted: int
