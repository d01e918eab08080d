"""The ends of a tech session, scripted: an agent that speaks the wire on the bus, and a browser that counts bytes."""

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from gururmm_server.core.post import traffic
from gururmm_server.core.tunnel.browser_end import BrowserEnd, BrowserGone
from gururmm_server.core.tunnel.relay import SessionRelay
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus, Subscription
from gururmm_wire.channel_seal import CHANGE, INPUT, OUTPUT, RANDOM_BYTES, ChannelSeal, accept
from gururmm_wire.codec import decode_from_server, encode
from gururmm_wire.orders import read
from gururmm_wire.sealing import BrokenSeal
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.limits import CHUNK_BYTES
from gururmm_wire.v2.server import (
    Order,
    TunnelChange,
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
    TunnelRekey,
    TunnelResume,
)
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from packages.server.tests.waiting import until


class Shell:
    """A channel whose program echoes, with offsets of its own."""

    def __init__(self, number: int, send: Callable[[Message], Any], secret: bytes) -> None:
        """`secret` is the machine's lasting key."""
        self.number = number
        self.session: bytes | None = None
        self.input = bytearray()
        self.output = bytearray()
        self.sent = 0
        self.acknowledged = 0
        self.credit = 0
        self.most_ahead = 0
        self.rekeys = 0
        self.sizes: list[tuple[int, int]] = []
        self.opens: list[TunnelOpen] = []
        self.resumes: list[int] = []
        self.input_messages: list[tuple[int, int]] = []
        self.hung_up = 0
        self.closed: TunnelClosed | None = None
        self.echo = True
        self.takes_input = True
        self.secret = secret
        self.seal: ChannelSeal | None = None
        self._answer: tuple[bytes | None, bytes | None] = (None, None)
        self._offered: bytes | None = None
        self._send_message = send

    async def print(self, data: bytes) -> None:
        """The program writes."""
        self.output += data
        await self._pump()

    async def exit(self, code: int) -> None:
        """The program ends."""
        assert self.session is not None
        closed = TunnelClosed(self.session, self.number, code, "", len(self.output))
        assert self.seal is not None
        self.closed = msgspec.structs.replace(closed, proof=self.seal.vouch(closed))
        await self._send_message(self.closed)

    async def on_message(self, message: Any) -> None:
        """What the server says about this channel."""
        match message:
            case TunnelOpen():
                self.opens.append(message)
                self.session = message.session_id
                self.credit = max(self.credit, message.credit)
                await self._agree(message.half)
            case TunnelRekey():
                self.rekeys += 1
                await self._agree(message.half)
            case TunnelInput(offset=offset, data=data):
                with suppress(BrokenSeal):
                    await self.on_input(offset, self.seal.open(INPUT, offset, data))
            case TunnelChange(number=number, sealed=sealed):
                with suppress(BrokenSeal):
                    parameters = msgspec.msgpack.decode(self.seal.open(CHANGE, number, sealed))
                    self.sizes.append((parameters["columns"], parameters["rows"]))
            case TunnelOutputAck(offset=offset, credit=credit):
                self.acknowledged, self.credit = max(self.acknowledged, offset), max(self.credit, credit)
                await self._pump()
            case TunnelResume(offset=offset, credit=credit):
                self.resumes.append(offset)
                self.acknowledged, self.credit = max(self.acknowledged, offset), max(self.credit, credit)
                assert self.session is not None
                self.sent = offset
                await self._pump()
                await self._send_message(TunnelInputAck(self.session, self.number, len(self.input)))
                if self.closed is not None:
                    await self._send_message(self.closed)
            case TunnelClose():
                self.hung_up += 1

    async def _agree(self, offered: bytes | None) -> None:
        """Answer with a half of its own, and with the same one to the same offer."""
        assert self.session is not None
        if offered is not None and offered != self._offered:
            self._offered = offered
            half, signature, self.seal = accept(
                self.session, self.number, offered, random=os.urandom(RANDOM_BYTES), sign=self._sign
            )
            self._answer = (half, signature)
            if self.closed is not None:
                bare = msgspec.structs.replace(self.closed, proof=b"")
                self.closed = msgspec.structs.replace(bare, proof=self.seal.vouch(bare))
        await self._send_message(TunnelOpened(self.session, self.number, *self._answer, "/bin/echo"))

    def _sign(self, signed: bytes) -> bytes:
        return crypto_sign(signed, self.secret)[:64]

    def sealed(self, message: Message) -> Message | None:
        """What goes over the wire; None for what a channel without a key does not say."""
        if not isinstance(message, TunnelOutput):
            return message
        if self.seal is None:
            return None
        return msgspec.structs.replace(message, data=self.seal.seal(OUTPUT, message.offset, message.data))

    async def on_input(self, offset: int, data: bytes) -> None:
        """The program gets input."""
        self.input_messages.append((offset, len(data)))
        assert self.session is not None
        fresh = data[len(self.input) - offset :] if offset <= len(self.input) else b""
        if self.takes_input:
            self.input += fresh
            await self._send_message(TunnelInputAck(self.session, self.number, len(self.input)))
            if self.echo and fresh:
                await self.print(fresh)

    async def _pump(self) -> None:
        assert self.session is not None
        while self.sent < min(len(self.output), self.credit):
            data = bytes(self.output[self.sent : self.sent + CHUNK_BYTES])
            start, self.sent = self.sent, self.sent + len(data)
            self.most_ahead = max(self.most_ahead, self.sent - self.acknowledged)
            await self._send_message(TunnelOutput(self.session, self.number, start, data))


