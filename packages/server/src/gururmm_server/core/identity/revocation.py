"""Sessions that ended while access tokens of theirs may still be unexpired."""

import asyncio
import time
from collections.abc import Iterable
from uuid import UUID

import msgspec

from gururmm_server.core.identity import _sessions_repository as repository
from gururmm_server.core.identity.messages import SESSIONS_REVOKED, SessionsRevoked
from gururmm_server.core.identity.tokens import ACCESS_SECONDS
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus, Subscription

log = get_logger(__name__)

RELOAD_S = 5.0
_KEEP_S = ACCESS_SECONDS + 60
_decode = msgspec.msgpack.Decoder(SessionsRevoked).decode
_encode = msgspec.msgpack.Encoder().encode


class Revocations:
    """A set in memory. The bus fills it at once; the database, read every few seconds, fills in what the bus lost."""

    def __init__(self, db: Database, bus: Bus, *, reload_s: float = RELOAD_S) -> None:
        self._db = db
        self._bus = bus
        self._reload_s = reload_s
        self._ended: dict[UUID, float] = {}
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Load what ended lately and follow what ends from now on. Raises `Unavailable`."""
        self._subscription = await self._bus.subscribe(SESSIONS_REVOKED, self._on_revoked)
        await self.reload()
        self._task = asyncio.create_task(self._follow(), name="revocations")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._subscription is not None:
            await self._subscription.stop()

    def revoked(self, session_id: UUID) -> bool:
        """Tells whether this sign-in session's access tokens are worth nothing."""
        return session_id in self._ended

    async def announce(self, session_ids: Iterable[UUID]) -> None:
        """Tell every api process, this one first. Call it after the commit that ended the sessions."""
        ids = list(session_ids)
        if ids:
            self._add(ids)
            payload = _encode(SessionsRevoked([session_id.bytes for session_id in ids]))
            await self._bus.publish(SESSIONS_REVOKED, payload)

    async def reload(self) -> None:
        """Read what ended lately, and forget what no token can outlive."""
        async with self._db.identity() as tx:
            ended = await repository.ended_lately(tx, _KEEP_S)
        now = time.monotonic()
        self._ended = {session_id: until for session_id, until in self._ended.items() if until > now}
        self._add(ended)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._reload_s)
            try:
                await self.reload()
            except GuruError as error:
                log.warning("ended sessions not reloaded", error=str(error))

    def _on_revoked(self, _subject: str, payload: bytes) -> None:
        try:
            self._add(UUID(bytes=raw) for raw in _decode(payload).session_ids)
        except (msgspec.MsgspecError, ValueError) as error:
            log.warning("malformed revocation", error=str(error))

    def _add(self, session_ids: Iterable[UUID]) -> None:
        until = time.monotonic() + _KEEP_S
        for session_id in session_ids:
            self._ended.setdefault(session_id, until)
