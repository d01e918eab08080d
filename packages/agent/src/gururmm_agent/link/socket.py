"""One WebSocket to the gateway: both sides prove themselves, then sealed messages both ways within bounds."""

import asyncio
import logging
import os
import socket
from enum import Enum
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from gururmm_wire import capabilities, codec
from gururmm_wire.handshake import RANDOM_BYTES, AgentHandshake, HandshakeFailed
from gururmm_wire.protocol import SOCKET_PATH
from gururmm_wire.sealing import BrokenSeal, Seal
from gururmm_wire.v2.agent import Authenticate, Message
from gururmm_wire.v2.limits import (
    AUTHENTICATION_SECONDS,
    MAX_FRAGMENTS,
    MAX_SEALED_BYTES,
    MAX_UNAUTHENTICATED_BYTES,
    Close,
)
from gururmm_wire.v2.server import Challenge, ServerMessage, Welcome
from nacl.bindings import crypto_sign_seed_keypair
from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSError,
    WSFrame,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from gururmm_agent import __version__
from gururmm_agent.clock import since_boot
from gururmm_agent.link.hello import Machine, refusal_of
from gururmm_agent.link.proxy import open_tunnel
from gururmm_agent.link.route import Route
from gururmm_agent.link.source_address import source_towards
from gururmm_agent.link.trust import tls_context
from gururmm_agent.printable import printable_in
from gururmm_agent.state import Identity

_log = logging.getLogger(__name__)

CONNECT_S: Final = 15.0
_PING_AFTER_IDLE_S: Final = 120.0
"""Finds a server that hangs; a cut cable shows earlier, by heartbeats that nobody acknowledges. A ping and its answer
are four packets, at rest as many as everything else of a minute."""
_PING_ANSWER_S: Final = 20.0
_NOBODY_BEHIND: Final = (502, 504)
"""What a proxy answers whose gateway is not there."""
_UNACKNOWLEDGED_MS: Final = 45_000
INSTANCE: Final = os.urandom(16)
"""This process and no other: where two live with one key, a copy of the state is in use."""
_NOT_SENT_BYTES: Final = 128 * 1024
"""What the system queues of one channel's flood before another's keystroke: what is under way does not count."""


class Closed(Exception):
    """The connection is over. `code` is the WebSocket close code, None if the connection broke without one."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.code = code


class _Phase(Enum):
    CHALLENGE = 1
    PROOF = 2
    WELCOME = 3
    OPEN = 4
    OVER = 5


class LinkUser(Protocol):
    """Whom a connection serves. All calls come from the socket's callback: they return at once."""

    def opened(self, link: "ServerLink", welcome: Welcome) -> None:
        """The server has proved itself. Comes before every `received`: a message may follow in the same packet."""

    def received(self, message: ServerMessage) -> None:
        """One message of the proved server."""

    def passed_over(self, tag: int) -> None:
        """A message of the proved server that only newer agents know."""


