"""The ends of a terminal, scripted: an agent that speaks the wire on the bus, and a browser that counts bytes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from gururmm_server.core.events import traffic
from gururmm_server.core.tunnel.browser_end import BrowserEnd, BrowserGone
from gururmm_server.core.tunnel.relay import TunnelRelay
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus, Subscription
from gururmm_wire.codec import decode_from_server, encode
from gururmm_wire.orders import read
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_WINDOW_BYTES
from gururmm_wire.v2.server import (
    Order,
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
    TunnelResize,
    TunnelResume,
)


async def eventually(what: Callable[[], Any], within_s: float = 5) -> Any:
    """The first true value of `what`, waiting for it."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within_s
    while not (value := what()):
        assert loop.time() < give_up, f"not within {within_s} s"
        await asyncio.sleep(0.01)
    return value


class ScriptedAgent:
    """An agent and its gateway on the bus: one terminal whose program echoes, with offsets of its own."""

    def __init__(self, bus: Bus, tenant_id: UUID, agent_id: UUID) -> None:
        self.bus = bus
        self.tenant_id = tenant_id
        self.agent_id = agent_id
        self.gateway_id = f"gw-{new_id().hex[:8]}"
        self.session: bytes | None = None
        self.input = bytearray()
        self.output = bytearray()
        self.sent = 0
        self.acknowledged = 0
        self.most_ahead = 0
        self.sizes: list[tuple[int, int]] = []
        self.opens: list[TunnelOpen] = []
        self.resumes: list[int] = []
        self.input_messages: list[tuple[int, int]] = []
        self.hung_up = 0
        self.closed: TunnelClosed | None = None
        self.echo = True
        self.takes_input = True
        self.lose_to_agent: Callable[[Any], bool] = lambda message: False
        self.lose_to_server: Callable[[Any], bool] = lambda message: False
        self._subscription: Subscription | None = None

    async def connect(self, gateway_id: str | None = None) -> None:
        """Come up at a gateway."""
        if self._subscription is not None:
            await self._subscription.stop()
        self.gateway_id = gateway_id or self.gateway_id
        subject = traffic.gateway_deliver(self.gateway_id)
        self._subscription = await self.bus.subscribe(subject, self._on_deliver)

    async def announce(self) -> None:
        """Say on the bus that this agent was authenticated at its gateway."""
        where = traffic.AgentConnected(self.agent_id.bytes, self.tenant_id.bytes, self.gateway_id)
        await self.bus.publish(traffic.agent_connected(self.agent_id), traffic.encode(where))

    async def disconnect(self) -> None:
        """Its gateway is gone."""
        if self._subscription is not None:
            await self._subscription.stop()
            self._subscription = None

    async def print(self, data: bytes) -> None:
        """The program writes."""
        self.output += data
        await self._pump()

    async def exit(self, code: int) -> None:
        """The program ends."""
        assert self.session is not None
        self.closed = TunnelClosed(self.session, 1, code, "", len(self.output))
        await self._send(self.closed)

    async def say(self, message: Message, sender: UUID | None = None) -> None:
        """Publish any message of this session, under any agent's id."""
        session = UUID(bytes=message.session_id)  # type: ignore[attr-defined]
        await self.bus.publish(traffic.tunnel_up(session), (sender or self.agent_id).bytes + encode(message))

    async def _send(self, message: Message) -> None:
        if self._subscription is not None and not self.lose_to_server(message):
            await self.say(message)

    async def _on_deliver(self, _subject: str, payload: bytes) -> None:
        deliver = msgspec.msgpack.decode(payload, type=traffic.Deliver)
        assert deliver.agent_id == self.agent_id.bytes
        message = decode_from_server(deliver.message)
        if isinstance(message, Order):
            message = read(message)[1]
        if not self.lose_to_agent(message):
            await self._on_message(message)

    async def _on_message(self, message: Any) -> None:
        match message:
            case TunnelOpen():
                self.opens.append(message)
                self.session = message.session_id
                await self._send(TunnelOpened(message.session_id, 1, "/bin/echo"))
            case TunnelInput(offset=offset, data=data):
                await self._on_input(offset, data)
            case TunnelResize(columns=columns, rows=rows):
                self.sizes.append((columns, rows))
            case TunnelOutputAck(offset=offset):
                self.acknowledged = max(self.acknowledged, offset)
                await self._pump()
            case TunnelResume(offset=offset):
                self.resumes.append(offset)
                self.acknowledged = max(self.acknowledged, offset)
                assert self.session is not None
                self.sent = offset
                await self._pump()
                await self._send(TunnelInputAck(self.session, 1, len(self.input)))
                if self.closed is not None:
                    await self._send(self.closed)
            case TunnelClose():
                self.hung_up += 1

    async def _on_input(self, offset: int, data: bytes) -> None:
        self.input_messages.append((offset, len(data)))
        assert self.session is not None
        fresh = data[len(self.input) - offset :] if offset <= len(self.input) else b""
        if self.takes_input:
            self.input += fresh
            await self._send(TunnelInputAck(self.session, 1, len(self.input)))
            if self.echo and fresh:
                await self.print(fresh)

    async def _pump(self) -> None:
        assert self.session is not None
        while self.sent < min(len(self.output), self.acknowledged + TUNNEL_WINDOW_BYTES):
            data = bytes(self.output[self.sent : self.sent + CHUNK_BYTES])
            start, self.sent = self.sent, self.sent + len(data)
            self.most_ahead = max(self.most_ahead, self.sent - self.acknowledged)
            await self._send(TunnelOutput(self.session, 1, start, data))


