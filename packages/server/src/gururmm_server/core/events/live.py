"""What dashboards are told of events while they look."""

from typing import Any, ClassVar

from gururmm_server.core.access.audience import Audience
from gururmm_server.core.post.live import Id, LiveItem


class FeedItem(LiveItem, array_like=True, frozen=True):
    """A new row of the activity feed, as GET /events gives it, and what a reader of it must be allowed to do."""

    kind: ClassVar[str] = "event"

    client_id: Id | None
    permission: str
    item: dict[str, Any]

    def for_whom(self) -> Audience | None:
        return Audience(self.permission)  # its event's, where other kinds have one of their own

    def weight(self) -> int:
        return 1000

    def shown(self) -> dict[str, Any]:
        return self.item


LIVE = (FeedItem,)
