"""What happened.

Has what all events have in common (`event`) and the activity feed made of them. Refuses to know why something happened:
components publish, this one lists.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, Consumer, House, Job
from gururmm_server.core.events.live import LIVE
from gururmm_server.core.events.permissions import PERMISSIONS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.events.routes import build_router
    from gururmm_server.core.events.service import ActivityFeed

    return build_router(house.get(ActivityFeed))


def _consumers(house: House) -> Sequence[Consumer]:
    from gururmm_server.core.events.service import ActivityFeed

    return [Consumer("activity", "events.>", house.get(ActivityFeed).take)]


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.infra.outbox import forget_old

    return [Job("outbox_log", 3600, lambda: forget_old(house.db))]


COMPONENT: Final = Component(
    name="events",
    tables=("activity",),
    permissions=PERMISSIONS,
    live=LIVE,
    routes=_routes,
    consumers=_consumers,
    jobs=_jobs,
)
