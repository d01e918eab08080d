"""/api/v1/views."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.idempotency.doors import OncePerKey, once_per_key
from gururmm_server.core.views import schemas
from gururmm_server.core.views.permissions import VIEWS_WRITE
from gururmm_server.core.views.service import SavedViews
from gururmm_server.infra.responses import json_response

Writer = Annotated[Scope, requires(VIEWS_WRITE)]


def build_router(views: SavedViews) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(prefix="/views", tags=["views"], route_class=OncePerKey)

    @router.get("", response_model=schemas.Views)
    async def list_views(caller: Writer) -> Response:
        """Your own views of the fleet, and those that others share."""
        return json_response(await views.all(caller))

    @router.post("", response_model=schemas.View, status_code=201, dependencies=[once_per_key()])
    async def save_view(caller: Writer, body: schemas.NewView) -> Response:
        """Keep a query with its order and columns, by a name."""
        return json_response(await views.save(caller, body), 201)

    @router.patch("/{view_id}", response_model=schemas.View)
    async def change_view(caller: Writer, view_id: UUID, body: schemas.ViewChange) -> Response:
        """Change a view of your own; an admin also one that is shared."""
        return json_response(await views.change(caller, view_id, body))

    @router.delete("/{view_id}", status_code=204)
    async def delete_view(caller: Writer, view_id: UUID) -> Response:
        """Delete a view of your own; an admin also one that is shared."""
        await views.delete(caller, view_id)
        return Response(status_code=204)

    return router
