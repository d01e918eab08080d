"""One agent's connection, from the upgraded socket to its end. No task and no timer of its own."""

import asyncio
import os
from enum import IntEnum
from time import monotonic, time
from typing import TYPE_CHECKING, Final, Protocol

from gururmm_wire.codec import encode
from gururmm_wire.sealing import BrokenSeal, Seal
from gururmm_wire.v2.limits import MAX_SEALED_BYTES, Close
from gururmm_wire.v2.server import Challenge

from gururmm_server.entrypoints.agent_gateway.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    FrameReader,
    FrameRefused,
    close_frame,
    frame,
)

if TYPE_CHECKING:
    from gururmm_server.core.presence.session import AgentSession
    from gururmm_server.entrypoints.agent_gateway.shares import Share

BUDGET_RATE: Final = 2000.0
"""Units a second that an agent may use for long: one a frame, one for each 4 KiB. Beyond it its socket is not read."""
BUDGET_BURST: Final = 6000.0
TUNNEL_BUDGET_RATE: Final = 40_000.0
"""The same for a connection that carries the bytes of channels: about 130 MB/s, which credit keeps it far below."""
SEND_BYTES: Final = 8 * 1024 * 1024
"""What may wait for a slow agent in our memory; then it is disconnected."""

NONCE_BYTES: Final = 32

# Every connection of the process reads into this; its bytes are consumed before the next read.
_SHARED: Final = memoryview(bytearray(256 * 1024))
# What is read at once of an agent's own connection: tiny messages in it keep the others waiting for some 20 ms.
_SHORT: Final = _SHARED[: 64 * 1024]


class Phase(IntEnum):
    """Where a connection stands."""

    CHALLENGED = 0
    CHECKING = 1
    WELCOMED = 2
    CLOSED = 3


class Owner(Protocol):
    """Who answers for the sockets."""

    def opened(self, socket: "AgentSocket") -> None:
        """Hear that a socket waits for its agent to prove itself."""

    def proof(self, socket: "AgentSocket", data: bytes) -> None:
        """Hear the first frame."""

    def message(self, socket: "AgentSocket", data: bytes) -> None:
        """Hear a message of an authenticated agent."""

    def throttled(self, socket: "AgentSocket") -> None:
        """Hear that reading is paused until `unthrottle` says otherwise."""

    def closing(self, socket: "AgentSocket", code: int, reason: str) -> None:
        """Hear that we are closing a socket; `abort` it when that takes too long."""

    def lost(self, socket: "AgentSocket") -> None:
        """Hear that the connection is gone."""


