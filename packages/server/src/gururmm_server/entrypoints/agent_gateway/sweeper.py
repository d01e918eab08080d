"""The one clock of all connections: time limits, pings, silence, slow readers. No connection has a timer of its own."""

import asyncio
from time import monotonic
from typing import Final

from gururmm_wire.v2.limits import AUTHENTICATION_SECONDS, Close

from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket
from gururmm_server.entrypoints.agent_gateway.roster import Roster

TICK_S: Final = 0.25
ROUND_S: Final = 5.0
"""Every connection is looked at once in this time, a slice a tick, so pings of many spread by themselves."""
PING_S: Final = 40.0
"""Longer than the usual heartbeat: an agent that speaks needs no ping, which would be most of its packets a day."""
SILENCE_S: Final = 75.0
CHECKING_S: Final = 45.0
"""Longer than the database may take to say that it is away."""
CLOSING_S: Final = 3.0
STUCK_S: Final = 30.0
"""How long an agent may not read at all while something waits for it."""


class Sweeper:
    """Walks the roster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._round: list[AgentSocket] = []

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            await asyncio.sleep(TICK_S)
            self.sweep(monotonic())

    def sweep(self, now: float) -> None:
        """Do what is due at this tick."""
        self._time_out(now)
        for socket in list(self._roster.throttled):
            if socket.unthrottle(now):
                self._roster.throttled.pop(socket, None)
        for socket, since in list(self._roster.closing.items()):
            if now - since < CLOSING_S:
                break
            del self._roster.closing[socket]
            socket.abort()
        if not self._round:
            self._round = [*self._roster.agents.values(), *self._roster.tunnels.values()]
        seated = len(self._roster.agents) + len(self._roster.tunnels)
        share = seated // int(ROUND_S / TICK_S) + 1
        slice_, self._round = self._round[:share], self._round[share:]
        for socket in slice_:
            self._look(socket, now)

    def _time_out(self, now: float) -> None:
        for socket, since in list(self._roster.waiting.items()):
            if now - since < AUTHENTICATION_SECONDS:
                break
            socket.close(Close.AUTHENTICATION_TIMEOUT, f"no proof within {AUTHENTICATION_SECONDS} seconds")
        for socket, since in list(self._roster.checking.items()):
            if now - since < CHECKING_S:
                break
            socket.close(Close.UNAVAILABLE, "the server is not ready; come back in a moment")

    def _look(self, socket: AgentSocket, now: float) -> None:
        silent = now - socket.last_frame
        if socket.write_paused_at and now - socket.write_paused_at > STUCK_S:
            socket.close(Close.TOO_SLOW, f"nothing read for {STUCK_S:.0f} seconds")
        elif silent > SILENCE_S and socket not in self._roster.throttled:
            socket.close(Close.SILENT, f"silent for {SILENCE_S:.0f} seconds")
        elif silent > PING_S and now - socket.last_ping > PING_S:
            socket.ping(now)
