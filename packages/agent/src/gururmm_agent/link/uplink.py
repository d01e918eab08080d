"""What tasks hold instead of a connection: it is there or it is not, and they need not know which one it is."""

import asyncio
import time

from gururmm_wire.v2.agent import Goodbye, Message

from gururmm_agent.clock import since_boot
from gururmm_agent.link.socket import Closed, ServerLink
from gururmm_agent.link.unknown import Unknown


class Uplink:
    """The current connection, if any."""

    def __init__(self) -> None:
        self.unknown = Unknown()
        """What the server said that this agent does not know."""
        self._link: ServerLink | None = None
        self._clock_offset = 0.0

    @property
    def connected(self) -> bool:
        """Whether a proved server is on the other end."""
        return self._link is not None

    def attach(self, link: ServerLink) -> None:
        """Use this connection from now on, and its server's clock."""
        self._link = link
        self._clock_offset = link.server_offset

    def detach(self) -> None:
        """There is no connection."""
        self._link = None

    def send(self, message: Message) -> None:
        """Send now or never: what must arrive is kept by its task and sent again after the next connect."""
        if self._link is not None:
            self._link.send(message)

    async def drain(self) -> None:
        """Wait until more can be sent without piling up. Raises `Closed`."""
        if self._link is None:
            raise Closed(None, "there is no connection")
        await self._link.drain()

    def close(self, code: int, reason: str) -> None:
        """End the current connection, if any."""
        if self._link is not None:
            self._link.close(code, reason)

    async def leave(self, reason: str) -> None:
        """Say goodbye, and wait until it is on its way: large messages may still be queued before it."""
        link = self._link
        if link is not None:
            link.send(Goodbye(reason))
            link.close(1000, "goodbye")
            await asyncio.wait((link.closed,))

    def server_now(self) -> float:
        """Unix seconds on the server's clock, immune to jumps of this machine's own, and to its sleep."""
        return since_boot() + self._clock_offset if self._clock_offset else time.time()