class ServerLink(WSListener):
    """One connection. `proved` resolves once the server has proved itself, `closed` when the connection is over."""

    def __init__(self, identity: Identity, machine: Machine, user: LinkUser, purpose: str = "") -> None:
        loop = asyncio.get_running_loop()
        self._purpose = purpose
        self._identity = identity
        self._machine = machine
        self._user = user
        self._phase = _Phase.CHALLENGE
        self._handshake: AgentHandshake | None = None
        self._seal: Seal | None = None
        self._parts: list[bytes] = []
        self._parts_size = 0
        self._transport: WSTransport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._failure: Closed | None = None
        self.peer: tuple[Any, ...] = ()
        """The server's address, as the system's sockets have it; empty before the connection."""
        self._source: str | None = None
        self.server_offset = 0.0
        """What to add to `since_boot` for the server's time."""
        self.proved: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[Closed] = loop.create_future()

    def send(self, message: Message) -> None:
        """Send at once. After the end it does nothing: who needs delivery resends after the next `Welcome`."""
        if self._phase is _Phase.OPEN and self._transport is not None and self._seal is not None:
            try:
                data = codec.encode(message)
            except UnicodeEncodeError:  # a name of the system that nobody has made printable on its way here
                data = codec.encode(_readable(message))
            self._transport.send(WSMsgType.BINARY, self._seal.seal(data))

    async def drain(self) -> None:
        """Wait until the socket takes more. Bulk senders call it between messages. Raises `Closed`."""
        await self._writable.wait()
        if self._phase is not _Phase.OPEN:
            raise self.closed.result() if self.closed.done() else Closed(None, "the connection is closing")

    def close(self, code: int, reason: str) -> None:
        """End the connection with a close code."""
        if self._failure is None:
            self._failure = Closed(code, reason)
        self._phase = _Phase.OVER
        self._writable.set()
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(code, reason.encode()[:120])  # type: ignore[arg-type]
            self._transport.disconnect()

    async def check(self, within_s: float | None) -> None:
        """Give the connection up, if this machine has another address now, or the server does not answer a ping.

        It is only pinged where there is a time for the answer.
        """
        now = source_towards(self.peer) if self.peer else None
        if now is not None and now != self._source:
            self._give_up(f"this machine's address is {now} now and no longer {self._source}")
        elif within_s is not None and self._phase is _Phase.OPEN and not await self._answers(within_s):
            self._give_up(f"the server did not answer within {within_s:.0f} s")

    def _give_up(self, reason: str) -> None:
        """End it at once: nobody is there to read a goodbye, or what is still to be sent."""
        if self._failure is None:
            self._failure = Closed(None, reason)
        self._phase = _Phase.OVER
        self._writable.set()
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.disconnect(graceful=False)

    async def _answers(self, within_s: float) -> bool:
        assert self._transport is not None
        try:
            async with asyncio.timeout(within_s):
                await self._transport.measure_roundtrip_time(1)
        except (OSError, WSError, TimeoutError):
            return False
        return True

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        connected = transport.underlying_transport.get_extra_info("socket")
        self.peer = transport.underlying_transport.get_extra_info("peername") or ()
        self._source = source_towards(self.peer) if self.peer else None
        if connected is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
        if connected is not None and self._purpose and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _NOT_SENT_BYTES)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._phase is _Phase.OVER:
            return
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._on_close(transport, frame)
        elif kind in (WSMsgType.BINARY, WSMsgType.CONTINUATION):
            data = self._assemble(frame)
            if data is not None:
                self._on_data(data)
        elif kind == WSMsgType.TEXT:
            self.close(Close.MALFORMED, "text is not part of the protocol")

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows' signature
        self._phase = _Phase.OVER
        self._writable.set()
        ended = self._failure or Closed(None, "the connection broke")
        if not self.proved.done():
            self.proved.set_exception(ended)
        if not self.closed.done():
            self.closed.set_result(ended)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _assemble(self, frame: WSFrame) -> bytes | None:
        """The whole message when its last fragment is here. Ends the connection when a bound is passed."""
        limit = MAX_UNAUTHENTICATED_BYTES if self._seal is None else MAX_SEALED_BYTES
        if (frame.msg_type == WSMsgType.CONTINUATION) != bool(self._parts):
            self.close(Close.MALFORMED, "fragments out of order")
            return None
        self._parts_size += frame.payload_size
        if self._parts_size > limit or len(self._parts) >= MAX_FRAGMENTS:
            self.close(Close.TOO_LARGE, "a message passed the protocol's bounds")
            return None
        self._parts.append(frame.get_payload_as_bytes())
        if not frame.fin:
            return None
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._parts_size = 0
        return data

    def _on_data(self, data: bytes) -> None:
        try:
            if self._seal is not None:
                self._on_message(self._seal.open(data))
            elif self._phase is _Phase.CHALLENGE:
                self._answer_challenge(data)
            else:
                self._check_proof(data)
        except BrokenSeal:
            _log.warning("a message was changed, left out or put in on the way from the server")
            self.close(Close.BROKEN_SEAL, "that is not the next sealed message")
        except codec.MalformedMessage:
            self.close(Close.MALFORMED, "a message could not be decoded")
        except HandshakeFailed as error:
            self.close(Close.UNAUTHENTICATED, str(error))

    def _on_message(self, data: bytes) -> None:
        try:
            message = codec.decode_from_server(data)
        except codec.MalformedMessage as error:
            if self._phase is _Phase.OPEN and isinstance(error, codec.UnknownMessage):
                self._user.passed_over(error.tag)
                return
            raise
        if self._phase is _Phase.OPEN:
            self._user.received(message)
        elif isinstance(message, Welcome):
            self._phase = _Phase.OPEN
            self._user.opened(self, message)
            if not self.proved.done():
                self.proved.set_result(None)
        else:
            self.close(Close.MALFORMED, "a message came before the welcome")

    def _answer_challenge(self, data: bytes) -> None:
        assert self._transport is not None
        challenge = codec.decode_from_server(data)
        if not isinstance(challenge, Challenge):
            self.close(Close.MALFORMED, "a message came before the server had proved itself")
            return
        self.server_offset = challenge.server_time - since_boot()
        identity = self._identity
        _, secret_key = crypto_sign_seed_keypair(bytes.fromhex(identity.private_key))
        server_key = bytes.fromhex(identity.server_public_key)
        self._handshake = AgentHandshake(secret_key, server_key, os.urandom(RANDOM_BYTES))
        claim = Authenticate(
            identity.agent_id_bytes,
            self._handshake.ephemeral,
            server_key,
            __version__,
            self._machine.os,
            self._machine.arch,
            self._purpose,
            capabilities.said_by("agent"),
            self._identity.newest_order_key,
            INSTANCE,
            self._machine.hostname,
            self._machine.machine_id,
        )
        self._phase = _Phase.PROOF
        self._transport.send(WSMsgType.BINARY, self._handshake.authenticate(data, codec.encode(claim)))

    def _check_proof(self, data: bytes) -> None:
        assert self._handshake is not None
        self._seal = self._handshake.finish(data)
        self._handshake = None  # and with it the ephemeral key
        self._phase = _Phase.WELCOME

    def _on_close(self, transport: WSTransport, frame: WSFrame) -> None:
        code = int(frame.get_close_code())  # type: ignore[call-overload]
        reason = (frame.get_close_message() or b"").decode("utf-8", "replace")
        self._failure = Closed(code or None, reason or "the server closed the connection")
        self._phase = _Phase.OVER
        self._writable.set()
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()


