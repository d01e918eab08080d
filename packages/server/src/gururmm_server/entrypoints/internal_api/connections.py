"""Connections of the api: a request comes whole and soon, its answer is read, and nobody keeps others out by waiting.

uvicorn has one time limit, that of a connection between two requests. Here are the rest: for the head from its first
byte (a new connection: from its first moment), for the body from the end of the head, and for a reader that stands
still.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gururmm_server.infra.crowd import Crowd
from gururmm_server.infra.proxies import TrustedProxies

HEAD_S: Final = 10.0
BODY_S: Final = 30.0
"""For one MiB at most, so for lines of 280 kbit/s and more."""
STUCK_S: Final = 60.0


class Connections:
    """The connections of one process that wait for a request, or for the rest of one."""

    def __init__(self, proxies: TrustedProxies, most: int) -> None:
        """`most` connections may wait at once."""
        self._proxies = proxies
        self._crowd: Crowd[BoundedProtocol] = Crowd(lambda one: one.transport.abort(), lambda: most)

    def waiting(self, one: "BoundedProtocol") -> None:
        """Note that it waits from now on."""
        peer = one.client[0] if one.client else ""
        self._crowd.enter(one, peer, proxy=self._proxies.trusts(peer))

    def served(self, one: "BoundedProtocol") -> None:
        """Note that its request is here, or that it is gone."""
        self._crowd.leave(one)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, with its limits. Subclasses say which `Connections` they are of."""

    registry: Connections

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._deadline: asyncio.TimerHandle | None = None
        self._awaits = ""
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._await("head", HEAD_S)
        self.registry.waiting(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._await("")
        self.registry.served(self)
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._awaits == "" and self._idle:
            self._await("head", HEAD_S)
        super().data_received(data)
        self._look()

    def handle_websocket_upgrade(self) -> None:
        self._await("")
        self.registry.served(self)
        super().handle_websocket_upgrade()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._idle and not self.transport.is_closing():
            self._await("")  # between two requests uvicorn's own limit holds
            self.registry.waiting(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self._stuck or self.loop.call_later(STUCK_S, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    @property
    def _idle(self) -> bool:
        """Tells whether there is no request yet that is to be answered."""
        return self.cycle is None or self.cycle.response_complete

    def _look(self) -> None:
        if self._idle or self._awaits == "":
            return
        if not self.cycle.more_body:
            self._await("")
            self.registry.served(self)
        elif self._awaits == "head":
            self._await("body", BODY_S)

    def _await(self, what: str, limit_s: float = 0.0) -> None:
        """Begin to wait for the rest of a head or body, for so long at most; for nothing ends the wait."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._awaits = what
        self._deadline = self.loop.call_later(limit_s, self.transport.abort) if what else None
