"""What changes on machines."""

from typing import ClassVar, Final
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.events.event import Event

_KEY_LENGTH: Final = 80
"""A machine says what its keys are, and a sentence has room for so much of one."""


class AgentInventoryChanged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.inventory_changed"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    agent_id: UUID
    client_id: UUID
    hostname: str
    section: str
    keys: list[str]
    """The first 20 keys that changed."""

    def sentence(self) -> str:
        names = ", ".join(_short(key) for key in self.keys[:3]) + (" …" if len(self.keys) > 3 else "")
        return f"{self.section.capitalize()} of {self.hostname} changed: {names}."


def _short(key: str) -> str:
    return key if len(key) <= _KEY_LENGTH else f"{key[:_KEY_LENGTH]}…"


EVENTS = (AgentInventoryChanged,)
