"""/api/v1/commands."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.commands import schemas
from gururmm_server.core.commands.filter import CommandFilter
from gururmm_server.core.commands.permissions import COMMANDS_DELETE, COMMANDS_READ, COMMANDS_RUN
from gururmm_server.core.commands.service import ACTIVE, FINAL, MASS_MACHINES, SORTS, CommandService
from gururmm_server.core.commands.shapes import Script
from gururmm_server.core.fleet.filter import FleetFilter
from gururmm_server.core.fleet.schemas import TargetFilter
from gururmm_server.core.idempotency.doors import OncePerKey, once_per_key
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(COMMANDS_READ)]
Runner = Annotated[Scope, requires(COMMANDS_RUN)]
MassRunner = Annotated[Scope, requires(COMMANDS_RUN, fresh=f"on more than {MASS_MACHINES} machines")]
Deleter = Annotated[Scope, requires(COMMANDS_DELETE)]


def build_router(commands: CommandService) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(prefix="/commands", tags=["commands"], route_class=OncePerKey)
    _add_reads(router, commands)
    _add_acts(router, commands)
    return router


def _add_reads(router: APIRouter, commands: CommandService) -> None:
    @router.get("", response_model=Page[schemas.Command])
    async def list_commands(
        *,
        caller: Reader,
        page: Annotated[PageQuery, page_query(SORTS, "-created_at")],
        agent_id: UUID | None = None,
        batch_id: UUID | None = None,
        status: schemas.Status | None = None,
        state: schemas.State | None = None,
    ) -> Response:
        """Commands, newest first."""
        wanted = CommandFilter(agent_id, batch_id, _statuses(status, state))
        return json_response(await commands.page(caller, wanted, page))

    @router.get("/failed-runs", response_model=schemas.FailedRuns)
    async def list_failed_runs(caller: Reader) -> Response:
        """Runs of which something failed within a day, the newest first; five at most."""
        return json_response(schemas.FailedRuns(items=await commands.failed_runs(caller)))

    @router.get("/sums", response_model=schemas.RunSums)
    async def sum_run(caller: Reader, batch_id: UUID) -> Response:
        """How the commands of one run are, in numbers; none where there is no such run."""
        return json_response(await commands.sums(caller, batch_id))

    @router.get("/{command_id}", response_model=schemas.CommandDetail)
    async def get_command(
        caller: Reader, command_id: UUID, wait_s: Annotated[float, Query(ge=0, le=30)] = 0
    ) -> Response:
        """A command with its output. `wait_s`: answer when it is over, or after that many seconds."""
        return json_response(await commands.get(caller, command_id, wait_s))


def _add_acts(router: APIRouter, commands: CommandService) -> None:
    @router.post("", response_model=schemas.CommandList, status_code=201, dependencies=[once_per_key()])
    async def create_commands(caller: MassRunner, body: schemas.CreateCommands) -> Response:
        """Queue a script. A machine that is offline gets it when it returns, before the deadline."""
        script = Script(body.shell, body.script, body.timeout_s, body.deadline_s)
        items = await commands.create(caller, script, body.agent_ids, _meant(body.filter))
        return json_response(schemas.CommandList(items=items), 201)

    @router.post("/preview", response_model=schemas.RunPreview)
    async def preview_run(caller: Runner, body: schemas.Targets) -> Response:
        """What a run on these machines would touch, in numbers. Changes nothing."""
        return json_response(await commands.preview(caller, body.agent_ids, _meant(body.filter)))

    @router.post(
        "/{command_id}/cancel",
        response_model=schemas.Command,
        responses={202: {"model": schemas.Command, "description": "The machine is being told."}},
    )
    async def cancel_command(caller: Runner, command_id: UUID) -> Response:
        """Stop a command. One that no machine has seen is cancelled at once."""
        item, settled = await commands.cancel(caller, command_id)
        return json_response(item, 200 if settled else 202)

    @router.delete("/{command_id}", status_code=204)
    async def delete_command(caller: Deleter, command_id: UUID) -> Response:
        """Remove a command; a running one is stopped first."""
        await commands.delete(caller, command_id)
        return Response(status_code=204)

    @router.post("/clear", response_model=schemas.Cleared)
    async def clear_commands(caller: Deleter, body: schemas.ClearCommands) -> Response:
        """Remove every command that is over."""
        deleted = await commands.clear(caller, body.agent_id)
        return json_response(schemas.Cleared(deleted=deleted))


def _meant(wanted: TargetFilter | None) -> FleetFilter | None:
    return None if wanted is None else wanted.meant()


def _statuses(status: str | None, state: str | None) -> list[str] | None:
    """Returns the statuses that both mean; None for all."""
    of_state: Any = {"active": ACTIVE, "finished": tuple(FINAL)}.get(state or "")
    if status is None:
        return None if of_state is None else list(of_state)
    return [status] if of_state is None or status in of_state else []
