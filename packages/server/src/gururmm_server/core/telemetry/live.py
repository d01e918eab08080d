"""What dashboards are told of readings while they look."""

from typing import ClassVar

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.post.live import Id, LiveItem


class Sample(LiveItem, array_like=True, frozen=True):
    """A metrics sample of a machine that somebody looks at: the wire message as it came."""

    kind: ClassVar[str] = "metrics"
    audience: ClassVar[Audience | None] = who_may(AGENTS_READ)
    of_machines: ClassVar[bool] = True

    agent_id: Id
    client_id: Id
    metrics: bytes

    def weight(self) -> int:
        return 100 + len(self.metrics)


LIVE = (Sample,)
