"""What people hear of orders."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.events.event import Event


class AgentOrderRefused(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.order_refused"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    agent_id: UUID
    client_id: UUID
    hostname: str
    kind: str
    code: str
    reason: str
    """In the agent's words."""

    def sentence(self) -> str:
        return f"{self.hostname} refused an order ({self.kind.replace('_', ' ')}): {self.reason}."


EVENTS = (AgentOrderRefused,)
