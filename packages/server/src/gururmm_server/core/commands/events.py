"""What becomes of commands."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.commands.permissions import COMMANDS_READ
from gururmm_server.core.events.event import Event

_HOW_ENDED = {
    "succeeded": "succeeded",
    "failed": "failed",
    "timed_out": "ran out of time",
    "cancelled": "was cancelled",
    "expired": "expired before the machine could run it",
}


class CommandQueued(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "command.queued"
    audience: ClassVar[Audience | None] = who_may(COMMANDS_READ)
    command_id: UUID
    agent_id: UUID
    hostname: str
    actor: str

    def sentence(self) -> str:
        return f"{self.actor} queued a command for {self.hostname}."

    def subject_id(self) -> UUID | None:
        return self.command_id


class CommandCompleted(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "command.completed"
    audience: ClassVar[Audience | None] = who_may(COMMANDS_READ)
    command_id: UUID
    agent_id: UUID
    hostname: str
    status: str
    exit_code: int | None

    def sentence(self) -> str:
        failed = self.status == "failed" and self.exit_code is not None
        code = f" with exit code {self.exit_code}" if failed else ""
        return f"A command on {self.hostname} {_HOW_ENDED.get(self.status, self.status)}{code}."

    def subject_id(self) -> UUID | None:
        return self.command_id


EVENTS = (CommandQueued, CommandCompleted)
