"""Which sockets there are, by the agent behind them, and which have left a moment ago."""

from collections.abc import Callable
from time import monotonic
from typing import Final
from uuid import UUID

from gururmm_server.core.presence.session import AgentSession
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket

GRACE_S: Final = 5.0
"""How long an agent whose connection broke may take to be back before it counts as offline."""


class Roster:
    """The gateway's memory of its connections. Plain dictionaries; nothing waits here."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.waiting: dict[AgentSocket, float] = {}
        """Not authenticated yet, oldest first, since when (monotonic)."""
        self.checking: dict[AgentSocket, float] = {}
        """Their proof is being looked at, oldest first, since when."""
        self.agents: dict[bytes, AgentSocket] = {}
        self.tunnels: dict[bytes, AgentSocket] = {}
        """The connections for the bytes of channels, by agent; the agent itself may be at another gateway."""
        self.throttled: dict[AgentSocket, None] = {}
        """Not read for a while, the one that waits longest first."""
        self.closing: dict[AgentSocket, float] = {}
        """Being closed by us, oldest first."""
        self.leaving: dict[bytes, tuple[AgentSession, float]] = {}
        """Connection broke without a word, oldest first: agent id to session and moment."""

    def join(self, socket: AgentSocket, session: AgentSession) -> AgentSocket | None:
        """Seat an authenticated agent. Returns its older connection if there is one."""
        self.checking.pop(socket, None)
        older = self.agents.get(session.agent_id)
        self.agents[session.agent_id] = socket
        self.leaving.pop(session.agent_id, None)
        return older

    def join_tunnel(self, socket: AgentSocket, session: AgentSession) -> AgentSocket | None:
        """Seat an agent's connection for channels. Returns the older one if there is one."""
        self.checking.pop(socket, None)
        older = self.tunnels.get(session.agent_id)
        self.tunnels[session.agent_id] = socket
        return older

    def unseat_tunnel(self, socket: AgentSocket) -> None:
        """Note that a connection for channels is over."""
        if socket.session is not None and self.tunnels.get(socket.session.agent_id) is socket:
            del self.tunnels[socket.session.agent_id]

    def unseat(self, socket: AgentSocket) -> AgentSession | None:
        """Note that an agent is gone. Returns the session that ended, unless a newer connection goes on."""
        session = socket.session
        if session is None or self.agents.get(session.agent_id) is not socket:
            return None
        del self.agents[session.agent_id]
        return session

    def leave(self, socket: AgentSocket) -> None:
        """Forget a socket."""
        self.waiting.pop(socket, None)
        self.checking.pop(socket, None)
        self.throttled.pop(socket, None)
        self.closing.pop(socket, None)

    def linger(self, session: AgentSession) -> None:
        """Note that an agent's connection broke; it may be back in a moment."""
        self.leaving[session.agent_id] = (session, self._clock())

    def move(self, agent_id: bytes, client_id: UUID) -> None:
        """Note that an agent, here or just gone, is under another Client now."""
        socket = self.agents.get(agent_id)
        if socket is not None and socket.session is not None:
            socket.session.client_id = client_id
        if agent_id in self.leaving:
            self.leaving[agent_id][0].client_id = client_id

    def overdue(self, grace_s: float = GRACE_S) -> list[AgentSession]:
        """Forget the agents that did not come back in time, and return their sessions."""
        limit = self._clock() - grace_s
        late: list[AgentSession] = []
        for session, since in self.leaving.values():
            if since > limit:
                break
            late.append(session)
        for session in late:
            del self.leaving[session.agent_id]
        return late
