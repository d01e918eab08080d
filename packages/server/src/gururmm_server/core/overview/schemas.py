"""The shapes of /overview in the API's description.

Answers are encoded straight from rows; a test holds every answer against these.
"""

from datetime import datetime
from uuid import UUID

from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.infra.shapes import Exact


class AgentCounts(Exact):
    total: int
    online: int
    offline: int


class ProblemCounts(Exact):
    total: int
    by_kind: dict[ProblemKind, int]


class CommandCounts(Exact):
    queued: int
    running: int
    finished_24h: int
    failed_24h: int


class SessionCounts(Exact):
    open: int


class OnlinePoint(Exact):
    at: datetime
    online: int


class Attention(Exact):
    agent_id: UUID
    hostname: str
    client_name: str
    site_name: str
    kind: ProblemKind
    text: str
    since: datetime | None


class SiteHealth(Exact):
    id: UUID
    name: str
    client_id: UUID
    client_name: str
    total: int
    online: int
    problems: int


class Overview(Exact):
    agents: AgentCounts
    problems: ProblemCounts
    commands: CommandCounts
    sessions: SessionCounts
    online_history: list[OnlinePoint]
    attention: list[Attention]
    sites: list[SiteHealth]
