"""/api/v1/events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.events import schemas
from gururmm_server.core.events.service import SORTS, ActivityFeed
from gururmm_server.core.identity.access import TenantCaller, requires
from gururmm_server.core.identity.principal import Permission
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[TenantCaller, requires(Permission.AGENTS_READ)]


def build_router(feed: ActivityFeed) -> APIRouter:
    """Mounted under /api/v1."""
    router = APIRouter(tags=["events"])

    @router.get("/events", response_model=Page[schemas.Event])
    async def list_events(
        caller: Reader,
        page: Annotated[PageQuery, page_query(SORTS, "-at")],
        agent_id: UUID | None = None,
        name: Annotated[str | None, Query(max_length=64, pattern="^[a-z_.]+$")] = None,
    ) -> Response:
        """What happened, newest first. A Client contact sees what is about its Client's machines and Sites."""
        return json_response(await feed.page(caller.tenant_id, agent_id, name, caller.client_id, page))

    return router
