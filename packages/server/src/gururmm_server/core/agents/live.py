"""What dashboards are told of machines while they look."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.post.live import Id, LiveItem, UnixSeconds


class AgentRow(LiveItem, array_like=True, frozen=True):
    """One machine's state as a dashboard shows it. Readings in permille; times in Unix seconds."""

    kind: ClassVar[str] = "agents"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    of_machines: ClassVar[bool] = True

    agent_id: Id
    client_id: Id
    online: bool
    changed: bool
    """True when `online` changed: then every dashboard wants to know."""
    changed_at: UnixSeconds
    last_seen: UnixSeconds
    cpu: int | None = None
    memory: int | None = None
    disk: int | None = None

    def shown(self) -> dict[str, Any]:
        return {
            "id": UUID(bytes=self.agent_id),
            "status": "online" if self.online else "offline",
            "last_seen": moment(self.last_seen),
            "cpu_percent": percent(self.cpu),
            "memory_percent": percent(self.memory),
            "disk_percent": percent(self.disk),
            "online_since": moment(self.changed_at) if self.online else None,
        }


def moment(seconds: float | None) -> datetime | None:
    """Returns Unix seconds as a moment; None for none."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def percent(permille: int | None) -> float | None:
    """Returns a reading in percent; None for none."""
    return None if permille is None else permille / 10


LIVE = (AgentRow,)