def _readable(message: Message) -> Message:
    return msgspec.convert(printable_in(msgspec.to_builtins(message, builtin_types=(bytes,))), type(message))


async def connect(
    gateway: str,
    identity: Identity,
    machine: Machine,
    user: LinkUser,
    route: Route,
    *,
    purpose: str = "",
) -> ServerLink:
    """Open the socket and prove both sides. Raises `Closed` for everything that goes wrong on the way.

    `purpose` is empty for the agent's own connection; see `Authenticate`.
    """
    if refusal := refusal_of(identity.server, gateway):
        raise Closed(None, refusal)
    link = ServerLink(identity, machine, user, purpose)
    try:
        url = socket_url(gateway)
        context = tls_context(route.ca_file) if url.startswith("wss:") else None
        proxy = route.proxy_for(url)
        async with asyncio.timeout(CONNECT_S):
            await ws_connect(
                lambda: link,
                url,
                ssl_context=context,
                websocket_handshake_timeout=AUTHENTICATION_SECONDS,
                enable_auto_ping=True,
                auto_ping_idle_timeout=_PING_AFTER_IDLE_S,
                auto_ping_reply_timeout=_PING_ANSWER_S,
                auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
                max_frame_size=MAX_SEALED_BYTES,
                max_redirects=0,
                read_buffer_init_size=4096,
                use_aiofastnet=False,
                socket_factory=None if proxy is None else lambda at: open_tunnel(proxy, at.host, int(at.port)),
            )
            await link.proved
            return link
    except (OSError, WSError, ValueError, TimeoutError) as error:
        link.close(1000, "giving up")
        raise Closed(_refused_with(error), f"{gateway} cannot be reached: {error or type(error).__name__}") from error
    finally:
        if link.proved.done() and not link.proved.cancelled():
            link.proved.exception()  # retrieved here also when the time limit ended the wait


def _refused_with(error: Exception) -> int | None:
    """Returns the close code that a refused upgrade amounts to; None where nobody was there to refuse."""
    if isinstance(error, WSInvalidStatusError) and error.response is not None:
        return None if int(error.response.status) in _NOBODY_BEHIND else Close.UNAVAILABLE
    return None


def socket_url(gateway: str) -> str:
    """The gateway's address with the protocol's path when it names none. Raises `ValueError` for another scheme."""
    parts = urlsplit(gateway)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(f"{gateway!r} is not a ws:// or wss:// address")
    return gateway if parts.path not in ("", "/") else gateway.rstrip("/") + SOCKET_PATH
