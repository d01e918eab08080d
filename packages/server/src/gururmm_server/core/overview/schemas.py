"""The shapes of /overview and /usage in the API's description.

Answers are encoded as they are; a test holds every answer against these.
"""

from datetime import datetime
from uuid import UUID

from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.core.quotas.schemas import Used
from gururmm_server.infra.shapes import Answer


class AgentCounts(Answer, frozen=True, kw_only=True):
    total: int
    online: int
    offline: int


class ProblemCounts(Answer, frozen=True, kw_only=True):
    total: int
    by_kind: dict[ProblemKind, int]


class CommandCounts(Answer, frozen=True, kw_only=True):
    queued: int
    running: int
    finished_24h: int
    failed_24h: int


class SessionCounts(Answer, frozen=True, kw_only=True):
    open: int


class OnlinePoint(Answer, frozen=True, kw_only=True):
    at: datetime
    online: int


class Attention(Answer, frozen=True, kw_only=True):
    agent_id: UUID
    hostname: str
    client_name: str
    site_name: str
    kind: ProblemKind
    text: str
    since: datetime | None
    """Since when it holds; null where it was there before anybody noted that."""
    online: bool


class SiteHealth(Answer, frozen=True, kw_only=True):
    id: UUID
    name: str
    client_id: UUID
    client_name: str
    total: int
    online: int
    problems: int
    offline_since: datetime | None
    """When the last of its machines that are offline went."""


class Usage(Answer, frozen=True, kw_only=True):
    items: list[Used]


class Overview(Answer, frozen=True, kw_only=True):
    agents: AgentCounts
    problems: ProblemCounts
    commands: CommandCounts
    sessions: SessionCounts
    jobs_this_month: int
    """Commands that succeeded since the month began, whoever may read them: a number that a Client contact sees too."""
    online_history: list[OnlinePoint]
    attention: list[Attention]
    sites: list[SiteHealth]
