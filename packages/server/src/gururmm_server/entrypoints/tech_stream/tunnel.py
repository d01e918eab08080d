"""WS /api/v1/tunnel/stream/{session_id}?ticket=…: a technician's browser on a tech session.

Browser → server: binary frames of a channel's number (one byte), an 8-byte big-endian input offset and bytes; text
frames of the structs below, the first of which is an `Attach`. Server → browser: binary frames of a channel's number,
an output offset and bytes; text frames attached, input_ack, state, trouble, ping and closed.
"""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from fastapi import APIRouter, WebSocket
from gururmm_wire.v2.limits import CHUNK_BYTES
from msgspec import Meta
from starlette.websockets import WebSocketDisconnect, WebSocketState

from gururmm_server.core.access.doors import public
from gururmm_server.core.identity.tickets import TicketRefused, redeem
from gururmm_server.core.tunnel.browser_end import (
    CLOSE_NO_SESSION,
    CLOSE_SESSION_CLOSED,
    CLOSE_TICKET_REFUSED,
    BrowserEnd,
    BrowserGone,
)
from gururmm_server.core.tunnel.errors import (
    BadParameters,
    NoSuchChannel,
    NoSuchSession,
    SessionClosed,
    StreamViolation,
)
from gururmm_server.core.tunnel.relay import SessionRelay
from gururmm_server.core.tunnel.relays import TunnelRelays
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import TUNNELS_ATTACHED

log = get_logger(__name__)

_FIRST_FRAME_S = 10
_CLOSE_NORMAL = 1000
"""What a client says that has ended. A page that is reloaded or left says 1001, and may come back."""
_TEXT_BYTES = 1024
_HEAD_BYTES = 9

_Offset = Annotated[int, Meta(ge=0, le=2**62)]
_Channel = Annotated[int, Meta(ge=1, le=255)]
_Parameters = Annotated[dict[Annotated[str, Meta(max_length=64)], Any], Meta(max_length=32)]


class Attach(msgspec.Struct, tag="attach", tag_field="type"):
    """This tab has the output of a channel before `output_offset` (0: a new tab), and wants what follows.

    `parameters` are those of the kind that may change: a terminal's columns and rows.
    """

    channel: _Channel
    output_offset: _Offset
    parameters: _Parameters = {}


class Change(msgspec.Struct, tag="change", tag_field="type"):
    """Some of a channel's parameters have other values."""

    channel: _Channel
    parameters: _Parameters


class Ack(msgspec.Struct, tag="ack", tag_field="type"):
    """A channel's output before `output_offset` is on the screen."""

    channel: _Channel
    output_offset: _Offset


class Close(msgspec.Struct, tag="close", tag_field="type"):
    """End a channel; without one, the session."""

    channel: _Channel | None = None


_attach_decoder = msgspec.json.Decoder(Attach)
_text_decoder: msgspec.json.Decoder[Attach | Change | Ack | Close] = msgspec.json.Decoder(Attach | Change | Ack | Close)


class _Socket:
    """The relay's view of a WebSocket (`core.tunnel.browser_end.Browser`)."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send_bytes(self, data: bytes) -> None:
        try:
            await self._socket.send_bytes(data)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise BrowserGone from error

    async def send_text(self, text: str) -> None:
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise BrowserGone from error

    async def receive_text(self) -> str:
        return await self._socket.receive_text()

    async def close(self, code: int, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            try:
                await self._socket.close(code, reason)
            except (WebSocketDisconnect, RuntimeError, OSError) as error:
                log.debug("socket was closed already", error=str(error))


def build_router(db: Database, relays: TunnelRelays, public_url: str = "") -> APIRouter:
    """Returns what is mounted under /api/v1. Browsers come from `public_url`, or from the request's own host."""
    router = APIRouter(prefix="/tunnel", tags=["tunnel"])

    @router.websocket("/stream/{session_id}", dependencies=[public()])  # the ticket is the credential
    async def stream(socket: WebSocket, session_id: str, ticket: str = "") -> None:
        if not same_origin(socket, public_url):
            log.warning("terminal refused: foreign origin", origin=socket.headers.get("origin"))
            await socket.close(1008)
            return
        await socket.accept()
        browser = _Socket(socket)
        try:
            attached = await _attach(browser, db, relays, session_id, ticket)
        except GuruError as error:
            log.info("terminal not attached", session_id=session_id, error=str(error))
            await browser.close(_close_code(error), error.message[:120])
            return
        except WebSocketDisconnect:
            return
        with TUNNELS_ATTACHED.track_inprogress():
            await _serve(socket, browser, *attached)

    return router