class ScriptedAgent(Shell):
    """An agent and its gateway on the bus. It is its own channel 1; others are in `shells`."""

    def __init__(self, bus: Bus, tenant_id: UUID, agent_id: UUID) -> None:
        super().__init__(1, self._send, crypto_sign_seed_keypair(agent_id.bytes * 2)[1])
        self.bus = bus
        self.tenant_id = tenant_id
        self.agent_id = agent_id
        self.gateway_id = f"gw-{new_id().hex[:8]}"
        self.shells: dict[int, Shell] = {1: self}
        self.lost = False
        """The agent was started anew and knows no channel."""
        self.lose_to_agent: Callable[[Any], bool] = lambda message: False
        self.lose_to_server: Callable[[Any], bool] = lambda message: False
        self._subscription: Subscription | None = None

    async def connect(self, gateway_id: str | None = None) -> None:
        """Come up at a gateway."""
        if self._subscription is not None:
            await self._subscription.stop()
        self.gateway_id = gateway_id or self.gateway_id
        self._subscription = await self.bus.subscribe(traffic.gateway_all(self.gateway_id), self._on_deliver)

    async def announce(self) -> None:
        """Say on the bus that this agent was authenticated at its gateway."""
        where = traffic.AgentConnected(self.agent_id.bytes, self.tenant_id.bytes, self.gateway_id)
        await self.bus.publish(traffic.agent_connected(self.agent_id), traffic.encode(where))

    async def disconnect(self) -> None:
        """Its gateway is gone."""
        if self._subscription is not None:
            await self._subscription.stop()
            self._subscription = None

    async def say(self, message: Message, sender: UUID | None = None) -> None:
        """Publish any message of this session, under any agent's id."""
        session = UUID(bytes=message.session_id)  # type: ignore[attr-defined]
        shell = self.shells.get(message.channel)  # type: ignore[attr-defined]
        said = shell.sealed(message) if shell is not None and sender is None else message
        if said is not None:
            await self._publish(session, said, sender or self.agent_id)

    async def say_as_it_is(self, message: Message) -> None:
        """Publish what a gateway could have made up."""
        await self._publish(UUID(bytes=message.session_id), message, self.agent_id)  # type: ignore[attr-defined]

    async def _publish(self, session: UUID, said: Message, sender: UUID) -> None:
        by = traffic.from_gateway(self.gateway_id)
        await self.bus.publish(traffic.tunnel_up(session), sender.bytes + by + traffic.sized(encode(said)))

    async def _send(self, message: Message) -> None:
        if self._subscription is not None and not self.lose_to_server(message):
            await self.say(message)

    async def _on_deliver(self, subject: str, payload: bytes) -> None:
        if subject.endswith(".kick"):
            return
        deliver = msgspec.msgpack.decode(payload, type=traffic.Deliver)
        assert deliver.agent_id == self.agent_id.bytes
        message = decode_from_server(deliver.message)
        if isinstance(message, Order):
            message = read(message)[1]
        assert not isinstance(message, Order)
        if self.lose_to_agent(message):
            return
        number = message.channel  # type: ignore[union-attr]
        if self.lost and not isinstance(message, TunnelOpen):
            await self._send(TunnelClosed(message.session_id, number, None, "this channel is gone"))  # type: ignore[union-attr]
            return
        if number is None:
            for shell in self.shells.values():
                await shell.on_message(message)
            return
        if number not in self.shells:
            self.shells[number] = Shell(number, self._send, self.secret)
        await self.shells[number].on_message(message)


