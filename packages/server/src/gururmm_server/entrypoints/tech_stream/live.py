"""WS /api/v1/live/stream?ticket=…: what changes while a browser looks.

Browser → server: the structs below. Server → browser: hello, agents, metrics, command, output, event, resync.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, WebSocket
from gururmm_wire.v2.server import Watch as WireWatch
from msgspec import Meta
from pydantic import BaseModel
from starlette.websockets import WebSocketDisconnect, WebSocketState

from gururmm_server.core.access.doors import public, requires
from gururmm_server.core.agents.permissions import AGENTS_READ
from gururmm_server.core.component import LiveKind
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.identity.doors import signed_in
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.tickets import TicketRefused, issue, redeem
from gururmm_server.core.post.hub import LiveHub
from gururmm_server.core.post.service import Post
from gururmm_server.core.quotas.errors import QuotaUsedUp
from gururmm_server.core.quotas.resources import LIVE_SOCKETS
from gururmm_server.entrypoints.tech_stream.live_session import LiveSession
from gururmm_server.entrypoints.tech_stream.tunnel import same_origin
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

CLOSE_TICKET_REFUSED = 4401
_WATCH_INTERVAL_S = 2
_WATCH_FOR_S = 30
PING_AFTER_S = 5
_PING = '{"type":"ping"}'
_FRAME_CHARACTERS = 64 * 1024
_FRAMES_PER_S = 50
_TICK_S = 0.25


class LiveTicket(BaseModel):
    """Opens one socket within 30 seconds."""

    ticket: str
    stream_url: str


class Visible(msgspec.Struct, tag="visible", tag_field="type"):
    """These rows are on the screen."""

    agent_ids: Annotated[list[UUID], Meta(max_length=500)]


class Watch(msgspec.Struct, tag="watch", tag_field="type"):
    """This machine's page is open (null: none is). Said again every 20 s."""

    agent_id: UUID | None


class Commands(msgspec.Struct, tag="commands", tag_field="type"):
    """The output of these is on the screen."""

    ids: Annotated[list[UUID], Meta(max_length=200)]


_decoder: msgspec.json.Decoder[Visible | Watch | Commands] = msgspec.json.Decoder(Visible | Watch | Commands)


class _Flooded(Exception):
    """More frames than any dashboard has reason to send."""


