"""What dashboards are told of commands while they look."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from msgspec import Meta

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.live import moment
from gururmm_server.core.commands.permissions import COMMANDS_READ
from gururmm_server.core.post.live import Id, LiveItem, UnixSeconds


class CommandUpdate(LiveItem, array_like=True, frozen=True):
    """A command's new state; the receiver shows what is set."""

    kind: ClassVar[str] = "command"
    audience: ClassVar[Audience | None] = who_may(COMMANDS_READ)
    of_machines: ClassVar[bool] = True

    command_id: Id
    agent_id: Id
    client_id: Id
    status: str
    exit_code: int | None = None
    message: str | None = None
    started_at: UnixSeconds | None = None
    finished_at: UnixSeconds | None = None
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
    of_machines: ClassVar[bool] = True

    command_id: Id
    client_id: Id
    seq: int
    stream: Annotated[int, Meta(ge=1, le=2)]
    data: bytes
    skipped: int = 0
    """How many bytes of the stream are left out just before it."""

    def weight(self) -> int:
        return 100 + len(self.data)


LIVE = (CommandUpdate, OutputPiece)
