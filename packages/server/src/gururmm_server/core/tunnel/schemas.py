"""What the API says and takes about tech sessions and their channels."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Status = Literal["opening", "open", "closed"]
ChannelNumber = Annotated[int, Field(ge=1, le=255)]


class OpenChannel(BaseModel):
    """A channel that is wanted. `parameters` are the kind's own; the missing ones are filled in."""

    kind: Annotated[str, Field(max_length=32, pattern=r"^[a-z][a-z0-9_]*$")] = "terminal"
    parameters: Annotated[dict[str, Any], Field(max_length=32)] = {}


class OpenTunnel(BaseModel):
    """A tech session that is wanted, with a terminal as its first channel. `shell`: empty for the machine's usual one.

    `reason` says why the technician is there, in their own words.
    """

    agent_id: UUID
    reason: Annotated[str, Field(max_length=500)] = ""
    columns: Annotated[int, Field(ge=1, le=1000)] = 120
    rows: Annotated[int, Field(ge=1, le=1000)] = 32
    shell: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._/+-]*$")] = ""


class StreamTicket(BaseModel):
    """A one-use ticket, good for 30 seconds, and the WebSocket it opens."""

    ticket: str
    stream_url: str


class OpenedTunnel(StreamTicket):
    """A new tech session. `notice` is shown to the technician."""

    session_id: UUID
    status: Status
    agent_id: UUID
    channel: int
    notice: str


class ChannelStatus(BaseModel):
    """A channel of a tech session. `left_out_bytes` of its output are not in its recording."""

    channel: int
    kind: str
    parameters: dict[str, Any]
    rights: list[str]
    state: Status
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    exit_code: int | None
    input_bytes: int
    output_bytes: int
    left_out_bytes: int


class TunnelStatus(BaseModel):
    """A tech session as its owner sees it, also after its end.

    Its bytes are those of all channels together, its exit code is the first one's. While no browser is attached,
    `left_at` says since when, and `ends_at` when it will be closed unless its owner comes back.
    """

    session_id: UUID
    agent_id: UUID
    hostname: str
    status: Status
    reason: str
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    ended_because: str | None = Field(description="A sentence")
    opened_by: str
    exit_code: int | None
    input_bytes: int
    output_bytes: int
    left_out_bytes: int
    left_at: datetime | None
    ends_at: datetime | None
    channels: list[ChannelStatus]


class OwnSessions(BaseModel):
    """The tech sessions that one has open, the newest first."""

    items: list[TunnelStatus]
