"""How machines come in."""

from typing import ClassVar, Final, Literal
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.events.event import Event

Outcome = Literal["new", "again", "forgotten", "copy", "known"]
"""How a machine comes in: `again` after it was removed; `forgotten` by us, which an older backup does; `copy`: of
another machine, with a key of its own from now on; `known`: not at all, it is there."""
_CAME: Final = {
    "again": "is back after it had been deleted",
    "forgotten": "is back after the server had forgotten it",
}


class AgentEnrolled(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.enrolled"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    agent_id: UUID
    client_id: UUID
    site_id: UUID
    hostname: str
    outcome: str = "new"
    """An `Outcome`."""
    before: str = ""
    """The machine that it was before, as far as its machine-id says it."""

    def sentence(self) -> str:
        if self.outcome == "copy":
            return f"{self.hostname} is a machine of its own: it was a copy of {self.before}."
        came = f"{self.hostname} {_CAME.get(self.outcome, 'was added')}"
        return f"{came}; it was {self.before} before." if self.before else f"{came}."


EVENTS = (AgentEnrolled,)
