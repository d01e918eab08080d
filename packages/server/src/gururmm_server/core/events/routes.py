"""/api/v1/events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.events import schemas
from gururmm_server.core.events.permissions import EVENTS_READ
from gururmm_server.core.events.service import SORTS, ActivityFeed
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(EVENTS_READ)]


def build_router(feed: ActivityFeed) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(tags=["events"])

    @router.get("/events", response_model=Page[schemas.Event])
    async def list_events(
        caller: Reader,
        page: Annotated[PageQuery, page_query(SORTS, "-at")],
        agent_id: UUID | None = None,
        name: Annotated[str | None, Query(max_length=64, pattern="^[a-z_.]+$")] = None,
    ) -> Response:
        """What happened, newest first: of that what the caller may see, as each kind of event declares it."""
        return json_response(await feed.page(caller, agent_id, name, page))

    return router
