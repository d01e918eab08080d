"""/api/v1/agents."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.freshness import ALWAYS
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.core.agents.permissions import AGENTS_DELETE, AGENTS_INSPECT, AGENTS_READ, AGENTS_WRITE
from gururmm_server.core.fleet import schemas
from gururmm_server.core.fleet.doubles import DoubleMachines
from gururmm_server.core.fleet.filter import FleetFilter, Status
from gururmm_server.core.fleet.former import FormerMachines
from gururmm_server.core.fleet.queries import LiveQueries
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.fleet.service import SORTS, AgentService
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(AGENTS_READ)]
Inspector = Annotated[Scope, requires(AGENTS_INSPECT)]
Writer = Annotated[Scope, requires(AGENTS_WRITE)]
Deleter = Annotated[Scope, requires(AGENTS_DELETE, fresh=ALWAYS)]
ProcessSort = Literal["cpu", "-cpu", "memory", "-memory", "read", "-read", "write", "-write", "name", "-name", "pid"]


def build_router(
    *,
    agents: AgentService,
    removal: AgentRemoval,
    former: FormerMachines,
    doubles: DoubleMachines,
    queries: LiveQueries,
) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(tags=["agents"])
    _add_lists(router, agents)
    _add_search(router, agents)
    _add_questions(router, queries)
    _add_acts(router, agents, removal)
    _add_identity(router, agents, former, doubles)
    return router


def _add_lists(router: APIRouter, agents: AgentService) -> None:
    @router.get("/agents", response_model=Page[schemas.AgentRow])
    async def list_agents(
        *,
        caller: Reader,
        page: Annotated[PageQuery, page_query(SORTS, "hostname")],
        status: Status | None = None,
        client_id: UUID | None = None,
        site_id: UUID | None = None,
        os: OsFamily | None = None,
        hostname: Annotated[str | None, Query(max_length=255)] = None,
        q: Annotated[str, Query(description="A query: /search/fields has what it may ask for")] = "",
    ) -> Response:
        """The fleet. Every word of `search` must occur in what a machine is known by; `hostname` is the whole name.

        A `q` that cannot be read is `invalid_query`: `details` has `offset` and `length` of what is wrong, in
        characters, and what was `expected`.
        """
        whole = hostname and hostname.replace("\0", "")
        fleet = FleetFilter(page.search, status, client_id, site_id, os, whole, q)
        return json_response(await agents.page(caller, fleet, page))

    @router.get("/agents/{agent_id}", response_model=schemas.AgentDetail)
    async def get_agent(caller: Reader, agent_id: UUID) -> Response:
        """A machine with its inventory and newest readings."""
        return json_response(await agents.get(caller, agent_id))


def _add_search(router: APIRouter, agents: AgentService) -> None:
    @router.get("/search/fields", response_model=schemas.SearchFields)
    async def list_search_fields(caller: Reader) -> Response:  # noqa: ARG001  # who may read machines may search them
        """What a query may ask for, for completion and help."""
        return json_response(agents.search_fields())


def _add_questions(router: APIRouter, queries: LiveQueries) -> None:
    @router.get("/agents/{agent_id}/processes", response_model=schemas.Processes)
    async def get_processes(caller: Inspector, agent_id: UUID, sort: ProcessSort = "-cpu") -> Response:
        """The processes that run there now. Asks the machine."""
        return json_response(await queries.processes(caller, agent_id, sort))

    @router.get("/agents/{agent_id}/folders", response_model=schemas.Folders)
    async def get_folders(
        caller: Inspector,
        agent_id: UUID,
        path: Annotated[str, Query(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")] = "/",
    ) -> Response:
        """The largest folders under a path. Asks the machine; it may take 20 seconds."""
        return json_response(await queries.folders(caller, agent_id, path))


def _add_acts(router: APIRouter, agents: AgentService, removal: AgentRemoval) -> None:
    @router.patch("/agents/{agent_id}", response_model=schemas.AgentDetail)
    async def move_agent(caller: Writer, agent_id: UUID, body: schemas.MoveAgent) -> Response:
        """Put a machine under another Site."""
        return json_response(await agents.move(caller, agent_id, body.site_id))

    @router.delete("/agents/{agent_id}", status_code=204)
    async def delete_agent(caller: Deleter, agent_id: UUID, uninstall: bool = False) -> Response:
        """Remove a machine; its key is worth nothing from then on. `uninstall`: its agent takes itself away."""
        await removal.remove(caller, agent_id, uninstall=uninstall)
        return Response(status_code=204)


def _add_identity(router: APIRouter, agents: AgentService, former: FormerMachines, doubles: DoubleMachines) -> None:
    @router.post("/agents/{agent_id}/former", response_model=schemas.AgentDetail)
    async def decide_former(caller: Deleter, agent_id: UUID, body: schemas.FormerDecision) -> Response:
        """Let a machine go on as one that it was before, or keep both. Returns the machine that there is then."""
        if body.go_on_as is None:
            await former.keep_both(caller, agent_id)
        else:
            await former.go_on_as(caller, agent_id, body.go_on_as)
        return json_response(await agents.get(caller, body.go_on_as or agent_id))

    @router.post("/agents/{agent_id}/doubles", response_model=schemas.AgentDetail)
    async def decide_doubles(caller: Writer, agent_id: UUID, body: schemas.DoublesDecision) -> Response:
        """Let one of several machines with one key make its own, or say that only one is left: it is let in again."""
        if body.own_key is None:
            await doubles.call_it_one(caller, agent_id)
        else:
            await doubles.give_own_key(caller, agent_id, bytes.fromhex(body.own_key))
        return json_response(await agents.get(caller, agent_id))
