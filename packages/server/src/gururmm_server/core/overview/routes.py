"""/api/v1/overview."""

from typing import Annotated

from fastapi import APIRouter, Response

from gururmm_server.core.identity.access import TenantCaller, requires
from gururmm_server.core.identity.principal import Permission
from gururmm_server.core.overview import schemas
from gururmm_server.core.overview.service import Overview
from gururmm_server.infra.responses import json_response

Reader = Annotated[TenantCaller, requires(Permission.AGENTS_READ)]


def build_router(overview: Overview) -> APIRouter:
    """Mounted under /api/v1."""
    router = APIRouter(tags=["overview"])

    @router.get("/overview", response_model=schemas.Overview)
    async def get_overview(caller: Reader) -> Response:
        """Mission Control's numbers: a Client contact gets those of its Client."""
        return json_response(await overview.get(caller.tenant_id, caller.client_id))

    return router