class AgentSocket(asyncio.BufferedProtocol):
    """Takes over from the HTTP upgrade. `session` is set once the agent has proved who it is."""

    __slots__ = (
        "_budget",
        "_budget_at",
        "_owner",
        "_reader",
        "_seal",
        "_tcp",
        "address",
        "challenge",
        "clean",
        "code",
        "last_frame",
        "last_ping",
        "phase",
        "session",
        "share",
        "tunnel",
        "watched_until",
        "write_paused_at",
    )

    def __init__(self, owner: Owner, tcp: asyncio.Transport, address: str) -> None:
        now = monotonic()
        self._owner = owner
        self._tcp = tcp
        self.address = address
        """Where the agent is, as far as proxies that are trusted say it."""
        self._reader = FrameReader()
        self._budget = BUDGET_BURST
        self._budget_at = now
        self.phase = Phase.CHALLENGED
        self.challenge = b""
        """What the agent's proof has to answer, as it was sent; empty once that is settled."""
        self._seal: Seal | None = None
        self.session: AgentSession | None = None
        self.share: Share | None = None
        """What its Partner's machines may say together; from the welcome on."""
        self.last_frame = now
        self.last_ping = now
        self.write_paused_at = 0.0
        self.watched_until = 0.0
        self.tunnel = False
        """It carries the bytes of the agent's channels, and nothing else."""
        self.clean = False
        """The agent said that it leaves: sealed, which a close frame is not."""
        self.code = 0
        """The close code that either side sent; 0 while open or when the connection just broke."""

    def start(self, data: bytes = b"") -> None:
        """Send the challenge, and take what came before it already."""
        self._owner.opened(self)
        self.challenge = encode(Challenge(nonce=os.urandom(NONCE_BYTES), server_time=int(time())))
        self._tcp.write(frame(self.challenge))
        if data:
            self._received(memoryview(data))

    def welcome(self, session: "AgentSession", proof: bytes, seal: Seal, message: bytes) -> None:
        """Send our signed proof to an agent that is who it says; from now on everything is sealed both ways."""
        self.session = session
        self.phase = Phase.WELCOMED
        self.challenge = b""
        self._seal = seal
        self._reader.limit = MAX_SEALED_BYTES
        self._tcp.write(frame(proof) + frame(seal.seal(message)))

    def send(self, message: bytes) -> None:
        """Seal and send one message; nothing unless the agent is welcome and the connection is not closing."""
        if self.phase is Phase.WELCOMED and self._seal is not None:
            self._tcp.write(frame(self._seal.seal(message)))
            if self.write_paused_at and self._tcp.get_write_buffer_size() > SEND_BYTES:
                self.close(Close.TOO_SLOW, "does not read what it is sent")

    def ping(self, now: float) -> None:
        """Ask for a sign of life."""
        self.last_ping = now
        if self.phase is not Phase.CLOSED:
            self._tcp.write(frame(b"", PING))

    def close(self, code: int, reason: str = "") -> None:
        """Say why and close. Does nothing the second time."""
        if self.phase is Phase.CLOSED:
            return
        self.phase = Phase.CLOSED
        self.code = code
        self._tcp.write(close_frame(code, reason))
        self._tcp.close()
        self._owner.closing(self, code, reason)

    def abort(self) -> None:
        """Cut the connection without another word."""
        self._tcp.abort()

    def charge(self, units: float) -> None:
        """Count work against the agent's budget; reading pauses when it is used up."""
        self._budget -= units
        if self._budget <= 0 and not self._refill(monotonic()):
            self._pause()

    def _pause(self) -> None:
        if self.phase is not Phase.CLOSED:
            self._tcp.pause_reading()
            self._owner.throttled(self)

    def unthrottle(self, now: float) -> bool:
        """Read again if its budget and its Partner's allow. Returns whether they do."""
        if self.phase is Phase.CLOSED:
            return True
        if self._refill(now) and (self.share is None or self.share.resumes(now)):
            self._tcp.resume_reading()
            self.last_frame = now
            return True
        return False

    def _refill(self, now: float) -> bool:
        rate = TUNNEL_BUDGET_RATE if self.tunnel else BUDGET_RATE
        self._budget = min(max(BUDGET_BURST, rate / 4), self._budget + (now - self._budget_at) * rate)
        self._budget_at = now
        return self._budget > 0

    # What the transport calls.

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        return _SHARED if self.tunnel else _SHORT

    def buffer_updated(self, nbytes: int) -> None:
        self._received(_SHARED[:nbytes])

    def _received(self, data: memoryview) -> None:
        if self.phase is Phase.CLOSED:
            return
        self.last_frame = monotonic()
        try:
            messages = self._reader.feed(data)
        except FrameRefused as refused:
            self.close(refused.code, refused.reason)
            return
        for opcode, payload in messages:
            self._take(opcode, payload)
        units = len(messages) + len(data) / 4096
        self.charge(units)
        if self.share is not None and not self.share.spend(units):
            self._pause()

    def pause_writing(self) -> None:
        self.write_paused_at = monotonic()

    def resume_writing(self) -> None:
        self.write_paused_at = 0.0

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.phase = Phase.CLOSED
        self._owner.lost(self)

    def _take(self, opcode: int, payload: bytes) -> None:
        if self.phase is Phase.CLOSED:
            return
        if opcode == BINARY:
            if self._seal is not None:
                self._open(self._seal, payload)
            elif self.phase is Phase.CHALLENGED:
                self.phase = Phase.CHECKING
                self._owner.proof(self, payload)
            else:
                self.close(Close.UNAUTHENTICATED, "wait for the welcome")
        elif opcode == PING:
            self._tcp.write(frame(payload, PONG))
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1000
            self.close(code if code in {1000, 1001} or 3000 <= code < 5000 else 1000)

    def _open(self, seal: Seal, payload: bytes) -> None:
        try:
            message = seal.open(payload)
        except BrokenSeal:
            self.close(Close.BROKEN_SEAL, "that is not the next sealed message")
        else:
            self._owner.message(self, message)
