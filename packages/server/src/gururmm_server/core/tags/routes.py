"""/api/v1/tags, and a machine's."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.tags import schemas
from gururmm_server.core.tags.permissions import TAGS_WRITE
from gururmm_server.core.tags.service import Tags
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(AGENTS_READ)]
Writer = Annotated[Scope, requires(TAGS_WRITE)]


def build_router(tags: Tags) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(tags=["tags"])

    @router.get("/tags", response_model=schemas.TagCounts)
    async def list_tags(caller: Reader) -> Response:
        """The tags that there are, each with the number of things that it hangs on itself."""
        return json_response(await tags.counts(caller))

    @router.post("/tags", status_code=204)
    async def change_tags(caller: Writer, body: schemas.TagChange) -> Response:
        """Hang tags on machines, Sites and Clients, and take some off; done twice it is as done once."""
        await tags.change(caller, body)
        return Response(status_code=204)

    @router.get("/agents/{agent_id}/tags", response_model=schemas.AgentTags)
    async def list_agent_tags(caller: Reader, agent_id: UUID) -> Response:
        """A machine's tags, with those of its Site and Client."""
        return json_response(await tags.of_machine(caller, agent_id))

    return router
