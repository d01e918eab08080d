"""/api/v1/tunnel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.idempotency.doors import OncePerKey, once_per_key
from gururmm_server.core.identity.doors import signed_in
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.tunnel.kinds.terminal import Terminal
from gururmm_server.core.tunnel.permissions import TUNNEL_OPEN, TUNNEL_READ
from gururmm_server.core.tunnel.schemas import (
    ChannelStatus,
    OpenChannel,
    OpenedTunnel,
    OpenTunnel,
    OwnSessions,
    Status,
    StreamTicket,
    TunnelStatus,
)
from gururmm_server.core.tunnel.service import SORTS, Replay, TunnelService
from gururmm_server.infra.paging import Page, PageQuery, page_query

Opener = Annotated[Scope, requires(TUNNEL_OPEN)]
Closer = Annotated[Scope, requires(TUNNEL_OPEN, fresh="of somebody else's session")]
Reader = Annotated[Scope, requires(TUNNEL_READ)]
Person = Annotated[Principal, signed_in()]
ChannelNumber = Annotated[int, Path(ge=1, le=255)]


def build_router(tunnel: TunnelService) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(prefix="/tunnel", tags=["tunnel"], route_class=OncePerKey)

    @router.post("/open", status_code=201, dependencies=[requires(TUNNEL_OPEN), once_per_key()])
    async def open_tunnel(caller: Person, wanted: OpenTunnel) -> OpenedTunnel:
        """Open a tech session to a machine that is online, with a terminal as its channel 1."""
        parameters = {"columns": wanted.columns, "rows": wanted.rows, "shell": wanted.shell}
        return await tunnel.open(caller, wanted.agent_id, Terminal.name, parameters, wanted.reason)

    @router.get("/status/{session_id}")
    async def get_status(principal: Person, session_id: UUID) -> TunnelStatus:
        """What a session is doing. Its owner is answered whatever became of it."""
        return await tunnel.status(principal, session_id)

    @router.post("/ticket/{session_id}", dependencies=[requires(TUNNEL_OPEN)])
    async def get_ticket(caller: Person, session_id: UUID) -> StreamTicket:
        """A ticket for attaching to one's own session again."""
        return await tunnel.ticket(caller, session_id)

    @router.post("/close/{session_id}")
    async def close_tunnel(caller: Closer, session_id: UUID) -> TunnelStatus:
        """End a session with all of its channels."""
        return await tunnel.close(caller, session_id)

    @router.get("/sessions")
    async def list_sessions(
        *,
        caller: Reader,
        page: Annotated[PageQuery, page_query(SORTS, "-opened_at")],
        agent_id: UUID | None = None,
        status: Status | None = None,
    ) -> Page[TunnelStatus]:
        """The Partner's sessions, newest first."""
        return await tunnel.sessions(caller, page, agent_id, status)

    @router.post("/sessions/{session_id}/channels", status_code=201, dependencies=[once_per_key()])
    async def open_channel(caller: Opener, session_id: UUID, wanted: OpenChannel) -> ChannelStatus:
        """Open one more channel of one's own session. It is attached on the session's stream."""
        return await tunnel.open_channel(caller, session_id, wanted.kind, wanted.parameters)

    @router.post("/sessions/{session_id}/channels/{channel}/close")
    async def close_channel(caller: Closer, session_id: UUID, channel: ChannelNumber) -> TunnelStatus:
        """End a channel; the session ends with its last one."""
        return await tunnel.close(caller, session_id, channel)

    @router.get("/sessions/{session_id}/recording", response_class=StreamingResponse)
    async def get_recording(caller: Reader, session_id: UUID) -> StreamingResponse:
        """The session's first channel as it was recorded: a terminal as asciicast v2. Each read is audited."""
        return _download(await tunnel.recording(caller, session_id))

    @router.get("/sessions/{session_id}/channels/{channel}/recording", response_class=StreamingResponse)
    async def get_channel_recording(caller: Reader, session_id: UUID, channel: ChannelNumber) -> StreamingResponse:
        """A channel as it was recorded: a terminal as asciicast v2. Each read is audited."""
        return _download(await tunnel.recording(caller, session_id, channel))

    _add_own(router, tunnel)
    return router


def _add_own(router: APIRouter, tunnel: TunnelService) -> None:
    @router.get("/own")
    async def list_own(caller: Opener) -> OwnSessions:
        """One's own sessions that are open: with a ticket one is back in them, from any page."""
        return OwnSessions(items=await tunnel.own(caller))


def _download(replay: Replay) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{replay.file_name}"'}
    return StreamingResponse(replay.content, media_type=replay.media_type, headers=headers)
