"""The way to a session's agent: which gateway holds it, what is said to it, and whether it was heard lately."""

from asyncio import get_running_loop
from collections.abc import Callable
from uuid import UUID

from gururmm_wire.codec import MalformedMessage, decode_from_agent
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import (
    TunnelClose,
    TunnelOpen,
    TunnelRekey,
)

from gururmm_server.core.post import traffic
from gururmm_server.core.post.service import Post
from gururmm_server.core.tunnel._repository import Claimed
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.peer_log import PeerLog

about_peers = PeerLog(get_logger(__name__))

SILENT_S = 3.0
"""How long an agent may leave a question unanswered before it counts as silent."""
_LOST_S = 1.0

FromAgent = TunnelOutput | TunnelInputAck | TunnelOpened | TunnelClosed


OrderToOpen = Callable[[UUID, TunnelOpen | TunnelRekey], bytes]
"""Returns the signed order for an agent to open a channel, or to speak under another key."""


class AgentEnd:
    """Speaks the wire with one agent about one session. Nothing sent is sure to arrive: callers repeat by offset."""

    def __init__(self, bus: Bus, claimed: Claimed, order_to_open: OrderToOpen) -> None:
        self._bus = bus
        self._post = Post(bus.publish)
        self._order_to_open = order_to_open
        self.agent_id, self._agent = claimed.agent_id, claimed.agent_id.bytes
        self._clock = get_running_loop().time
        self._asked_at: float | None = None
        self._facts = {"session_id": str(claimed.session_id), "agent_id": str(claimed.agent_id)}
        self.session = claimed.session_id.bytes
        self.public_key = claimed.public_key
        self.gateway_id = claimed.gateway_id
        self.tunnel_gateway_id: str | None = None
        """Where the agent's connection for channels is, as far as it was heard."""

    @property
    def online(self) -> bool:
        """Tells whether a gateway holds the agent and it leaves no question unanswered."""
        silent = self._asked_at is not None and self._clock() - self._asked_at > SILENT_S
        return (self.gateway_id or self.tunnel_gateway_id) is not None and not silent

    def expect_answer(self) -> None:
        """Note that the agent was asked something; unless it is heard within `SILENT_S` it counts as silent."""
        if self._asked_at is None:
            self._asked_at = self._clock()
        elif self._clock() - self._asked_at > _LOST_S:
            self.tunnel_gateway_id = None  # the agent itself will say by which way it can be heard

    async def hang_up(self, channel: int | None = None) -> None:
        """End a channel, or the whole session."""
        await self.send(TunnelClose(self.session, channel))

    def hear(self, payload: bytes) -> list[FromAgent]:
        """Returns the agent's messages in a payload of the bus, without what is not its word on this session."""
        try:
            sender, gateway_id, pieces = traffic.split_up(payload)
            if sender != self._agent:
                what = "a message for this session came from another agent"
                about_peers.warning(self.agent_id, what, **self._facts, sender=sender.hex())
                return []
            messages = [decode_from_agent(piece) for piece in pieces]
        except (MalformedMessage, IndexError, UnicodeDecodeError) as error:
            about_peers.warning(self.agent_id, "malformed tunnel message", **self._facts, error=str(error))
            return []
        heard = [each for each in messages if isinstance(each, FromAgent) and each.session_id == self.session]
        if heard:
            self._asked_at = None
        if any(not isinstance(message, TunnelClosed) for message in heard):
            self.tunnel_gateway_id = gateway_id  # a `TunnelClosed` may come by the agent's own connection
        return heard

    async def send(self, message: Message) -> None:
        """Say something to the agent by its own connection, if a gateway holds it."""
        if self.gateway_id is not None and self._bus.connected:
            await self._post.to_machine(self.gateway_id, self.agent_id, message)

    def order(self, message: TunnelOpen | TunnelRekey) -> bytes:
        """Returns the signed order to open a channel, or to speak under another key."""
        return self._order_to_open(self.agent_id, message)

    async def carry(self, order: bytes) -> None:
        """Give the agent a signed order, if a gateway holds it."""
        if self.gateway_id is not None and self._bus.connected:
            await self._post.carry(self.gateway_id, self.agent_id, order)

    async def send_bytes(self, message: Message) -> None:
        """Say something to an open channel, by the connection for channels where that was heard of."""
        if self.tunnel_gateway_id is None:
            await self.send(message)
        elif self._bus.connected:
            await self._post.by_tunnel(self.tunnel_gateway_id, self.agent_id, message)
