"""The agent's second connection: it carries the bytes of channels, so that none of them ever delays a heartbeat."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from gururmm_wire.v2.agent import Message
from gururmm_wire.v2.server import ServerMessage, Welcome

from gururmm_agent.link.reconnect import Backoff, ended_by
from gururmm_agent.link.socket import Closed, LinkUser, ServerLink

_log = logging.getLogger(__name__)

LINGER_S: Final = 60.0
"""How long it stays when the last channel is gone: the next one then opens at once."""

Dial = Callable[[LinkUser], Awaitable[ServerLink]]
"""Opens a connection for channels and proves both sides. Raises `Closed`."""


class LineUser(Protocol):
    """Whom the line serves. All calls come from the socket's callback: they return at once."""

    def connected(self) -> None:
        """The line is there: channels may speak."""

    def disconnected(self) -> None:
        """The line is gone; it comes back while it is wanted."""

    def received(self, message: ServerMessage) -> None:
        """One message of the proved server."""


class TunnelLine:
    """There while somebody wants it, and for `LINGER_S` longer."""

    def __init__(self, dial: Dial, backoff: Backoff, user: LineUser) -> None:
        self._dial = dial
        self._backoff = backoff
        self._user = user
        self._loop = asyncio.get_running_loop()
        self._link: ServerLink | None = None
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()
        self._linger: asyncio.TimerHandle | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a proved server is on the other end."""
        return self._link is not None

    def want(self) -> None:
        """A channel is open: connect, and stay."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._unwanted.clear()
        self._wanted.set()

    def release(self) -> None:
        """No channel is open: disconnect soon."""
        if self._linger is None and self._wanted.is_set():
            self._linger = self._loop.call_later(LINGER_S, self._leave)

    def send(self, message: Message) -> None:
        """Send now or never: a channel keeps what must arrive, and sends it again after a resume."""
        if self._link is not None:
            self._link.send(message)

    async def ready(self) -> None:
        """Return once more can be sent without piling up; at once while there is no connection."""
        if self._link is not None:
            with contextlib.suppress(Closed):
                await self._link.drain()

    def hang_up(self) -> None:
        """Disconnect now."""
        if self._linger is not None:
            self._linger.cancel()
        self._leave()

    async def run(self) -> None:
        """Connect whenever it is wanted, for ever."""
        while True:
            await self._wanted.wait()
            try:
                ended = await self._connect_once()
            except Closed as closed:
                ended = closed
            if self._wanted.is_set():
                delay = self._backoff.next_delay(ended_by(ended.code))
                _log.warning("the connection for channels ended: %s; next try in %.1f s", ended, delay)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await self._unwanted.wait()

    def opened(self, link: ServerLink, welcome: Welcome) -> None:  # noqa: ARG002 - settings come by the other connection
        """See `LinkUser`."""
        self._link = link
        self._user.connected()

    def received(self, message: ServerMessage) -> None:
        """See `LinkUser`."""
        self._user.received(message)

    def passed_over(self, tag: int) -> None:
        """See `LinkUser`."""
        _log.info("a message with the tag %d came by the connection for channels", tag)

    async def _connect_once(self) -> Closed:
        began = self._loop.time()
        try:
            link = await self._dial(self)
            _log.info("connected for channels")
            return await link.closed
        finally:
            self._backoff.connected_for(self._loop.time() - began)
            if self._link is not None:
                self._link = None
                self._user.disconnected()

    def _leave(self) -> None:
        self._linger = None
        self._wanted.clear()
        self._unwanted.set()
        if self._link is not None:
            self._link.close(1000, "no channel is open")
