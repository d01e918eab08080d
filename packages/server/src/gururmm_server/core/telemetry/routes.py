"""/api/v1/agents/{agent_id}/metrics."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.telemetry import schemas
from gururmm_server.core.telemetry.errors import UnknownRange
from gururmm_server.core.telemetry.history import RANGES
from gururmm_server.core.telemetry.service import Telemetry
from gururmm_server.infra.clock import now
from gururmm_server.infra.fields import Moment
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(AGENTS_READ)]


def build_router(telemetry: Telemetry) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(tags=["agents"])

    @router.get("/agents/{agent_id}/metrics", response_model=schemas.History)
    async def get_metrics(
        caller: Reader,
        agent_id: UUID,
        range_: Annotated[str, Query(alias="range", max_length=8)] = "",
        start: Annotated[Moment | None, Query(alias="from")] = None,
        end: Annotated[Moment | None, Query(alias="to")] = None,
    ) -> Response:
        """Readings over time, by `range` (1h, 6h, 24h, 7d, 30d, 1y) or by `from` and `to`. Gaps are null."""
        since, until = _window(range_, start, end)
        return json_response(await telemetry.history(caller, agent_id, since, until))

    return router


def _window(range_: str, start: datetime | None, end: datetime | None) -> tuple[float, float]:
    """Returns from and to in Unix seconds. Raises `UnknownRange`."""
    moment = now()
    if start is None and end is None:
        if (range_ or "1h") not in RANGES:
            raise UnknownRange
        return (moment - timedelta(seconds=RANGES[range_ or "1h"])).timestamp(), moment.timestamp()
    if start is None or range_:
        raise UnknownRange
    return start.timestamp(), (end or moment).timestamp()
