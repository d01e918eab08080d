"""What dashboards are told of commands while they look."""

from typing import Any, ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.live import moment
from gururmm_server.core.commands.permissions import COMMANDS_READ
from gururmm_server.core.post.live import LiveItem


class CommandUpdate(LiveItem, array_like=True, frozen=True):
    """A command's new state; the receiver shows what is set."""

    kind: ClassVar[str] = "command"
    audience: ClassVar[Audience | None] = who_may(COMMANDS_READ)

    command_id: bytes
    agent_id: bytes
    client_id: bytes
    status: str
    exit_code: int | None = None
    message: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    duration_ms: int | None = None

    def shown(self) -> dict[str, Any]:
        return {
            "id": UUID(bytes=self.command_id),
            "agent_id": UUID(bytes=self.agent_id),
            "status": self.status,
            "exit_code": self.exit_code,
            "message": self.message,
            "started_at": moment(self.started_at),
            "finished_at": moment(self.finished_at),
            "duration_ms": self.duration_ms,
        }


class OutputPiece(LiveItem, array_like=True, frozen=True):
    """A piece of a command's output that is now in the database."""

    kind: ClassVar[str] = "output"
    audience: ClassVar[Audience | None] = who_may(COMMANDS_READ)

    command_id: bytes
    client_id: bytes
    seq: int
    stream: int
    data: bytes

    def weight(self) -> int:
        return 100 + len(self.data)


LIVE = (CommandUpdate, OutputPiece)
