"""/api/v1/tunnel."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.identity.doors import signed_in
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.tunnel.permissions import TUNNEL_OPEN, TUNNEL_READ
from gururmm_server.core.tunnel.recording import MEDIA_TYPE
from gururmm_server.core.tunnel.service import SORTS, TunnelService
from gururmm_server.infra.paging import Page, PageQuery, page_query

Opener = Annotated[Scope, requires(TUNNEL_OPEN)]
Reader = Annotated[Scope, requires(TUNNEL_READ)]
Person = Annotated[Principal, signed_in()]
Status = Literal["opening", "open", "closed"]


class OpenTunnel(BaseModel):
    """A terminal that is wanted. `shell`: empty for the machine's usual one."""

    agent_id: UUID
    columns: Annotated[int, Field(ge=1, le=1000)] = 120
    rows: Annotated[int, Field(ge=1, le=1000)] = 32
    shell: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._/+-]*$")] = ""


class StreamTicket(BaseModel):
    """A one-use ticket, good for 30 seconds, and the WebSocket it opens."""

    ticket: str
    stream_url: str


class OpenedTunnel(StreamTicket):
    """A new tech session. `notice` is shown to the technician."""

    session_id: UUID
    status: Status
    agent_id: UUID
    notice: str


class TunnelStatus(BaseModel):
    """A tech session as its owner sees it, also after its end."""

    session_id: UUID
    agent_id: UUID
    hostname: str
    status: Status
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    opened_by: str
    exit_code: int | None
    input_bytes: int
    output_bytes: int


def build_router(tunnel: TunnelService) -> APIRouter:
    """Mounted under /api/v1."""
    router = APIRouter(prefix="/tunnel", tags=["tunnel"])

    @router.post("/open", status_code=201, response_model=OpenedTunnel, dependencies=[requires(TUNNEL_OPEN)])
    async def open_tunnel(caller: Person, wanted: OpenTunnel) -> dict[str, Any]:
        """Start a shell on a machine that is online."""
        return await tunnel.open(caller, wanted.agent_id, wanted.columns, wanted.rows, wanted.shell)

    @router.get("/status/{session_id}", response_model=TunnelStatus)
    async def get_status(principal: Person, session_id: UUID) -> dict[str, Any]:
        """What a session is doing. Its owner is answered whatever became of it."""
        return await tunnel.status(principal, session_id)

    @router.post("/ticket/{session_id}", response_model=StreamTicket, dependencies=[requires(TUNNEL_OPEN)])
    async def get_ticket(caller: Person, session_id: UUID) -> dict[str, str]:
        """A ticket for attaching to one's own session again."""
        return await tunnel.ticket(caller, session_id)

    @router.post("/close/{session_id}", response_model=TunnelStatus)
    async def close_tunnel(caller: Opener, session_id: UUID) -> dict[str, Any]:
        """End a session and its shell."""
        return await tunnel.close(caller, session_id)

    @router.get("/sessions", response_model=Page[TunnelStatus])
    async def list_sessions(
        *,
        caller: Reader,
        page: Annotated[PageQuery, page_query(SORTS, "-opened_at")],
        agent_id: UUID | None = None,
        status: Status | None = None,
    ) -> dict[str, Any]:
        """The Partner's sessions, newest first."""
        return await tunnel.sessions(caller, page, agent_id, status)

    @router.get("/sessions/{session_id}/recording", response_class=StreamingResponse)
    async def get_recording(caller: Reader, session_id: UUID) -> StreamingResponse:
        """The session as asciicast v2. Each read is audited."""
        lines = await tunnel.recording(caller, session_id)
        headers = {"Content-Disposition": f'attachment; filename="terminal-{session_id}.cast"'}
        return StreamingResponse(lines, media_type=MEDIA_TYPE, headers=headers)

    return router
