"""/api/v1/agents."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.agents import schemas
from gururmm_server.core.agents.errors import UnknownRange
from gururmm_server.core.agents.fleet import FleetFilter, OsFamily, Status
from gururmm_server.core.agents.history import RANGES
from gururmm_server.core.agents.overview import Overview
from gururmm_server.core.agents.queries import LiveQueries
from gururmm_server.core.agents.removal import AgentRemoval
from gururmm_server.core.agents.service import CHANGE_SORTS, SOFTWARE_SORTS, SORTS, AgentService
from gururmm_server.core.identity.access import TenantCaller, requires
from gururmm_server.core.identity.principal import Permission
from gururmm_server.infra.clock import now
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[TenantCaller, requires(Permission.AGENTS_READ)]
Inspector = Annotated[TenantCaller, requires(Permission.AGENTS_INSPECT)]
Writer = Annotated[TenantCaller, requires(Permission.AGENTS_WRITE)]
Deleter = Annotated[TenantCaller, requires(Permission.AGENTS_DELETE)]
ProcessSort = Literal["cpu", "-cpu", "memory", "-memory", "read", "-read", "write", "-write", "name", "-name", "pid"]


def build_router(agents: AgentService, removal: AgentRemoval, queries: LiveQueries, overview: Overview) -> APIRouter:
    """Mounted under /api/v1."""
    router = APIRouter(tags=["agents"])
    _add_lists(router, agents)
    _add_readings(router, agents, queries)
    _add_acts(router, agents, removal)

    @router.get("/overview", response_model=schemas.Overview, tags=["overview"])
    async def get_overview(caller: Reader) -> Response:
        """Mission Control's numbers: a Client contact gets those of its Client."""
        return json_response(await overview.get(caller.tenant_id, caller.client_id))

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
    ) -> Response:
        """The fleet. Every word of `search` must occur in what a machine is known by; `hostname` is the whole name."""
        fleet = FleetFilter(
            page.search, status, client_id, site_id, os, hostname and hostname.replace("\0", "")
        ).narrowed(caller.client_id)
        if fleet is None:
            return json_response({"items": [], "next_cursor": None, "total": 0})
        return json_response(await agents.page(caller.tenant_id, fleet, page))

    @router.get("/agents/{agent_id}", response_model=schemas.AgentDetail)
    async def get_agent(caller: Reader, agent_id: UUID) -> Response:
        """A machine with its inventory and newest readings."""
        return json_response(await agents.get(caller.tenant_id, agent_id, caller.client_id))

    @router.get("/agents/{agent_id}/software", response_model=Page[schemas.Software])
    async def list_software(
        caller: Reader, agent_id: UUID, page: Annotated[PageQuery, page_query(SOFTWARE_SORTS, "name")]
    ) -> Response:
        """What is installed."""
        return json_response(await agents.software(caller.tenant_id, agent_id, caller.client_id, page))

    @router.get("/agents/{agent_id}/changes", response_model=Page[schemas.Change])
    async def list_changes(
        caller: Reader,
        agent_id: UUID,
        page: Annotated[PageQuery, page_query(CHANGE_SORTS, "-at")],
        section: Annotated[str | None, Query(max_length=64, pattern="^[a-z_]+$")] = None,
    ) -> Response:
        """What changed in the inventory, newest first."""
        return json_response(await agents.changes(caller.tenant_id, agent_id, caller.client_id, section, page))


def _add_readings(router: APIRouter, agents: AgentService, queries: LiveQueries) -> None:
    @router.get("/agents/{agent_id}/metrics", response_model=schemas.History)
    async def get_metrics(
        caller: Reader,
        agent_id: UUID,
        range_: Annotated[str, Query(alias="range", max_length=8)] = "",
        start: Annotated[datetime | None, Query(alias="from")] = None,
        end: Annotated[datetime | None, Query(alias="to")] = None,
    ) -> Response:
        """Readings over time, by `range` (1h, 6h, 24h, 7d, 30d, 1y) or by `from` and `to`. Gaps are null."""
        since, until = _window(range_, start, end)
        return json_response(await agents.history(caller.tenant_id, agent_id, caller.client_id, since, until))

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
        return json_response(await agents.move(caller.tenant_id, agent_id, body.site_id, caller))

    @router.delete("/agents/{agent_id}", status_code=204)
    async def delete_agent(caller: Deleter, agent_id: UUID) -> Response:
        """Remove a machine; its key is worth nothing from then on."""
        await removal.remove(caller.tenant_id, agent_id, caller)
        return Response(status_code=204)


def _window(range_: str, start: datetime | None, end: datetime | None) -> tuple[float, float]:
    """From and to in Unix seconds. A time without a zone is UTC. Raises `UnknownRange`."""
    moment = now()
    if start is None and end is None:
        if (range_ or "1h") not in RANGES:
            raise UnknownRange
        return (moment - timedelta(seconds=RANGES[range_ or "1h"])).timestamp(), moment.timestamp()
    if start is None or range_:
        raise UnknownRange
    since, until = (part.replace(tzinfo=part.tzinfo or moment.tzinfo) for part in (start, end or moment))
    return since.timestamp(), until.timestamp()
