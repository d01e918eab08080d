"""Readings over time: samples on their way to the table, roll-ups, and history on a grid.

Owns core.agent_metrics and agent_metrics_hourly. Refuses to draw a line across what was not measured.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House, Job
from gururmm_server.core.telemetry.live import LIVE
from gururmm_server.core.telemetry.settings import SETTINGS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.telemetry.routes import build_router
    from gururmm_server.core.telemetry.service import Telemetry

    return build_router(house.get(Telemetry))


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.telemetry.jobs import maintain_partitions, roll_up

    return [
        Job("partitions", 6 * 3600, lambda: maintain_partitions(house.db)),
        Job("roll_up", 900, lambda: roll_up(house.db)),
    ]


COMPONENT: Final = Component(
    name="telemetry",
    tables=("agent_metrics", "agent_metrics_hourly"),
    settings=SETTINGS,
    offers=("maintain_partitions",),
    live=LIVE,
    routes=_routes,
    jobs=_jobs,
)