class ScriptedBrowser:
    """A tab: keeps what it got, resends what is not acknowledged, as the dashboard does."""

    def __init__(self) -> None:
        self.output = bytearray()
        self.offset = 0
        self.start = 0
        self.typed = bytearray()
        self.acknowledged_input = 0
        self.controls: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.acknowledges = True
        self.reads = asyncio.Event()
        self.reads.set()
        self.relay: TunnelRelay | None = None
        self.end: BrowserEnd | None = None

    def serve(self, attached: tuple[TunnelRelay, BrowserEnd]) -> None:
        """This is where the tab is attached now."""
        self.close_code = None
        self.relay, self.end = attached

    def type(self, data: bytes) -> None:
        """Keystrokes."""
        assert self.relay is not None
        start = len(self.typed)
        self.typed += data
        for position in range(start, len(self.typed), CHUNK_BYTES):
            self.relay.input(position, bytes(self.typed[position : position + CHUNK_BYTES]))

    async def paste(self, data: bytes, window: int = 256 * 1024) -> None:
        """Much input, never more than the window beyond the last acknowledgement."""
        for position in range(0, len(data), CHUNK_BYTES):
            await eventually(lambda: len(self.typed) - self.acknowledged_input <= window - CHUNK_BYTES, 30)
            self.type(data[position : position + CHUNK_BYTES])

    def drop(self) -> tuple[TunnelRelay, BrowserEnd]:
        """The network is cut; the caller tells the relay (or kills it)."""
        assert self.relay is not None
        assert self.end is not None
        self.close_code = 1006
        return self.relay, self.end

    def control(self, kind: str) -> dict[str, Any] | None:
        """The newest control message of a kind."""
        return next((message for message in reversed(self.controls) if message["type"] == kind), None)

    async def send_bytes(self, data: bytes) -> None:
        await self._alive()
        offset, fresh = int.from_bytes(data[:8], "big"), data[8:]
        assert offset == self.offset, "output goes on where it stopped"
        self.output += fresh
        self.offset += len(fresh)
        if self.acknowledges and self.relay is not None and self.end is not None:
            await self.relay.shown(self.end, self.offset)

    async def send_text(self, text: str) -> None:
        await self._alive()
        message = json.loads(text)
        self.controls.append(message)
        if message["type"] == "attached":
            if message["output_offset"] > self.offset:
                self.output.clear()
            self.offset = self.start = message["output_offset"]
            self.acknowledged_input = max(self.acknowledged_input, message["input_offset"])
            asyncio.get_running_loop().call_soon(self._resend, message["input_offset"])
        elif message["type"] == "input_ack":
            self.acknowledged_input = max(self.acknowledged_input, message["offset"])

    async def close(self, code: int, reason: str) -> None:
        self.close_code = code

    def _resend(self, start: int) -> None:
        if self.relay is None:
            asyncio.get_running_loop().call_later(0.005, self._resend, start)
            return
        for position in range(start, len(self.typed), CHUNK_BYTES):
            self.relay.input(position, bytes(self.typed[position : position + CHUNK_BYTES]))

    async def _alive(self) -> None:
        await self.reads.wait()
        if self.close_code is not None:
            raise BrowserGone
