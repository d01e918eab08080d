"""All tech sessions that this process relays."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Self
from uuid import UUID
from weakref import WeakValueDictionary

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.component import House
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.quotas.resources import RECORDINGS
from gururmm_server.core.tunnel.browser_end import Browser, BrowserEnd
from gururmm_server.core.tunnel.errors import NoSuchSession, RelayFull
from gururmm_server.core.tunnel.ledger import Owner
from gururmm_server.core.tunnel.recording import RecordingAllowance
from gururmm_server.core.tunnel.relay import SessionRelay
from gururmm_server.core.tunnel.service import TunnelService
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.lane import Lanes
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus

log = get_logger(__name__)

RELAYS = 200
"""How many sessions one process relays, and twice as many where those of one Partner would shut others out."""
_TICK_S = 0.25
CLOSE_RESTART = 1012


class TunnelRelays:
    """Makes relays, finds them again for a browser that comes back, and ticks them."""

    def __init__(self, db: Database, bus: Bus, service: TunnelService, revoked: Callable[[UUID], bool]) -> None:
        """`revoked` says whether a sign-in session has ended, from memory."""
        self._db = db
        self._bus = bus
        self._service = service
        self._revoked = revoked
        self._relays: dict[UUID, SessionRelay] = {}
        self._attaching: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._lanes = Lanes(db)
        self._allowances: WeakValueDictionary[UUID, RecordingAllowance] = WeakValueDictionary()
        self._ticker: asyncio.Task[None] | None = None

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's relays."""
        revocations = house.get(Identity).revocations
        relays = cls(house.db, house.bus, house.get(TunnelService), revocations.revoked)
        house.at_start(relays.open)
        house.at_end(relays.close)
        return relays

    async def open(self) -> None:
        """Begin to tick the relays."""
        self._bus.on_reconnect.append(self._on_reconnect)
        self._ticker = asyncio.create_task(self._tick(), name="tunnel relays")

    async def close(self) -> None:
        """Record what came and send the browsers to another process, for this one stops."""
        if self._ticker is not None:
            self._ticker.cancel()
        with suppress(ValueError):
            self._bus.on_reconnect.remove(self._on_reconnect)
        await asyncio.gather(*(relay.stop(CLOSE_RESTART, "restarting") for relay in list(self._relays.values())))

    def find(self, session_id: UUID) -> SessionRelay | None:
        """Returns the relay of a session; None where this process does not relay it."""
        return self._relays.get(session_id)

    async def attach(self, session_id: UUID, principal: Principal, browser: Browser) -> tuple[SessionRelay, BrowserEnd]:
        """Serve a browser; an earlier one of this session is closed.

        Raises `NoSuchSession`, `SessionClosed`, `RelayFull`.
        """
        scope = principal.scope
        if scope is None:
            raise NoSuchSession
        lock = self._attaching.setdefault(session_id, asyncio.Lock())
        async with lock:
            relay = self.find(session_id)
            if relay is None or relay.is_over or not await relay.is_still_owner(attaching=True):
                relay = await self._start(session_id, principal, scope)
            elif not relay.belongs_to(principal):
                raise NoSuchSession
            return relay, await relay.attach(browser, principal)

    async def _start(self, session_id: UUID, principal: Principal, scope: Scope) -> SessionRelay:
        self._check_room(scope.tenant_id)
        token = new_id().hex
        claim = await self._service.claim(scope, session_id, token, principal.user_id)
        lane = self._lanes.take(scope.tenant_id)
        relay = SessionRelay(
            claim.session,
            claim.channels,
            owner=Owner(token, principal, self._db, lane.statement),
            stored=claim.stored,
            allowance=self._allowance(scope.tenant_id),
            bus=self._bus,
            closing=self._service,
            order_to_open=self._service.order_to_open,
            on_gone=self._forget,
        )
        self._relays[session_id] = relay
        await relay.start()
        return relay

    def _check_room(self, tenant_id: UUID) -> None:
        """Raise `RelayFull` where there is no room, or this Partner has more of it than its share."""
        there = len(self._relays)
        if there >= RELAYS:
            of_partner = Counter(relay.tenant_id for relay in self._relays.values())
            share = RELAYS // (len(of_partner) + (tenant_id not in of_partner))
            if there >= 2 * RELAYS or of_partner[tenant_id] >= share:
                raise RelayFull

    def _allowance(self, tenant_id: UUID) -> RecordingAllowance:
        """Returns what all relays of a Partner in this process record from."""
        found = self._allowances.get(tenant_id)
        if found is None:
            take = partial(self._service.quotas.allowance, tenant_id, RECORDINGS)
            found = self._allowances[tenant_id] = RecordingAllowance(take)
        return found

    async def _forget(self, relay: SessionRelay) -> None:
        await self._lanes.give_back(relay.tenant_id)
        if self._relays.get(relay.session_id) is relay:
            del self._relays[relay.session_id]

    async def _on_reconnect(self) -> None:
        for relay in list(self._relays.values()):
            if not relay.is_over:
                await relay.resume(reconnected=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for relay in list(self._relays.values()):
                relay.tick(self._revoked)
