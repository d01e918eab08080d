"""What the machines of one Partner may have of a gateway: connections, and how much they say.

No Partner's fleet, however hostile, keeps the machines of another out, or unheard.
"""

import math
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

from gururmm_wire.v2.limits import Close

if TYPE_CHECKING:
    from gururmm_server.core.presence.session import AgentSession
    from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket

RATE: Final = 10_000.0
"""Units a second for long, of all machines of a Partner: one a frame, one for each 4 KiB. Beyond it none of them is
read for a while. A gateway takes some forty thousand heartbeats a second."""
BURST: Final = 200_000.0
SEATS: Final = 0.9
"""The part of a gateway's connections that is for agents which are in. The others lead who comes to its proof."""
FULL: Final = "this gateway is full; come back in a moment"
_UNITS_OF_A_READ: Final = 1000
"""About what one read of a socket that was held up brings: so many of them are read again at a time."""

Seat = tuple[bytes, bool]
"""An agent's own connection, or its one for channels."""


class Share:
    """What one Partner's machines have here."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seats: dict[Seat, AgentSocket] = {}
        """Its connections, the newest last."""
        self._clock = clock
        self._left, self._at = BURST, clock()
        self._reads = 0

    def spend(self, units: float) -> bool:
        """Count what was said. Returns False where that was too much for a while."""
        self._left -= units
        return self._left > 0 or self._refill(self._clock()) > 0

    def resumes(self, now: float) -> bool:
        """Tell whether one more of its sockets may be read again; asked for each of them with the same `now`."""
        if now != self._at:
            self._reads = math.ceil(self._refill(now) / _UNITS_OF_A_READ)
        self._reads -= 1
        return self._reads >= 0

    def _refill(self, now: float) -> float:
        self._left = min(BURST, self._left + (now - self._at) * RATE)
        self._at = now
        return self._left


class Shares:
    """All Partners with machines here."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        """`most` is how many connections the gateway takes."""
        self._seats = math.ceil(most * SEATS)
        self._clock = clock
        self._of: dict[UUID, Share] = {}
        self._seated = 0

    def admits(self, tenant_id: UUID, seat: Seat) -> bool:
        """Tell whether one more of this Partner's connections may come in, or one in the place of another.

        Where all seats are taken, that is so for who has less than its share; whoever has most gives one up for it.
        """
        held = self._of[tenant_id].seats if tenant_id in self._of else {}
        if self._seated < self._seats or seat in held:
            return True
        if len(held) >= self._seats // (len(self._of) + (not held)):
            return False
        largest = max((each.seats for each in self._of.values()), key=len)
        largest[next(reversed(largest))].close(Close.UNAVAILABLE, FULL)
        return True

    def enter(self, socket: "AgentSocket", session: "AgentSession") -> None:
        """Count a connection that is in; what it says is counted from here on."""
        share = self._of.setdefault(session.tenant_id, Share(self._clock))
        share.seats[session.agent_id, socket.tunnel] = socket
        self._seated += 1
        socket.share = share

    def leave(self, socket: "AgentSocket", session: "AgentSession") -> None:
        """Count it no more."""
        share, seat = self._of.get(session.tenant_id), (session.agent_id, socket.tunnel)
        if share is not None and share.seats.get(seat) is socket:
            del share.seats[seat]
            self._seated -= 1
            if not share.seats:
                del self._of[session.tenant_id]
