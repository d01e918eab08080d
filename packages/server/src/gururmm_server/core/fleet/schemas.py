"""The shapes of /agents in the API's description.

Answers are encoded as they are; a test holds every answer against these.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.infra.shapes import Answer, Exact


class AgentRow(Answer, frozen=True, kw_only=True):
    """One machine in a list. Percentages are 0 to 100."""

    id: UUID
    hostname: str
    status: Literal["online", "offline"]
    os_name: str
    os_family: OsFamily
    agent_version: str
    client_id: UUID
    client_name: str
    site_id: UUID
    site_name: str
    addresses: list[str]
    user: str | None
    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None
    last_seen: datetime | None
    online_since: datetime | None
    uptime_s: int | None
    problems: list[ProblemKind]


class DiskUse(Answer, frozen=True, kw_only=True):
    mount: str
    used: int
    total: int


class Temperature(Answer, frozen=True, kw_only=True):
    label: str
    celsius: float


class Metrics(Answer, frozen=True, kw_only=True):
    """One sample: bytes, bytes a second, percent; `load` is the one-minute average."""

    at: datetime
    cpu_percent: float
    memory_used: int
    memory_total: int
    swap_used: int
    load: float
    receive_rate: int
    send_rate: int
    read_rate: int
    write_rate: int
    disks: list[DiskUse]
    temperatures: list[Temperature]
    uptime_s: int


class AgentDetail(AgentRow, frozen=True, kw_only=True):
    """A machine's page. `inventory` maps section to items as the agent reported them (docs/protocol.md)."""

    enrolled_at: datetime
    inventory: dict[str, dict[str, Any]]
    latest: Metrics | None
    protocol: int
    gateway: bool


class Process(Answer, frozen=True, kw_only=True):
    """One process, as the machine told it just now; null is a value that its system did not give."""

    pid: int
    ppid: int | None
    name: str
    user: str | None
    cpu_percent: float | None
    """Of one core."""
    rss: int | None
    read_bytes: int | None
    write_bytes: int | None
    started: float | str | None
    """Unix seconds, or a time as text."""
    command: str


class Processes(Answer, frozen=True, kw_only=True):
    at: datetime
    items: list[Process]
    truncated: bool


class Folder(Answer, frozen=True, kw_only=True):
    """A folder directly under the one that was asked for, with all that it holds."""

    name: str
    bytes: int
    files: int


class Folders(Answer, frozen=True, kw_only=True):
    path: str
    items: list[Folder]
    truncated: bool


class MoveAgent(Exact):
    """Which Site the machine belongs to from now on."""

    site_id: UUID | None = None