class Screen:
    """A channel in a tab: keeps what it got, resends what is not acknowledged, as the dashboard does."""

    def __init__(self, number: int, browser: "ScriptedBrowser") -> None:
        self.number = number
        self.browser = browser
        self.output = bytearray()
        self.offset = 0
        self.start = 0
        self.typed = bytearray()
        self.acknowledged_input = 0
        self.acknowledges = True

    def type(self, data: bytes) -> None:
        """Keystrokes."""
        start = len(self.typed)
        self.typed += data
        self._send_from(start)

    async def paste(self, data: bytes, window: int = 256 * 1024) -> None:
        """Much input, never more than the window beyond the last acknowledgement."""
        for position in range(0, len(data), CHUNK_BYTES):
            await until(lambda: len(self.typed) - self.acknowledged_input <= window - CHUNK_BYTES, 30)
            self.type(data[position : position + CHUNK_BYTES])

    async def draw(self) -> None:
        """Acknowledge everything that came."""
        relay, end = self.browser.attached
        await relay.channel(self.number).shown(end, self.offset)

    async def take(self, offset: int, fresh: bytes) -> None:
        """Output arrives."""
        assert offset == self.offset, "output goes on where it stopped"
        self.output += fresh
        self.offset += len(fresh)
        if self.acknowledges and self.browser.relay is not None:
            await self.draw()

    def on_attached(self, input_offset: int, output_offset: int) -> None:
        """The server says where both streams go on."""
        if output_offset > self.offset:
            self.output.clear()
        self.offset = self.start = output_offset
        self.acknowledged_input = max(self.acknowledged_input, input_offset)
        asyncio.get_running_loop().call_soon(self._send_from, input_offset)

    def _send_from(self, start: int) -> None:
        for position in range(start, len(self.typed), CHUNK_BYTES):
            relay, _ = self.browser.attached
            relay.channel(self.number).input(position, bytes(self.typed[position : position + CHUNK_BYTES]))


class ScriptedBrowser(Screen):
    """A tab. It is its own screen of channel 1; others are in `screens`."""

    def __init__(self) -> None:
        super().__init__(1, self)
        self.screens: dict[int, Screen] = {1: self}
        self.controls: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.reads = asyncio.Event()
        self.reads.set()
        self.relay: SessionRelay | None = None
        self.end: BrowserEnd | None = None

    @property
    def attached(self) -> tuple[SessionRelay, BrowserEnd]:
        """Where the tab is attached."""
        assert self.relay is not None
        assert self.end is not None
        return self.relay, self.end

    async def serve(self, attached: tuple[SessionRelay, BrowserEnd], size: tuple[int, int] = (80, 24)) -> None:
        """Attach every screen here."""
        self.close_code = None
        self.relay, self.end = attached
        for number in self.screens:
            await self.show(number, size)

    async def show(self, number: int, size: tuple[int, int] = (80, 24)) -> Screen:
        """Attach one screen."""
        relay, end = self.attached
        screen = self.screens.setdefault(number, self if number == 1 else Screen(number, self))
        change = {"columns": size[0], "rows": size[1]}
        await relay.attach_channel(end, number, screen.offset, change)
        return screen

    def drop(self) -> tuple[SessionRelay, BrowserEnd]:
        """The network is cut; the caller tells the relay (or kills it)."""
        self.close_code = 1006
        return self.attached

    def control(self, kind: str) -> dict[str, Any] | None:
        """The newest control message of a kind."""
        return next((message for message in reversed(self.controls) if message["type"] == kind), None)

    async def send_bytes(self, data: bytes) -> None:
        await self._alive()
        await self.screens[data[0]].take(int.from_bytes(data[1:9], "big"), data[9:])

    async def send_text(self, text: str) -> None:
        await self._alive()
        message = json.loads(text)
        self.controls.append(message)
        if message["type"] == "attached":
            self.screens[message["channel"]].on_attached(message["input_offset"], message["output_offset"])
        elif message["type"] == "input_ack":
            screen = self.screens[message["channel"]]
            screen.acknowledged_input = max(screen.acknowledged_input, message["offset"])

    async def close(self, code: int, reason: str) -> None:
        self.close_code = code

    async def _alive(self) -> None:
        await self.reads.wait()
        if self.close_code is not None:
            raise BrowserGone
