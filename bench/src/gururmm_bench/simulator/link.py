"""One simulated machine's socket: both sides prove their keys, then sealed messages go up and down."""

import asyncio
import os
import socket
import ssl
from typing import Any, Final, Protocol

from gururmm_wire import capabilities, codec
from gururmm_wire.handshake import RANDOM_BYTES, AgentHandshake, HandshakeFailed
from gururmm_wire.protocol import SOCKET_PATH
from gururmm_wire.sealing import BrokenSeal, Seal
from gururmm_wire.v2.agent import Authenticate, Message
from gururmm_wire.v2.limits import AUTHENTICATION_SECONDS, MAX_SEALED_BYTES, Close
from gururmm_wire.v2.server import ServerMessage, Welcome
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

_UNACKNOWLEDGED_MS: Final = 45_000
_ABNORMAL: Final = 1006


class Owner(Protocol):
    """The machine behind a socket."""

    @property
    def agent_id(self) -> bytes:
        """16 bytes."""

    @property
    def secret(self) -> bytes:
        """64 bytes: seed and public half."""

    @property
    def server_key(self) -> bytes:
        """The server's public key that was pinned at enrolment."""

    @property
    def presentation(self) -> tuple[str, str, str]:
        """Agent version, os and arch."""

    def on_welcome(self, link: "Link", welcome: Welcome) -> None:
        """The server has proved itself."""

    def on_message(self, message: ServerMessage) -> None:
        """Anything the server says afterwards."""

    def on_closed(self, link: "Link", code: int, reason: str) -> None:
        """The socket is over, welcomed or not. Said once."""


class Link(WSListener):  # type: ignore[misc,unused-ignore]
    """A connection of one machine. It reports to its owner and keeps no state beyond the handshake."""

    __slots__ = ("_code", "_handshake", "_owner", "_parts", "_reason", "_seal", "_transport", "welcomed")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._transport: WSTransport | None = None
        self._handshake: AgentHandshake | None = None
        self._seal: Seal | None = None
        self._parts: list[bytes] | None = None
        self._code = _ABNORMAL
        self._reason = ""
        self.welcomed = False

    def send(self, message: Message) -> None:
        """Send at once; nothing happens before `Welcome` and after the end."""
        if self.welcomed and self._transport is not None and self._seal is not None:
            self._transport.send(WSMsgType.BINARY, self._seal.seal(codec.encode(message)))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection politely."""
        self.welcomed = False
        self._code, self._reason = code, reason
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(code, reason.encode())  # type: ignore[arg-type]
            self._transport.disconnect()

    def cut(self) -> None:
        """End the connection as a crash does."""
        self.welcomed = False
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def expect_welcome(self) -> None:
        """End the connection unless the server has proved itself by now."""
        if not self.welcomed and self._transport is not None:
            self.close(Close.AUTHENTICATION_TIMEOUT, "the server did not prove itself in time")

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        connected = transport.underlying_transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._code = int(frame.get_close_code())  # type: ignore[call-overload]
            self._reason = (frame.get_close_message() or b"").decode("utf-8", "replace")
            self.welcomed = False
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif kind in (WSMsgType.BINARY, WSMsgType.CONTINUATION):
            data = self._assemble(frame)
            if data is not None:
                self._on_data(data)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002
        self.welcomed = False
        self._transport = None
        self._owner.on_closed(self, self._code, self._reason)

    def _assemble(self, frame: WSFrame) -> bytes | None:
        data = frame.get_payload_as_bytes()
        if frame.fin and self._parts is None:
            return data
        self._parts = [*(self._parts or []), data]
        if sum(map(len, self._parts)) > MAX_SEALED_BYTES:
            self.close(Close.TOO_LARGE, "a message passed the protocol's bounds")
            return None
        if not frame.fin:
            return None
        whole, self._parts = b"".join(self._parts), None
        return whole

    def _on_data(self, data: bytes) -> None:
        try:
            if self._seal is not None:
                self._on_message(codec.decode_from_server(self._seal.open(data)))
            elif self._handshake is None:
                self._prove(data)
            else:
                self._seal, self._handshake = self._handshake.finish(data), None
        except codec.UnknownMessage:
            if not self.welcomed:
                self.close(Close.MALFORMED, "a message came before the welcome")
        except codec.MalformedMessage:
            self.close(Close.MALFORMED, "a message could not be decoded")
        except HandshakeFailed as error:
            self.close(Close.UNAUTHENTICATED, str(error))
        except BrokenSeal:
            self.close(Close.BROKEN_SEAL, "that is not the next sealed message")

    def _on_message(self, message: ServerMessage) -> None:
        if self.welcomed:
            self._owner.on_message(message)
        elif isinstance(message, Welcome):
            self.welcomed = True
            self._owner.on_welcome(self, message)
        else:
            self.close(Close.MALFORMED, "a message came before the welcome")

    def _prove(self, challenge: bytes) -> None:
        assert self._transport is not None
        owner = self._owner
        handshake = AgentHandshake(owner.secret, owner.server_key, os.urandom(RANDOM_BYTES))
        can = capabilities.said_by("agent")
        claim = Authenticate(owner.agent_id, handshake.ephemeral, owner.server_key, *owner.presentation, "", can)
        self._handshake = handshake
        self._transport.send(WSMsgType.BINARY, handshake.authenticate(challenge, codec.encode(claim)))


async def open_link(gateway: str, owner: Owner, source: str | None, tls: ssl.SSLContext | None = None) -> Link:
    """Open the socket; the handshake goes on by itself. Raises `OSError`, `WSError` or `TimeoutError`."""
    link = Link(owner)
    address: dict[str, Any] = {"local_addr": (source, 0)} if source else {}
    async with asyncio.timeout(AUTHENTICATION_SECONDS * 2):
        await ws_connect(
            lambda: link,
            gateway if gateway.endswith(SOCKET_PATH) else gateway.rstrip("/") + SOCKET_PATH,
            websocket_handshake_timeout=AUTHENTICATION_SECONDS * 2,
            max_frame_size=MAX_SEALED_BYTES,
            max_redirects=0,
            read_buffer_init_size=1024,
            use_aiofastnet=False,
            ssl_context=tls if gateway.startswith("wss:") else None,
            **address,
        )
    asyncio.get_running_loop().call_later(AUTHENTICATION_SECONDS, link.expect_welcome)
    return link
