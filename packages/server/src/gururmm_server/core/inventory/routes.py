"""/api/v1/agents/{agent_id}/software and /changes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.identity.access import TenantCaller, requires
from gururmm_server.core.identity.principal import Permission
from gururmm_server.core.inventory import schemas
from gururmm_server.core.inventory.service import CHANGE_SORTS, SOFTWARE_SORTS, Inventory
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[TenantCaller, requires(Permission.AGENTS_READ)]


def build_router(inventory: Inventory) -> APIRouter:
    """Mounted under /api/v1."""
    router = APIRouter(tags=["agents"])

    @router.get("/agents/{agent_id}/software", response_model=Page[schemas.Software])
    async def list_software(
        caller: Reader, agent_id: UUID, page: Annotated[PageQuery, page_query(SOFTWARE_SORTS, "name")]
    ) -> Response:
        """What is installed."""
        return json_response(await inventory.software(caller.tenant_id, agent_id, caller.client_id, page))

    @router.get("/agents/{agent_id}/changes", response_model=Page[schemas.Change])
    async def list_changes(
        caller: Reader,
        agent_id: UUID,
        page: Annotated[PageQuery, page_query(CHANGE_SORTS, "-at")],
        section: Annotated[str | None, Query(max_length=64, pattern="^[a-z_]+$")] = None,
    ) -> Response:
        """What changed in the inventory, newest first."""
        return json_response(await inventory.changes(caller.tenant_id, agent_id, caller.client_id, section, page))

    return router
