"""The life of tech sessions: open, look at, close, list, replay. Relaying is `relays`' job."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from gururmm_wire.codec import encode
from gururmm_wire.v2.server import TunnelClose, TunnelOpen

from gururmm_server.core.access.errors import Forbidden
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.events import traffic
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.tickets import issue
from gururmm_server.core.orders.signing import OrderSigner, Wanted
from gururmm_server.core.tunnel import _repository as repository
from gururmm_server.core.tunnel._repository import CHANNEL, Claimed
from gururmm_server.core.tunnel.closing import note_close
from gururmm_server.core.tunnel.errors import (
    AgentOffline,
    NoSuchSession,
    NotYourSession,
    SessionClosed,
    TooManySessions,
)
from gururmm_server.core.tunnel.events import TunnelOpened
from gururmm_server.core.tunnel.permissions import TUNNEL_END, TUNNEL_READ
from gururmm_server.core.tunnel.recording import asciicast
from gururmm_server.infra import outbox
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database, Row, Transaction
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import PageQuery, Sort, search_words

log = get_logger(__name__)

OPEN_SESSIONS = 8
"""How many one person may have open."""
_OPEN_WITHIN = timedelta(minutes=15)
"""As far as the clocks of server and machine may be apart."""
NOTICE = "Keystrokes are recorded."
SORTS = {
    "opened_at": Sort("s.opened_at", "timestamptz"),
    "hostname": Sort(repository.HOSTNAME),
    "opened_by": Sort("s.opened_by"),
    "status": Sort("s.status"),
}


class TunnelService:
    """Everything about tech sessions that is not their bytes."""

    def __init__(self, db: Database, bus: Bus, signer: OrderSigner) -> None:
        self._db = db
        self._bus = bus
        self._signer = signer

    def order_to_open(self, agent_id: UUID, message: TunnelOpen) -> bytes:
        """Returns the signed order to open a channel. The machine follows it once, and not much later than now."""
        return self._signer.sign(Wanted(message, agent_id, new_id(), now() + _OPEN_WITHIN))

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.bus, house.get(OrderSigner))

    async def open(self, caller: Principal, agent_id: UUID, columns: int, rows: int, shell: str) -> dict[str, Any]:
        """Start a shell on a machine.

        Raises `NotFound` (no such machine here), `AgentOffline`, `TooManySessions`.
        """
        session_id, scope = new_id(), caller.inside()
        async with self._db.scope(scope) as tx:
            agent = await repository.find_agent(tx, agent_id)
            if agent is None:
                raise NotFound
            if agent["gateway_id"] is None:
                raise AgentOffline
            if await repository.count_open(tx, caller.user_id) >= OPEN_SESSIONS:
                raise TooManySessions
            await repository.insert(
                tx,
                session_id,
                agent_id=agent_id,
                hostname=agent["hostname"],
                email=caller.email,
                user_id=caller.user_id,
                size=(columns, rows),
                shell=shell,
            )
            row = AuditRow(
                "tunnel.open",
                caller.subject,
                agent_id,
                session_id,
                CHANNEL,
                {"shell": shell, "columns": columns, "rows": rows},
            )
            await append(tx, "tunnel_audit", row)
            event = TunnelOpened(
                session_id=session_id, agent_id=agent_id, hostname=agent["hostname"], actor=caller.email
            )
            await outbox.publish(tx, scope.tenant_id, event)
            ticket = await issue(tx, caller, "tunnel", session_id)
        log.info("terminal opened", session_id=str(session_id), agent_id=str(agent_id), actor=caller.email)
        message = TunnelOpen(session_id.bytes, CHANNEL, "terminal", columns, rows, shell)
        await _deliver(self._bus, agent_id, agent["gateway_id"], self.order_to_open(agent_id, message))
        await self._bus.publish(traffic.OUTBOX_WAKE, b"")
        return {
            "session_id": session_id,
            "status": "opening",
            "agent_id": agent_id,
            **_stream(session_id, ticket),
            "notice": NOTICE,
        }

    async def status(self, principal: Principal, session_id: UUID) -> dict[str, Any]:
        """What a session is doing: for its owner always, for others of the Partner with tunnel.read."""
        scope = principal.inside()
        # One's own session is answered for even where its machine is another Client's by now (S8).
        async with self._db.scope(system_scope(scope.tenant_id, scope.subject.name)) as tx:
            row = await repository.find(tx, session_id)
        if row is None or row["opened_by_id"] != principal.user_id:
            if not scope.subject.may(TUNNEL_READ):
                raise Forbidden
            async with self._db.scope(scope) as tx:
                row = await self._find(tx, session_id)
        return repository.as_json(row)

    async def ticket(self, caller: Principal, session_id: UUID) -> dict[str, str]:
        """A ticket for attaching again. Raises `NoSuchSession`, `NotYourSession`, `SessionClosed`."""
        async with self._db.scope(caller.inside()) as tx:
            row = await self._find(tx, session_id)
            if row["opened_by_id"] != caller.user_id:
                raise NotYourSession
            if row["status"] == "closed":
                raise SessionClosed
            return _stream(session_id, await issue(tx, caller, "tunnel", session_id))

    async def close(self, caller: Scope, session_id: UUID) -> dict[str, Any]:
        """End a session: one's own, or anyone's for an admin. Closing a closed one answers its status."""
        async with self._db.scope(caller) as tx:
            row = await self._find(tx, session_id)
            gateway_id = await repository.gateway_of(tx, row["agent_id"])
        if row["opened_by_id"] != caller.subject.id and not caller.subject.may(TUNNEL_END):
            raise NotYourSession
        if await self.end(caller, session_id, "closed", None, caller.subject):
            await _deliver(self._bus, row["agent_id"], gateway_id, encode(TunnelClose(session_id.bytes)))
        async with self._db.scope(caller) as tx:
            return repository.as_json(await self._find(tx, session_id))

    async def end(
        self, scope: Scope, session_id: UUID, reason: str, exit_code: int | None, actor: Subject | None
    ) -> bool:
        """Close the row with its audit and event, and tell its relay. False where it was closed already."""
        async with self._db.scope(scope) as tx:
            row = await repository.close(tx, session_id, reason, exit_code)
            if row is None:
                return False
            await note_close(tx, scope.tenant_id, session_id, row, reason=reason, exit_code=exit_code, actor=actor)
        await self._bus.publish(traffic.OUTBOX_WAKE, b"")
        notice = traffic.encode(traffic.TunnelNotice("", reason))
        await self._bus.publish(traffic.tunnel_notice(session_id), notice)
        return True

    async def sessions(
        self, scope: Scope, page: PageQuery, agent_id: UUID | None = None, status: str | None = None
    ) -> dict[str, Any]:
        """A page of the Partner's sessions: items, next_cursor, total."""
        async with self._db.scope(scope) as tx:
            rows, total = await repository.page(tx, page, search_words(page.search), agent_id, status)
        shown, next_cursor = page.cut(rows)
        return {"items": [repository.as_json(row) for row in shown], "next_cursor": next_cursor, "total": total}

    async def recording(self, caller: Scope, session_id: UUID) -> AsyncIterator[bytes]:
        """A session as asciicast v2, line by line. That it was watched is audited first."""
        async with self._db.scope(caller) as tx:
            row = await self._find(tx, session_id)
            await append(
                tx,
                "tunnel_audit",
                AuditRow("tunnel.recording_read", caller.subject, row["agent_id"], session_id, CHANNEL),
            )
        return asciicast(row, lambda after: self._recording_page(caller, session_id, after))

    async def claim(self, scope: Scope, session_id: UUID, owner: str, user_id: UUID) -> Claimed:
        """Make `owner` (a relay's token) the one that serves a session. Raises `NoSuchSession`, `SessionClosed`."""
        async with self._db.scope(scope) as tx:
            claimed = await repository.claim(tx, session_id, owner, user_id)
            if claimed is None:
                row = await self._find(tx, session_id)
                raise SessionClosed if row["status"] == "closed" else NoSuchSession
        return claimed

    async def _recording_page(self, scope: Scope, session_id: UUID, after: int) -> list[Row]:
        async with self._db.scope(scope) as tx:
            return await repository.recording_page(tx, session_id, after)

    async def _find(self, tx: Transaction, session_id: UUID) -> Row:
        row = await repository.find(tx, session_id)
        if row is None:
            raise NoSuchSession
        return row


