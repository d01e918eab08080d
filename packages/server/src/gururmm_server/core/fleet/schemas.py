"""The shapes of /agents in the API's description.

Answers are encoded as they are; a test holds every answer against these.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.core.fleet.filter import FleetFilter, Status
from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.core.search.kinds import KindName
from gururmm_server.infra.shapes import Answer, Exact

Access = Literal["writable", "read_only", "became_read_only", "not_answering"]


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
    """A local file system, in bytes. `free` is what an ordinary user can still take of it, as `df` says."""

    mount: str
    used: int
    total: int
    free: int
    access: Access


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


class Former(Answer, frozen=True, kw_only=True):
    """A machine that is offline and calls itself by the same machine-id: this one before it was installed anew."""

    id: UUID
    hostname: str
    client_name: str
    site_name: str
    last_seen: datetime | None


class Double(Answer, frozen=True, kw_only=True):
    """One of several machines with one key, as after a disk was copied."""

    instance: str
    hostname: str
    address: str
    last_seen: datetime
    ordered: bool
    """It makes a key of its own when it is there next."""


class SettingsState(Answer, frozen=True, kw_only=True):
    """Which version of its settings a machine runs, by its own word, and which it is to run."""

    version: int | None
    newest: int | None


class AgentDetail(AgentRow, frozen=True, kw_only=True):
    """A machine's page. `inventory` maps section to items as the agent reported them (docs/protocol.md)."""

    enrolled_at: datetime
    inventory: dict[str, dict[str, Any]]
    latest: Metrics | None
    problem_texts: dict[ProblemKind, str]
    """What is wrong with it, in words."""
    protocol: int
    gateway: bool
    former: list[Former]
    """Who it was before, until somebody decided."""
    doubles: list[Double]
    """Where several machines prove its key: those. Nothing runs on any of them."""
    settings: SettingsState


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


class FormerDecision(Exact):
    """Which machine it goes on as, with that one's place and history; null: both stay."""

    go_on_as: UUID | None = None


class DoublesDecision(Exact):
    """Which instance is a copy and makes a key of its own when it is there next; null: only one is left."""

    own_key: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None


class MoveAgent(Exact):
    """Which Site the machine belongs to from now on."""

    site_id: UUID | None = None


class SearchFieldRow(Answer, frozen=True, kw_only=True):
    """Something that machines can be searched by, as `name:value`. `operators` may stand before the value."""

    name: str
    aliases: list[str]
    kind: KindName
    sentence: str
    operators: list[str]
    units: list[str]
    """That a number may have."""
    values: list[str]
    """All that there are, where they can be counted up."""
    examples: list[str]


class SearchFields(Answer, frozen=True, kw_only=True):
    items: list[SearchFieldRow]


class TargetFilter(Exact):
    """The machines of a filtered fleet list."""

    search: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    status: Status | None = None
    client_id: UUID | None = None
    site_id: UUID | None = None
    os: OsFamily | None = None
    q: str = ""
    """In the query language, as of the list of machines."""

    def meant(self) -> FleetFilter:
        """Returns it as the fleet takes it."""
        return FleetFilter(self.search, self.status, self.client_id, self.site_id, self.os, q=self.q)
