"""How machines come and go."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.events.event import Event


class AgentOnline(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.online"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    agent_id: UUID
    client_id: UUID
    hostname: str

    def sentence(self) -> str:
        return f"{self.hostname} came online."


class AgentOffline(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.offline"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    agent_id: UUID
    client_id: UUID
    hostname: str
    reason: str

    def sentence(self) -> str:
        return f"{self.hostname} went offline{': ' + self.reason if self.reason else ''}."


class AgentDoubled(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.doubled"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    agent_id: UUID
    client_id: UUID
    hostname: str
    names: str
    """Those that prove the one key, with their addresses."""

    def sentence(self) -> str:
        return f"{self.hostname} is ambiguous, so nothing runs there: {self.names} have one key."


EVENTS = (AgentOnline, AgentOffline, AgentDoubled)
