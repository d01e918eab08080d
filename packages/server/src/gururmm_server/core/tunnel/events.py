"""How tech sessions begin and end."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.events.event import Event
from gururmm_server.core.tunnel.permissions import TUNNEL_READ
from gururmm_server.core.tunnel.reasons import sentence


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
    opened_by: str = ""
    """Whose terminal it was; empty in events of before, whose `actor` that may have been."""
    exit_code: int | None = None

    def sentence(self) -> str:
        opener = self.opened_by or self.actor
        terminal = f"terminal of {opener} on {self.hostname}"
        match self.reason.partition(": ")[0]:
            case "exited" if self.exit_code is not None:
                return f"The {terminal} ended with exit code {self.exit_code}."
            case "exited" | "":
                return f"The {terminal} ended."
            case "closed" if self.actor == opener:
                return f"{self.actor} closed the terminal on {self.hostname}."
            case "closed":
                return f"{self.actor} closed the {terminal}."
            case "not_opened":
                return f"No terminal could be opened for {opener} on {self.hostname}."
        why = sentence(self.reason)
        return f"The {terminal} was closed. {why}{'' if why.endswith(('.', ')')) else '.'}"

    def subject_id(self) -> UUID | None:
        return self.session_id


EVENTS = (TunnelOpened, TunnelClosed)