def same_origin(socket: WebSocket, public_url: str) -> bool:
    """Tells whether the page that opens this socket is ours: its Origin is the public URL's, or the request's host."""
    origin = socket.headers.get("origin", "")
    if public_url and origin == "{0.scheme}://{0.netloc}".format(urlsplit(public_url)):
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == socket.headers.get("host", "")


async def _attach(
    browser: _Socket, db: Database, relays: TunnelRelays, session: str, ticket: str
) -> tuple[SessionRelay, BrowserEnd]:
    principal, subject = await redeem(db, ticket, "tunnel")
    if subject is None or str(subject) != session.lower():
        raise TicketRefused(internal="made for another session")
    try:
        first = await asyncio.wait_for(browser.receive_text(), _FIRST_FRAME_S)
        attach = _attach_decoder.decode(first)
    except (TimeoutError, KeyError, msgspec.MsgspecError, RecursionError) as error:
        raise StreamViolation("The first frame has to be an attach message.", internal=str(error)) from error
    relay, end = await relays.attach(UUID(session), principal, browser)
    try:
        await relay.attach_channel(end, attach.channel, attach.output_offset, attach.parameters)
    except GuruError:
        await relay.leave(end, clean=False)
        raise
    return relay, end


async def _serve(socket: WebSocket, browser: _Socket, relay: SessionRelay, end: BrowserEnd) -> None:
    """Take the browser's frames until its socket closes."""
    clean = False
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                clean = message.get("code") == _CLOSE_NORMAL
                return
            await _take(relay, end, message.get("bytes"), message.get("text"))
    except (StreamViolation, NoSuchChannel, BadParameters) as error:
        await browser.close(1008, error.message[:120])
    finally:
        await relay.leave(end, clean=clean)


async def _take(relay: SessionRelay, end: BrowserEnd, data: bytes | None, text: str | None) -> None:
    if data is not None:
        if not _HEAD_BYTES < len(data) <= _HEAD_BYTES + CHUNK_BYTES:
            raise StreamViolation("A frame of input has 1 to 32768 bytes.")
        relay.channel(data[0]).input(int.from_bytes(data[1:_HEAD_BYTES], "big"), data[_HEAD_BYTES:])
        return
    if text is None or len(text) > _TEXT_BYTES:
        raise StreamViolation("That frame is too long.")
    try:
        message = _text_decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise StreamViolation("That message is not known here.", internal=str(error)) from error
    match message:
        case Attach():
            await relay.attach_channel(end, message.channel, message.output_offset, message.parameters)
        case Change():
            await relay.channel(message.channel).change(message.parameters)
        case Ack():
            await relay.channel(message.channel).shown(end, message.output_offset)
        case Close(channel=None):
            relay.end("closed")
        case Close(channel=int() as channel):
            relay.channel(channel).end("closed")


def _close_code(error: GuruError) -> int:
    match error:
        case TicketRefused():
            return CLOSE_TICKET_REFUSED
        case NoSuchSession() | NoSuchChannel():
            return CLOSE_NO_SESSION
        case SessionClosed():
            return CLOSE_SESSION_CLOSED
        case StreamViolation() | BadParameters():
            return 1008
        case _:
            return 1013
