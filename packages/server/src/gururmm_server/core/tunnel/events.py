"""How tech sessions begin and end."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.events.event import Event
from gururmm_server.core.tunnel.permissions import TUNNEL_READ


class TunnelOpened(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tunnel.opened"
    audience: ClassVar[Audience | None] = who_may(TUNNEL_READ)
    session_id: UUID
    agent_id: UUID
    hostname: str
    actor: str

    def sentence(self) -> str:
        return f"{self.actor} opened a terminal on {self.hostname}."

    def subject_id(self) -> UUID | None:
        return self.session_id


class TunnelClosed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tunnel.closed"
    audience: ClassVar[Audience | None] = who_may(TUNNEL_READ)
    session_id: UUID
    agent_id: UUID
    hostname: str
    actor: str
    reason: str

    def sentence(self) -> str:
        return f"The terminal of {self.actor} on {self.hostname} was closed{': ' + self.reason if self.reason else ''}."

    def subject_id(self) -> UUID | None:
        return self.session_id


EVENTS = (TunnelOpened, TunnelClosed)
