"""What this process and an agent say to each other about one channel, sealed from here to the machine."""

import os
from asyncio import get_running_loop
from typing import Any, Final

import msgspec
from gururmm_wire import channel_seal
from gururmm_wire.channel_seal import ChannelOffer, ChannelSeal, NoAgreement
from gururmm_wire.sealing import BrokenSeal
from gururmm_wire.v2.agent import TunnelClosed, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import TunnelChange, TunnelInput, TunnelOpen, TunnelOutputAck, TunnelRekey, TunnelResume

from gururmm_server.core.tunnel._channel_repository import ClaimedChannel
from gururmm_server.core.tunnel.agent_end import AgentEnd, FromAgent
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.peer_log import PeerLog

about_peers = PeerLog(get_logger(__name__))

ORDER_S: Final = 300.0
"""So long the same order is said again; what it says of the channel's parameters may be that old."""
_encode = msgspec.msgpack.Encoder().encode


class AgentChannel:
    """Speaks with an agent about one channel, under a key that both agree when this process takes the channel over.

    Whoever carries the messages (a gateway, the broker) can leave some out. It reads nothing, and can say nothing in
    the name of either end.
    """

    def __init__(self, agent: AgentEnd, claimed: ClaimedChannel) -> None:
        self._agent = agent
        self._claimed = claimed
        self._key = (agent.session, claimed.channel)
        self._clock = get_running_loop().time
        self._offer: ChannelOffer | None = None
        self._order = b""
        self._ordered_at = 0.0
        self._half: bytes | None = None
        self._seal: ChannelSeal | None = None
        self._changes = 0
        self._facts = {"session_id": agent.session.hex(), "channel": claimed.channel}
        self.opened = claimed.state == "open"
        self.resumed_at = 0.0
        self.changed: dict[str, Any] | None = None
        """The last change, said again at every resume."""

    @property
    def is_sealed(self) -> bool:
        """Tells whether the agent has answered with its half of the key."""
        return self._seal is not None

    async def resume(self, acknowledged: int, credit: int) -> None:
        """Ask for the output from `acknowledged` on; the answer also says how much input the agent has.

        Until a key is agreed, the agent is told to open the channel under one: the first such message may be lost.
        """
        self.resumed_at = self._clock()
        self._agent.expect_answer()
        if self._seal is None:
            await self._agent.carry(self._opening(credit))
            await self._agent.send(TunnelResume(*self._key, acknowledged, credit))  # behind it, so by the same way
        else:
            await self._agent.send_bytes(TunnelResume(*self._key, acknowledged, credit))
        if self.changed is not None:
            await self.change(self.changed)

    async def input(self, offset: int, data: bytes) -> None:
        """Send input, whose audit row the caller has. Before a key is agreed it waits for the resume."""
        if self._seal is not None:
            sealed = self._seal.seal(channel_seal.INPUT, offset, data)
            await self._agent.send_bytes(TunnelInput(*self._key, offset, sealed))

    async def acknowledge(self, offset: int, credit: int) -> None:
        """Say that the output before `offset` is recorded and shown, and that what lies before `credit` may be sent."""
        await self._agent.send_bytes(TunnelOutputAck(*self._key, offset, credit))

    async def change(self, parameters: dict[str, Any]) -> None:
        """Say that some parameters have other values."""
        if self._seal is not None:
            self._changes += 1
            sealed = self._seal.seal(channel_seal.CHANGE, self._changes, _encode(parameters))
            await self._agent.send_bytes(TunnelChange(*self._key, self._changes, sealed))

    async def hear(self, message: FromAgent) -> FromAgent | None:
        """Returns the agent's own word, with its output in the clear; None for what others made or changed."""
        match message:
            case TunnelOpened():
                return message if await self._agree(message) else None
            case TunnelOutput(offset=offset, data=data):
                opened = self._open(offset, data)
                return None if opened is None else TunnelOutput(*self._key, offset, opened)
            case TunnelClosed(proof=b""):  # of a channel that the agent does not know; or a gateway cuts it
                return msgspec.structs.replace(message, exit_code=None)
            case TunnelClosed():  # said under an earlier key, it comes again with the next resume
                return message if self._seal is not None and self._seal.vouches(message) else None
        return message

    def _opening(self, credit: int) -> bytes:
        """Returns the order with this side's half of the key. The same bytes again change nothing at the agent.

        Another order has another half, so that an answer to the first is worth nothing once there is a second.
        """
        now = self._clock()
        if self._offer is None or now - self._ordered_at > ORDER_S:
            self._offer = ChannelOffer(os.urandom(channel_seal.RANDOM_BYTES))
            self._order, self._ordered_at = self._agent.order(self._wanted(credit, self._offer.half)), now
        return self._order

    def _wanted(self, credit: int, half: bytes) -> TunnelOpen | TunnelRekey:
        if self.opened:  # by an earlier process: what the agent has lost meanwhile must not begin anew
            return TunnelRekey(*self._key, half)
        parameters = self._claimed.parameters | (self.changed or {})
        return TunnelOpen(*self._key, self._claimed.kind, parameters, self._claimed.rights, credit, half)

    async def _agree(self, opened: TunnelOpened) -> bool:
        """Take the agent's half, once. What it says without one, or again, is true as well and changes nothing.

        A key is never begun a second time: its numbers would be used again, and with them its secrets be given away.
        """
        if opened.half is None or opened.signature is None or opened.half == self._half:
            return True
        if self._offer is None or self._seal is not None:
            return False
        try:
            seal = self._offer.agree(*self._key, opened.half, opened.signature, self._agent.public_key)
        except NoAgreement as error:
            what = "no key is agreed for a channel"
            about_peers.warning(self._agent.agent_id, what, **self._facts, error=str(error))
            return False
        self._half, self._seal, self._changes = opened.half, seal, 0
        if self.changed is not None:
            await self.change(self.changed)
        return True

    def _open(self, offset: int, sealed: bytes) -> bytes | None:
        if self._seal is None:
            return None
        try:
            return self._seal.open(channel_seal.OUTPUT, offset, sealed)
        except BrokenSeal:
            what = "output does not open under the channel's key"
            about_peers.info(self._agent.agent_id, what, **self._facts, offset=offset)
            return None
