"""The server's end of a terminal, for tests of a real agent."""

import os
import re
from typing import Any, Final

from gururmm_wire.v2.agent import TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_INPUT_WINDOW_BYTES
from gururmm_wire.v2.server import TunnelInput, TunnelOpen, TunnelOutputAck

CREDIT: Final = 512 * 1024
"""So much output may come before it is acknowledged."""


class Screen:
    """The server's side of one channel: offsets in both directions, and everything that was shown."""

    def __init__(self, gateway: Any, channel: int = 0, session: bytes | None = None) -> None:
        self.gateway = gateway
        self.key = (session or os.urandom(16), channel)
        self.output = b""
        self.sent = 0
        self.taken = 0
        self.acknowledge = True

    async def open(self, shell: str = "sh", columns: int = 80, rows: int = 24, directory: str = "") -> TunnelOpened:
        parameters = {"columns": columns, "rows": rows, "shell": shell, "directory": directory}
        self.gateway.say(TunnelOpen(*self.key, "terminal", parameters, ["input"], CREDIT, None))
        return await self.gateway.wait_for(TunnelOpened, session_id=self.key[0], channel=self.key[1])

    def type(self, data: bytes) -> None:
        self.gateway.say(TunnelInput(*self.key, self.sent, data))
        self.sent += len(data)

    async def paste(self, data: bytes) -> None:
        """As much as the window allows at a time."""
        while data:
            room = await self.gateway.wait_until(self._room)
            piece = data[: min(CHUNK_BYTES, room)]
            self.type(piece)
            data = data[len(piece) :]

    def _room(self) -> int:
        self.pump()
        return TUNNEL_INPUT_WINDOW_BYTES - (self.sent - self.input_acked)

    @property
    def input_acked(self) -> int:
        return max(self._input_acks, default=0)

    @property
    def _input_acks(self) -> list[int]:
        return [m.offset for m in self.gateway.messages if isinstance(m, TunnelInputAck) and self.mine(m)]

    async def understood(self) -> None:
        """Wait until the agent has taken all that was said about the channel, and what it said before has come."""
        before = len(self._input_acks)
        self.gateway.say(TunnelInput(*self.key, self.sent + 1, b"?"))  # one byte too far: refused, and answered
        await self.gateway.wait_until(lambda: len(self._input_acks) > before)

    def mine(self, message: Any) -> bool:
        return (message.session_id, message.channel) == self.key

    def pump(self) -> bytes:
        """Take what arrived, in order, and acknowledge it. Offsets must leave no gap."""
        for message in self.gateway.messages[self.taken :]:
            if isinstance(message, TunnelOutput) and self.mine(message):
                assert message.offset <= len(self.output), "a gap in the output"
                fresh = message.data[len(self.output) - message.offset :]
                self.output += fresh
        self.taken = len(self.gateway.messages)
        if self.acknowledge:
            self.gateway.say(TunnelOutputAck(*self.key, len(self.output), len(self.output) + CREDIT))
        return self.output

    async def shows(self, text: bytes, timeout: float = 10) -> None:
        """Wait for text; bash's switching of bracketed paste is looked over."""
        await self.gateway.wait_until(lambda: text in re.sub(rb"\x1b\[\?2004[lh]\r?", b"", self.pump()), timeout)

    async def closed(self, timeout: float = 10) -> TunnelClosed:
        def told() -> TunnelClosed | None:
            self.pump()
            found = self.gateway.of(TunnelClosed, session_id=self.key[0], channel=self.key[1])
            return found[0] if found else None

        return await self.gateway.wait_until(told, timeout)
