"""The way to a session's agent: which gateway holds it, what is said to it, and whether it was heard lately."""

from asyncio import get_running_loop, sleep
from collections.abc import Callable
from uuid import UUID

from gururmm_wire.codec import MalformedMessage, decode_from_agent, encode
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import (
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
    TunnelResize,
    TunnelResume,
)

from gururmm_server.core.events import traffic
from gururmm_server.core.tunnel._repository import CHANNEL, Claimed
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus

log = get_logger(__name__)

_SILENT_S = 3.0

FromAgent = TunnelOutput | TunnelInputAck | TunnelOpened | TunnelClosed


class AgentEnd:
    """Speaks the wire with one agent about one session. Nothing sent is sure to arrive: callers repeat by offset."""

    def __init__(self, bus: Bus, claimed: Claimed, order_to_open: Callable[[UUID, TunnelOpen], bytes]) -> None:
        self._bus = bus
        self._order_to_open = order_to_open
        self._claimed = claimed
        self._session = claimed.session_id.bytes
        self._agent = claimed.agent_id.bytes
        self._clock = get_running_loop().time
        self._asked_at: float | None = None
        self._log = log.bind(session_id=str(claimed.session_id), agent_id=str(claimed.agent_id))
        self.gateway_id = claimed.gateway_id
        self.opened = claimed.status == "open"
        self.resumed_at = 0.0
        self.size: tuple[int, int] | None = None

    @property
    def online(self) -> bool:
        """A gateway holds the agent and it does not leave a question unanswered."""
        silent = self._asked_at is not None and self._clock() - self._asked_at > _SILENT_S
        return self.gateway_id is not None and not silent

    def expect_answer(self) -> None:
        """The agent was asked something now; unless it is heard within 3 s it counts as silent."""
        if self._asked_at is None and self.gateway_id is not None:
            self._asked_at = self._clock()

    async def resume(self, acknowledged: int) -> None:
        """Ask for the output from `acknowledged` on; the answer also says how much input the agent has.

        Until the agent has said that the shell runs, it is told to start it: the first such message may be lost.
        """
        self.resumed_at = self._clock()
        self.expect_answer()
        if not self.opened:
            size = self.size or (self._claimed.columns, self._claimed.rows)
            message = TunnelOpen(self._session, CHANNEL, "terminal", *size, self._claimed.shell)
            await self._carry(self._order_to_open(self._claimed.agent_id, message))
        await self._send(TunnelResume(self._session, CHANNEL, acknowledged))
        if self.size is not None:
            await self.show_size(*self.size)

    async def input(self, offset: int, data: bytes) -> None:
        """Input for the shell. The caller has its audit row."""
        await self._send(TunnelInput(self._session, CHANNEL, offset, data))

    async def acknowledge(self, offset: int) -> None:
        """The output before `offset` is recorded and shown."""
        await self._send(TunnelOutputAck(self._session, CHANNEL, offset))

    async def show_size(self, columns: int, rows: int) -> None:
        """The window has this size."""
        await self._send(TunnelResize(self._session, CHANNEL, columns, rows))

    async def redraw(self) -> None:
        """Make a full-screen program draw itself again: its window changes for a moment."""
        if self.size is not None:
            columns, rows = self.size
            await self.show_size(columns, rows - 1 if rows > 1 else 2)
            await sleep(0.1)
            await self.show_size(*self.size)

    async def hang_up(self) -> None:
        """End the shell."""
        await self._send(TunnelClose(self._session))

    def hear(self, payload: bytes) -> FromAgent | None:
        """The agent's message in a payload of the bus; None for what is not this agent's word on this session."""
        if payload[:16] != self._agent:
            self._log.warning("a message for this terminal came from another agent", sender=payload[:16].hex())
            return None
        try:
            message = decode_from_agent(memoryview(payload)[16:])
        except MalformedMessage as error:
            self._log.warning("malformed tunnel message", error=str(error))
            return None
        if not isinstance(message, FromAgent) or message.session_id != self._session or message.channel != CHANNEL:
            return None
        self._asked_at = None
        return message

    async def _send(self, message: Message) -> None:
        await self._carry(encode(message))

    async def _carry(self, data: bytes) -> None:
        if self.gateway_id is not None and self._bus.connected:
            deliver = traffic.Deliver(self._agent, data)
            await self._bus.publish(traffic.gateway_deliver(self.gateway_id), traffic.encode(deliver))
