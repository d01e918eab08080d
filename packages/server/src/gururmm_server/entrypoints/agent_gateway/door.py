"""The gateway's door: an HTTP upgrade to a WebSocket, and no more of HTTP. It comes whole and soon, or not at all."""

import asyncio
import base64
import binascii
import hashlib
from http import HTTPStatus
from typing import Final, Protocol, cast

from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket

HEAD_S: Final = 10.0
"""From the first moment of a connection to the end of its request."""
HEAD_BYTES: Final = 8192
_END: Final = b"\r\n\r\n"
_KEY_BYTES: Final = 16
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# Every connection of the process reads its request into this; its bytes are consumed before the next read.
_SHARED: Final = memoryview(bytearray(HEAD_BYTES))


class Refused(Exception):
    """Answered with this status; `retry_after_s` says when to come back."""

    def __init__(self, status: HTTPStatus, *, retry_after_s: int = 0) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.retry_after_s = retry_after_s


class Owner(Protocol):
    """Who answers for the door."""

    def came(self, door: "Door") -> None:
        """Hear of a connection that has said nothing yet."""

    def gone(self, door: "Door") -> None:
        """Hear that a connection went before it was through, or that it is through."""

    def admit(self, door: "Door", path: str, forwarded: list[str]) -> AgentSocket:
        """Returns what takes the connection over. `forwarded` are the hops of X-Forwarded-For. Raises `Refused`."""
        ...


class Door(asyncio.BufferedProtocol):
    """One connection, until it is upgraded or refused."""

    __slots__ = ("_head", "_owner", "_timer", "tcp")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._head = b""
        self._timer: asyncio.TimerHandle | None = None
        self.tcp: asyncio.Transport

    @property
    def peer(self) -> str:
        """Returns the address at the other end of the connection itself."""
        peer = self.tcp.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else ""

    def abort(self) -> None:
        """Cut the connection."""
        self.tcp.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.tcp = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._timer = asyncio.get_running_loop().call_later(HEAD_S, self.abort)
        self._owner.came(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._leave()

    def eof_received(self) -> bool:
        return False

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        return _SHARED

    def buffer_updated(self, nbytes: int) -> None:
        if self.tcp.is_closing():
            return
        self._head += _SHARED[:nbytes]
        head, end, rest = self._head.partition(_END)
        try:
            if end:
                self._upgrade(head, rest)
            elif len(self._head) >= HEAD_BYTES:
                raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except Refused as refused:
            self._refuse(refused)

    def _upgrade(self, head: bytes, rest: bytes) -> None:
        path, headers = _read(head)
        accept = _accept(headers)
        forwarded = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        socket = self._owner.admit(self, path, forwarded)
        self._leave()
        self.tcp.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: " + accept + _END
        )
        self.tcp.set_protocol(socket)
        socket.start(rest)

    def _refuse(self, refused: Refused) -> None:
        self._leave()
        wait = f"Retry-After: {refused.retry_after_s}\r\n" if refused.retry_after_s else ""
        status = f"HTTP/1.1 {refused.status.value} {refused.status.phrase}\r\n"
        self.tcp.write(f"{status}Connection: close\r\nContent-Length: 0\r\n{wait}\r\n".encode())
        self.tcp.close()

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._owner.gone(self)


def _read(head: bytes) -> tuple[str, dict[str, str]]:
    """Returns the path and the headers, those that come more than once joined. Raises `Refused`."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    path, _, version = rest.partition(" ")
    if version != "HTTP/1.1" or not path.startswith("/"):
        raise Refused(HTTPStatus.BAD_REQUEST)
    if method != "GET":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Refused(HTTPStatus.BAD_REQUEST)
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return path, headers


def _accept(headers: dict[str, str]) -> bytes:
    """Returns what proves that the request was understood (RFC 6455, 4.2.2). Raises `Refused`."""
    tokens = {token.strip().lower() for token in headers.get("connection", "").split(",")}
    if "upgrade" not in tokens or headers.get("upgrade", "").lower() != "websocket":
        raise Refused(HTTPStatus.UPGRADE_REQUIRED)
    key = headers.get("sec-websocket-key", "").encode("latin-1")
    try:
        fits = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        fits = False
    if not fits or headers.get("sec-websocket-version") != "13":
        raise Refused(HTTPStatus.BAD_REQUEST)
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
