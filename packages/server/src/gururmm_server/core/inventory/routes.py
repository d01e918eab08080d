"""/api/v1/agents/{agent_id}/software and /changes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.inventory import schemas
from gururmm_server.core.inventory.service import CHANGE_SORTS, SOFTWARE_SORTS, Inventory
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(AGENTS_READ)]


def build_router(inventory: Inventory) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(tags=["agents"])

    @router.get("/agents/{agent_id}/software", response_model=Page[schemas.Software])
    async def list_software(
        caller: Reader, agent_id: UUID, page: Annotated[PageQuery, page_query(SOFTWARE_SORTS, "name")]
    ) -> Response:
        """What is installed."""
        return json_response(await inventory.software(caller, agent_id, page))

    @router.get("/agents/{agent_id}/changes", response_model=Page[schemas.Change])
    async def list_changes(
        caller: Reader,
        agent_id: UUID,
        page: Annotated[PageQuery, page_query(CHANGE_SORTS, "-at")],
        section: Annotated[str | None, Query(max_length=64, pattern="^[a-z_]+$")] = None,
    ) -> Response:
        """What changed in the inventory, newest first."""
        return json_response(await inventory.changes(caller, agent_id, section, page))

    return router
