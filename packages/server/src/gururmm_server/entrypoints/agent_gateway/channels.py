"""What agents say of channels: it goes to the api where that channel was opened at that agent, and nowhere else.

What the api says of a channel to an agent here tells so; of any other the table is asked once, so that it makes no
difference which gateway carried the order, and what died since. What an agent says meanwhile is held for a moment.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from uuid import UUID

from gururmm_wire.codec import MalformedMessage, decode_from_server, tag_of
from gururmm_wire.v2.agent import TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import TunnelResume

from gururmm_server.core.post import traffic
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.tunnel.opened import AgentsChannel, OpenedChannels
from gururmm_server.entrypoints.agent_gateway.group_commit import GroupCommit
from gururmm_server.entrypoints.agent_gateway.roster import Roster
from gururmm_server.entrypoints.agent_gateway.uplink import Uplink
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import CHANNEL_MESSAGES_DROPPED
from gururmm_server.infra.peer_log import PeerLog

log = get_logger(__name__)
about_peers = PeerLog(log)

RESUME: Final = tag_of(TunnelResume)
ASKED_AT_ONCE: Final = 16
"""Channels of one agent that the table is asked about at a time: as many as an agent has open."""
HELD_BYTES: Final = 256 * 1024
"""Of one agent, while the table is asked. What has no room comes again by its offset with the next resume."""
HELD_IN_ALL: Final = 32 * 1024 * 1024
_REMEMBERED: Final = 1024
LIES: Final = 16
"""So often the table is asked in vain for an agent; from then on once a second."""

FromAgent = TunnelOpened | TunnelOutput | TunnelInputAck | TunnelClosed
_Key = tuple[bytes, int]


@dataclass(slots=True)
class _Spoken:
    """What is known of one agent's channels."""

    opened: set[_Key] = field(default_factory=set)
    held: dict[_Key, list[bytes]] = field(default_factory=dict)
    held_bytes: int = 0
    lies_left: float = LIES
    lied_at: float = 0.0


class Channels:
    """Passes on what agents say of their channels, in its order for each."""

    def __init__(
        self,
        opened: OpenedChannels,
        roster: Roster,
        uplink: Uplink,
        gateway_id: str,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._opened = opened
        self._roster = roster
        self._uplink = uplink
        self._from = traffic.from_gateway(gateway_id)
        self._clock = clock
        self._spoken: dict[bytes, _Spoken] = {}
        self._held_bytes = 0
        self._questions: GroupCommit[AgentsChannel] = GroupCommit(
            "channels", self._ask, batch=500, whose=lambda asked: asked.agent_id
        )

    async def run(self) -> None:
        """Ask the table, for ever."""
        await self._questions.run()

    def carried(self, agent_id: bytes, message: bytes) -> None:
        """Note that the api resumes a channel at an agent that is here."""
        try:
            resume = decode_from_server(message)
        except MalformedMessage:
            return
        if isinstance(resume, TunnelResume):
            self._learn(agent_id, (resume.session_id, resume.channel))

    def take(self, session: AgentSession, message: FromAgent, data: bytes) -> None:
        """Pass on what an agent says, hold it until it is known whether the channel is its own, or drop it."""
        key = (message.session_id, message.channel)
        spoken = self._of(session.agent_id)
        if key in spoken.opened:
            self._forward(session.agent_id, key, [data])
        elif key not in spoken.held and not self._is_worth_asking(spoken):
            CHANNEL_MESSAGES_DROPPED.labels("never_opened").inc()
        elif not self._hold(session, spoken, key, data):
            CHANNEL_MESSAGES_DROPPED.labels("no_room").inc()

    def forget_gone(self, agent_id: bytes) -> None:
        """Forget an agent that has no connection here any more, once all is passed on that it said before."""
        spoken = self._spoken.get(agent_id)
        here = agent_id in self._roster.agents or agent_id in self._roster.tunnels
        if spoken is not None and not spoken.held and not here:
            del self._spoken[agent_id]

    def _of(self, agent_id: bytes) -> _Spoken:
        spoken = self._spoken.get(agent_id)
        if spoken is None:
            spoken = self._spoken[agent_id] = _Spoken()
        return spoken

    def _is_worth_asking(self, spoken: _Spoken) -> bool:
        if spoken.lies_left < LIES:
            now = self._clock()
            spoken.lies_left, spoken.lied_at = min(LIES, spoken.lies_left + now - spoken.lied_at), now
        return spoken.lies_left >= 1

    def _hold(self, session: AgentSession, spoken: _Spoken, key: _Key, data: bytes) -> bool:
        size = len(data)
        if spoken.held_bytes + size > HELD_BYTES or self._held_bytes + size > HELD_IN_ALL:
            return False
        if key not in spoken.held:
            asked = AgentsChannel(session.agent_uuid, UUID(bytes=key[0]), key[1])
            if len(spoken.held) >= ASKED_AT_ONCE or not self._questions.add(asked, key=asked):
                return False
            spoken.held[key] = []
        spoken.held[key].append(data)
        spoken.held_bytes += size
        self._held_bytes += size
        return True

    async def _ask(self, asked: list[AgentsChannel]) -> None:
        opened = await self._opened.among(asked)
        for each in asked:
            agent_id, key = each.agent_id.bytes, (each.session_id.bytes, each.channel)
            if each in opened:
                self._learn(agent_id, key)
            else:
                self._refuse(agent_id, key)
            self.forget_gone(agent_id)

    def _learn(self, agent_id: bytes, key: _Key) -> None:
        """Note that a channel is this agent's own, and pass on what it said of it."""
        spoken = self._of(agent_id)
        if len(spoken.opened) >= _REMEMBERED:
            spoken.opened.clear()  # those that are spoken of again are asked for again
        spoken.opened.add(key)
        self._forward(agent_id, key, self._let_go(spoken, key))

    def _refuse(self, agent_id: bytes, key: _Key) -> None:
        spoken = self._of(agent_id)
        CHANNEL_MESSAGES_DROPPED.labels("never_opened").inc(len(self._let_go(spoken, key)))
        if spoken.lies_left == LIES:
            spoken.lied_at = self._clock()
        spoken.lies_left -= 1
        about_peers.warning(
            agent_id,
            "an agent speaks of a channel that was never opened there",
            agent_id=str(UUID(bytes=agent_id)),
            session_id=str(UUID(bytes=key[0])),
            channel=key[1],
        )

    def _let_go(self, spoken: _Spoken, key: _Key) -> list[bytes]:
        held = spoken.held.pop(key, [])
        size = sum(map(len, held))
        spoken.held_bytes -= size
        self._held_bytes -= size
        return held

    def _forward(self, agent_id: bytes, key: _Key, pieces: list[bytes]) -> None:
        subject = traffic.tunnel_up(UUID(bytes=key[0]))
        for piece in pieces:
            self._uplink.post_piece(subject, agent_id + self._from, piece)
