"""How machines come in."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.events.event import Event


class AgentEnrolled(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.enrolled"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    agent_id: UUID
    client_id: UUID
    site_id: UUID
    hostname: str

    def sentence(self) -> str:
        return f"{self.hostname} was added."


EVENTS = (AgentEnrolled,)
