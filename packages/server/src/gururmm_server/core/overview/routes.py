"""/api/v1/overview and /api/v1/usage."""

from typing import Annotated

from fastapi import APIRouter, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.overview import schemas
from gururmm_server.core.overview.service import Overview
from gururmm_server.core.settings.permissions import SETTINGS_READ
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(AGENTS_READ)]


def build_router(overview: Overview) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(tags=["overview"])

    @router.get("/overview", response_model=schemas.Overview)
    async def get_overview(caller: Reader) -> Response:
        """Mission Control's numbers: of what the caller may see."""
        return json_response(await overview.get(caller))

    @router.get("/usage", response_model=schemas.Usage)
    async def get_usage(caller: Annotated[Scope, requires(SETTINGS_READ)]) -> Response:
        """What the Partner uses of what all share, beside what it may."""
        return json_response(await overview.usage(caller))

    return router