async def close_expired(db: Database, bus: Bus) -> int:
    """Close sessions whose lease is over (a worker's job, any number at once); how many were closed.

    Also hangs up once more what was closed in the last minutes, for agents that were away at that moment.
    """
    async with db.worker() as tx:
        candidates = await repository.expired(tx)
    closed = 0
    for candidate in candidates:
        tenant_id, session_id = candidate["tenant_id"], candidate["session_id"]
        async with db.worker(tenant_id) as tx:
            row = await repository.close_expired(tx, session_id, "abandoned")
            if row is None:
                continue
            await note_close(tx, tenant_id, session_id, row, reason="abandoned", exit_code=None, actor=None)
        closed += 1
        log.info("abandoned terminal closed", session_id=str(session_id), tenant_id=str(tenant_id))
        await bus.publish(traffic.tunnel_notice(session_id), traffic.encode(traffic.TunnelNotice("", "abandoned")))
    async with db.worker() as tx:
        hang_up = await repository.to_hang_up(tx)
    for row in hang_up:
        await _deliver(bus, row["agent_id"], row["gateway_id"], encode(TunnelClose(row["session_id"].bytes)))
    if closed:
        await bus.publish(traffic.OUTBOX_WAKE, b"")
    return closed


async def _deliver(bus: Bus, agent_id: UUID, gateway_id: str | None, message: bytes) -> None:
    if gateway_id is not None:
        deliver = traffic.Deliver(agent_id.bytes, message)
        await bus.publish(traffic.gateway_deliver(gateway_id), traffic.encode(deliver))


def _stream(session_id: UUID, ticket: str) -> dict[str, str]:
    return {"ticket": ticket, "stream_url": f"/api/v1/tunnel/stream/{session_id}?ticket={ticket}"}
