"""The way to a session's agent: which gateway holds it, and whether it was heard lately."""

from asyncio import get_running_loop
from uuid import UUID

from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Message

from gururmm_server.core.events import traffic
from gururmm_server.infra.nats import Bus

_SILENT_S = 3.0


class AgentEnd:
    """Sends wire messages to one agent. Nothing sent is sure to arrive: callers repeat by offset."""

    def __init__(self, bus: Bus, agent_id: UUID, gateway_id: str | None) -> None:
        self._bus = bus
        self._clock = get_running_loop().time
        self.agent_id = agent_id
        self.gateway_id = gateway_id
        self.heard_at = self._clock()
        self._asked_at: float | None = None

    async def send(self, message: Message) -> None:
        """Give a message to the agent's gateway, if one is known and the bus is there."""
        if self.gateway_id is not None and self._bus.connected:
            deliver = traffic.Deliver(self.agent_id.bytes, encode(message))
            await self._bus.publish(traffic.gateway_deliver(self.gateway_id), traffic.encode(deliver))

    def expect_answer(self) -> None:
        """The agent was asked something now; unless it is heard within 3 s it counts as silent."""
        if self._asked_at is None:
            self._asked_at = self._clock()

    def heard(self) -> None:
        """A message of the agent came."""
        self.heard_at = self._clock()
        self._asked_at = None

    @property
    def online(self) -> bool:
        """A gateway holds the agent and it does not leave a question unanswered."""
        silent = self._asked_at is not None and self._clock() - self._asked_at > _SILENT_S
        return self.gateway_id is not None and not silent