class LiveStreams:
    """The live sockets of this process."""

    def __init__(
        self,
        db: Database,
        post: Post,
        hub: LiveHub,
        agents: AgentService,
        revoked: Callable[[UUID], bool],
        *,
        kinds: Iterable[type[LiveKind]],
        ping_after_s: float = PING_AFTER_S,
    ) -> None:
        """`revoked` says whether a sign-in session has ended, from memory; `kinds` are what browsers are told of."""
        self._kinds = tuple(kinds)
        self._ping_after_s = ping_after_s
        self._db = db
        self._post = post
        self._hub = hub
        self._agents = agents
        self._revoked = revoked
        self._sockets: Counter[UUID] = Counter()
        """How many each Partner has."""
        self._serving: dict[UUID, set[asyncio.Task[None]]] = {}
        self._ticker: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Look after sign-in sessions that end: their sockets close."""
        self._ticker = asyncio.create_task(self._tick(), name="live streams")

    async def close(self) -> None:
        """Close every socket."""
        if self._ticker is not None:
            self._ticker.cancel()
        tasks = [task for tasks in self._serving.values() for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ticket(self, principal: Principal) -> LiveTicket:
        """Returns a ticket for one socket of somebody who is inside a Partner."""
        async with self._db.scope(principal.inside(), reserve=True) as tx:
            ticket = await issue(tx, principal, "live")
        return LiveTicket(ticket=ticket, stream_url=f"/api/v1/live/stream?ticket={ticket}")

    async def serve(self, socket: WebSocket, ticket: str) -> None:
        """Serve one browser, from its ticket to its end."""
        principal, _ = await redeem(self._db, ticket, "live")
        scope = principal.inside()
        if self._sockets[scope.tenant_id] >= LIVE_SOCKETS:
            raise QuotaUsedUp("Your Partner has too many dashboards open here.")
        session = LiveSession(scope, self._kinds)
        session.say({"type": "hello", "server_time": datetime.now(UTC)})
        self._sockets[scope.tenant_id] += 1
        try:
            await self._serve(socket, session, principal)
        finally:
            self._sockets[scope.tenant_id] -= 1

    async def _serve(self, socket: WebSocket, session: LiveSession, principal: Principal) -> None:
        scope = session.scope
        async with self._hub.listening(scope.tenant_id, session.take):
            tasks = [
                asyncio.create_task(work)
                for work in (self._send(socket, session), self._receive(socket, session), self._keep_watching(session))
            ]
            mine = self._serving.setdefault(principal.session_id, set())
            mine.update(tasks)
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                mine.difference_update(tasks)
                if not mine:
                    self._serving.pop(principal.session_id, None)
            for result in ended:
                if isinstance(result, Exception):
                    raise result
            if self._revoked(principal.session_id):
                raise TicketRefused("You were signed out.")

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for session_id in filter(self._revoked, list(self._serving)):
                for task in self._serving[session_id]:
                    task.cancel()

    async def _send(self, socket: WebSocket, session: LiveSession) -> None:
        """Send what the session has, until the browser is gone."""
        while True:
            try:
                async with asyncio.timeout(self._ping_after_s):
                    texts = await session.messages()
            except TimeoutError:
                texts = [_PING]  # a browser that hears nothing for 12 s takes the line for dead
            for text in texts:
                try:
                    await socket.send_text(text)
                except (WebSocketDisconnect, RuntimeError, OSError):
                    return

    async def _receive(self, socket: WebSocket, session: LiveSession) -> None:
        clock = asyncio.get_running_loop().time
        since, frames = clock(), 0
        while True:
            text = await socket.receive_text()
            if clock() - since > 1:
                since, frames = clock(), 0
            frames += 1
            if frames > _FRAMES_PER_S or len(text) > _FRAME_CHARACTERS:
                raise _Flooded
            match _decoder.decode(text):
                case Visible(agent_ids=agent_ids):
                    session.show(agent_ids)
                case Commands(ids=ids):
                    session.follow(ids)
                case Watch(agent_id=agent_id):
                    session.watch(agent_id)
                    session.watched_again.set()

    async def _keep_watching(self, session: LiveSession) -> None:
        """Ask the watched machine for fast readings, whenever the browser renews or the machine comes back."""
        while True:
            await session.watched_again.wait()
            session.watched_again.clear()
            agent_id = session.watched
            if agent_id is None:
                continue
            try:
                gateway_id = await self._agents.gateway(session.scope, agent_id)
            except GuruError as error:
                log.info("not watched", agent_id=str(agent_id), error=str(error))
                continue
            await self._post.to_machine(gateway_id, agent_id, WireWatch(_WATCH_INTERVAL_S, _WATCH_FOR_S))


def build_router(streams: LiveStreams, public_url: str = "") -> APIRouter:
    """Returns what is mounted under /api/v1. Browsers come from `public_url`, or from the request's own host."""
    router = APIRouter(prefix="/live", tags=["live"])

    @router.post("/ticket", dependencies=[requires(AGENTS_READ)])
    async def live_ticket(caller: Annotated[Principal, signed_in()]) -> LiveTicket:
        """A one-use ticket for the live stream; it lives 30 seconds."""
        return await streams.ticket(caller)

    @router.websocket("/stream", dependencies=[public()])  # the ticket is the credential
    async def live_stream(socket: WebSocket, ticket: str = "") -> None:
        if not same_origin(socket, public_url):
            log.warning("live stream refused: foreign origin", origin=socket.headers.get("origin"))
            await socket.close(1008)
            return
        await socket.accept()
        code, reason = 1000, ""
        try:
            await streams.serve(socket, ticket)
        except WebSocketDisconnect:
            return
        except (msgspec.MsgspecError, RecursionError, KeyError) as error:
            code, reason = 1008, "That message is not known here."
            log.info("live stream ended", error=str(error))
        except _Flooded:
            code, reason = 1008, "Too many messages."
        except GuruError as error:
            code = CLOSE_TICKET_REFUSED if error.status == 401 else 1013
            reason = error.message[:120]
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.close(code, reason)

    return router
