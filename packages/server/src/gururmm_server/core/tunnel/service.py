"""The life of tech sessions and channels: open, look at, close, list, replay. Relaying is `relays`' job."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from gururmm_wire.v2.server import TunnelClose, TunnelOpen, TunnelRekey

from gururmm_server.core.access.errors import Forbidden
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.agents import record
from gururmm_server.core.agents.errors import MachineOffline
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.tickets import issue
from gururmm_server.core.orders.signing import OrderSigner, Wanted
from gururmm_server.core.post import traffic
from gururmm_server.core.post.service import Post
from gururmm_server.core.quotas.resources import TERMINALS
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.core.tenancy.partner_settings import terminal_grace_s
from gururmm_server.core.tunnel import _channel_repository as channels
from gururmm_server.core.tunnel import _repository as repository
from gururmm_server.core.tunnel._channel_repository import ChannelRow, ClaimedChannel
from gururmm_server.core.tunnel._repository import Claimed, SessionRow
from gururmm_server.core.tunnel.closing import Closure, note_channels, note_session
from gururmm_server.core.tunnel.errors import (
    NoSuchChannel,
    NoSuchSession,
    NotYourSession,
    SessionClosed,
    TooManyChannels,
    TooManySessions,
)
from gururmm_server.core.tunnel.events import TunnelOpened
from gururmm_server.core.tunnel.kind import ChannelKind, Parameters, Recording
from gururmm_server.core.tunnel.kinds import kind_of
from gururmm_server.core.tunnel.output_path import SHOWN_AHEAD_BYTES
from gururmm_server.core.tunnel.permissions import TUNNEL_END, TUNNEL_READ
from gururmm_server.core.tunnel.recording import play
from gururmm_server.core.tunnel.schemas import ChannelStatus, OpenedTunnel, StreamTicket, TunnelStatus
from gururmm_server.core.tunnel.shapes import channel_status, stream_ticket, tunnel_status, tunnel_statuses
from gururmm_server.infra import outbox
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import Page, PageQuery, Sort

log = get_logger(__name__)

OPEN_SESSIONS = 8
"""How many one person may have open and not left."""
OPEN_AND_LEFT_SESSIONS = 16
"""How many one person may have open, with those that were left."""
OPEN_CHANNELS = 8
"""How many one session may have open."""
LAST_CHANNEL = 255
_OPEN_WITHIN = timedelta(minutes=15)
"""As far as the clocks of server and machine may be apart."""
NOTICE = "Keystrokes are recorded."
SORTS = {
    "opened_at": Sort("s.opened_at", "timestamptz"),
    "hostname": Sort(repository.NATURAL_HOSTNAME),
    "opened_by": Sort("s.opened_by"),
    "status": Sort("s.status"),
}
_FIRST = 1
_NOBODY_THERE = "This machine is offline, so there is nobody to open a terminal. Try again when it is back."


@dataclass(frozen=True, slots=True)
class Claim:
    """A session that was taken over, with what is open of it."""

    session: Claimed
    channels: list[ClaimedChannel]
    stored: int
    """What its recordings hold, in bytes."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A recording to be read: its form, a name for its file, and its bytes."""

    media_type: str
    file_name: str
    content: AsyncIterator[bytes]


class TunnelService:
    """Everything about tech sessions that is not their bytes."""

    def __init__(self, db: Database, bus: Bus, signer: OrderSigner, quotas: Quotas | None = None) -> None:
        """Without `quotas`, they are those that hold where no disk is known."""
        self._db = db
        self.quotas = quotas or Quotas(db)
        self._bus = bus
        self._post = Post(bus.publish)
        self._signer = signer

    def order_to_open(self, agent_id: UUID, message: TunnelOpen | TunnelRekey) -> bytes:
        """Returns the signed order to open a channel, or to speak under another key. It is followed once, and soon."""
        return self._signer.sign(Wanted(message, agent_id, new_id(), now() + _OPEN_WITHIN))

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.bus, house.get(OrderSigner), house.get(Quotas))

    async def open(
        self, caller: Principal, agent_id: UUID, kind: str, parameters: dict[str, Any], reason: str = ""
    ) -> OpenedTunnel:
        """Opens a session to a machine, with one channel.

        Raises `NotFound` (no such machine here), `MachineOffline`, `TooManySessions`, `QuotaUsedUp`, `UnknownKind`,
        `BadParameters`.
        """
        session_id, scope, wanted = new_id(), caller.inside(), kind_of(kind)
        opened = wanted.parameters(parameters)
        async with self._db.scope(scope) as tx:
            machine = await record.hold(tx, agent_id)
            if machine is None:
                raise NotFound
            gateway_id = await repository.gateway_of(tx, agent_id)
            if gateway_id is None:
                raise MachineOffline(_NOBODY_THERE)
            here, all_of_them = await repository.count_open(tx, caller.user_id)
            if here >= OPEN_SESSIONS or all_of_them >= OPEN_AND_LEFT_SESSIONS:
                raise TooManySessions
            await self.quotas.check(tx, TERMINALS, await repository.count_open_of_partner(tx))
            await repository.insert(
                tx,
                session_id,
                agent_id=agent_id,
                hostname=machine.hostname,
                email=caller.email,
                user_id=caller.user_id,
                reason=reason,
                grace_s=await terminal_grace_s(tx),
            )
            details = {"reason": reason}
            audited = AuditRow("tunnel.open", scope.subject, agent_id, session_id, details=details)
            await append(tx, "tunnel_audit", audited)
            await _add_channel(tx, scope.subject, (agent_id, session_id, _FIRST), wanted, opened)
            event = TunnelOpened(
                session_id=session_id, agent_id=agent_id, hostname=machine.hostname, actor=caller.email
            )
            await outbox.publish(tx, scope.tenant_id, event)
            ticket = await issue(tx, caller, "tunnel", session_id)
            opening = _opening(session_id, _FIRST, wanted, opened)
            tx.after_commit(self._post.carry, gateway_id, agent_id, self.order_to_open(agent_id, opening))
        log.info("session opened", session_id=str(session_id), agent_id=str(agent_id), actor=caller.email)
        return OpenedTunnel(
            session_id=session_id,
            status="opening",
            agent_id=agent_id,
            channel=_FIRST,
            notice=NOTICE,
            **stream_ticket(session_id, ticket).model_dump(),
        )

    async def open_channel(
        self, caller: Scope, session_id: UUID, kind: str, parameters: dict[str, Any]
    ) -> ChannelStatus:
        """Opens one more channel of one's own session.

        Raises `NoSuchSession`, `NotYourSession`, `SessionClosed`, `TooManyChannels`, `UnknownKind`, `BadParameters`.
        """
        wanted = kind_of(kind)
        opened = wanted.parameters(parameters)
        async with self._db.scope(caller) as tx:
            row = await self._find(tx, session_id)
            if row.opened_by_id != caller.subject.id:
                raise NotYourSession
            held = await repository.lock(tx, session_id)
            if held is None or held.status == "closed":
                raise SessionClosed
            others = await channels.of_sessions(tx, [session_id])
            number = max((other.channel for other in others), default=0) + 1
            if number > LAST_CHANNEL or sum(other.state != "closed" for other in others) >= OPEN_CHANNELS:
                raise TooManyChannels
            place = (row.agent_id, session_id, number)
            await _add_channel(tx, caller.subject, place, wanted, opened, owner=held.lease_owner)
            gateway_id = await repository.gateway_of(tx, row.agent_id)
            added = await channels.find(tx, session_id, number)
            opening = _opening(session_id, number, wanted, opened)
            order = self.order_to_open(row.agent_id, opening)
            tx.after_commit(self._post.carry, gateway_id, row.agent_id, order)
        assert added is not None
        return channel_status(added)

    async def status(self, principal: Principal, session_id: UUID) -> TunnelStatus:
        """Returns what a session is doing: to its owner always, to others of the Partner with tunnel.read."""
        scope = principal.inside()
        # One's own session is answered for even where its machine is another Client's by now (S8).
        whole = system_scope(scope.tenant_id, scope.subject.name)
        async with self._db.scope(whole) as tx:
            row = await repository.find(tx, session_id)
        if row is not None and row.opened_by_id == principal.user_id:
            return await self._status(whole, session_id)
        if not scope.subject.may(TUNNEL_READ):
            raise Forbidden
        return await self._status(scope, session_id)

    async def _status(self, scope: Scope, session_id: UUID) -> TunnelStatus:
        async with self._db.scope(scope) as tx:
            row = await self._find(tx, session_id)
            return tunnel_status(row, await channels.of_sessions(tx, [session_id]))

    async def ticket(self, caller: Principal, session_id: UUID) -> StreamTicket:
        """Returns a ticket for attaching again. Raises `NoSuchSession`, `NotYourSession`, `SessionClosed`."""
        async with self._db.scope(caller.inside()) as tx:
            row = await self._find(tx, session_id)
            if row.opened_by_id != caller.user_id:
                raise NotYourSession
            if row.status == "closed":
                raise SessionClosed
            return stream_ticket(session_id, await issue(tx, caller, "tunnel", session_id))

    async def close(self, caller: Scope, session_id: UUID, channel: int | None = None) -> TunnelStatus:
        """Ends a session, or one channel of it: one's own, or anyone's for an admin. What is closed stays so."""
        async with self._db.scope(caller) as tx:
            row = await self._find(tx, session_id)
            if channel is not None and await channels.find(tx, session_id, channel) is None:
                raise NoSuchChannel
            gateway_id = await repository.gateway_of(tx, row.agent_id)
        if row.opened_by_id != caller.subject.id and not caller.subject.may(TUNNEL_END):
            raise NotYourSession
        if channel is None:
            await self.end(caller, session_id, Closure("closed", None, caller.subject))
        else:
            await self.end_channel(
                caller, session_id, channel, Closure("closed", None, caller.subject), tell_relay=True
            )
        await self._post.to_machine(gateway_id, row.agent_id, TunnelClose(session_id.bytes, channel))
        return await self._status(caller, session_id)

    async def end(self, scope: Scope, session_id: UUID, closure: Closure) -> bool:
        """Closes a session's rows, with audit and event, and tells its relay. Returns False where it was closed."""
        async with self._db.scope(scope) as tx:
            row = await repository.close(tx, session_id, closure.reason)
            if row is None:
                return False
            closed = await channels.close(tx, [session_id], closure.reason)
            await note_channels(tx, row.agent_id, closed, closure)
            await note_session(tx, scope.tenant_id, row, closure)
            notice = traffic.encode(traffic.TunnelNotice("", closure.reason))
            tx.after_commit(self._bus.publish, traffic.tunnel_notice(session_id), notice)
        return True

    async def end_channel(
        self,
        scope: Scope,
        session_id: UUID,
        channel: int,
        closure: Closure,
        *,
        tell_relay: bool = False,
    ) -> bool:
        """Closes a channel, and its session with the last one. Returns whether the session is closed now."""
        async with self._db.scope(scope) as tx:
            if await repository.lock(tx, session_id) is None:
                return True
            closed = await channels.close(tx, [session_id], closure.reason, closure.exit_code, channel)
            last = await repository.close_idle(tx, session_id, closure.reason)
            row = await repository.find(tx, session_id)
            assert row is not None
            await note_channels(tx, row.agent_id, closed, closure)
            if last is not None:
                await note_session(tx, scope.tenant_id, last, closure)
            if tell_relay:
                notice = traffic.TunnelNotice("", closure.reason, None if last is not None else channel)
                tx.after_commit(self._bus.publish, traffic.tunnel_notice(session_id), traffic.encode(notice))
        return row.status == "closed"

    async def sessions(
        self, scope: Scope, page: PageQuery, agent_id: UUID | None = None, status: str | None = None
    ) -> Page[TunnelStatus]:
        """Returns a page of the Partner's sessions."""
        async with self._db.scope(scope) as tx:
            found = await repository.page(tx, page, agent_id, status)
            items = tunnel_statuses(found.items, await _channels_of(tx, found.items))
        return Page[TunnelStatus](items=items, next_cursor=found.next_cursor, total=found.total)

    async def own(self, caller: Scope) -> list[TunnelStatus]:
        """Returns the caller's own sessions that are open, the newest first."""
        assert caller.subject.id is not None
        async with self._db.scope(caller) as tx:
            found = await repository.open_ones(tx, caller.subject.id)
            return tunnel_statuses(found, await _channels_of(tx, found))

    async def recording(self, caller: Scope, session_id: UUID, channel: int = _FIRST) -> Replay:
        """Returns a channel's recording in its kind's own form. That it was read is audited first.

        Raises `NoSuchSession`, `NoSuchChannel`.
        """
        async with self._db.scope(caller, reserve=True) as tx:
            row = await self._find(tx, session_id)
            found = await channels.find(tx, session_id, channel)
            if found is None:
                raise NoSuchChannel
            await append(
                tx,
                "tunnel_audit",
                AuditRow("tunnel.recording_read", caller.subject, row.agent_id, session_id, channel),
            )
        kind = kind_of(found.kind)

        async def pages(after: int) -> list[Any]:
            async with self._db.scope(caller) as tx:
                return await channels.recording_page(tx, session_id, channel, after)

        title = f"{row.hostname}, opened by {row.opened_by}"
        pieces = play(pages, found.output_recorded)
        recorded = Recording(found.opened_at, title, found.parameters, pieces)
        name = f"{kind.name}-{session_id}-{channel}.{kind.extension}"
        return Replay(kind.media_type, name, kind.play(recorded))

    async def claim(self, scope: Scope, session_id: UUID, owner: str, user_id: UUID) -> Claim:
        """Makes `owner` (a relay's token) the one that serves a session. Raises `NoSuchSession`, `SessionClosed`."""
        async with self._db.scope(scope) as tx:
            row = await self._find(tx, session_id)
            if row.opened_by_id != user_id:
                raise NoSuchSession
            claimed = await repository.claim(tx, session_id, owner, user_id)
            if claimed is None:
                raise SessionClosed
            return Claim(claimed, await channels.claim(tx, session_id, owner), await channels.stored(tx, session_id))

    async def _find(self, tx: Transaction, session_id: UUID) -> SessionRow:
        row = await repository.find(tx, session_id)
        if row is None:
            raise NoSuchSession
        return row


async def close_expired(db: Database, bus: Bus) -> int:
    """Closes sessions whose lease is over (a worker's job, any number at once); returns how many were closed.

    Also hangs up once more what was closed in the last minutes, for agents that were away at that moment.
    """
    async with db.worker() as tx:
        candidates = await repository.expired(tx)
    closed = 0
    for candidate in candidates:
        tenant_id, session_id = candidate.tenant_id, candidate.session_id
        async with db.worker(tenant_id) as tx:
            row = await repository.close_expired(tx, session_id, "abandoned")
            if row is None:
                continue
            ended = await channels.close_as_worker(tx, [session_id], "abandoned")
            await note_channels(tx, row.agent_id, ended, Closure("abandoned", None, None))
            await note_session(tx, tenant_id, row, Closure("abandoned", None, None))
        closed += 1
        log.info("abandoned session closed", session_id=str(session_id), tenant_id=str(tenant_id))
        await bus.publish(traffic.tunnel_notice(session_id), traffic.encode(traffic.TunnelNotice("", "abandoned")))
    async with db.worker() as tx:
        hang_up = await repository.to_hang_up(tx)
    post = Post(bus.publish)
    for each in hang_up:
        await post.to_machine(each.gateway_id, each.agent_id, TunnelClose(each.session_id.bytes))
    return closed


async def _channels_of(tx: Transaction, rows: list[SessionRow]) -> list[ChannelRow]:
    return await channels.of_sessions(tx, [row.session_id for row in rows])


async def _add_channel(
    tx: Transaction,
    opener: Subject,
    place: tuple[UUID, UUID, int],
    kind: ChannelKind,
    parameters: Parameters,
    *,
    owner: str | None = None,
) -> None:
    """Adds a channel's row and its audit row. `place` is the machine, the session and the channel's number."""
    agent_id, session_id, number = place
    await channels.insert(
        tx, session_id, number, kind=kind.name, parameters=parameters, rights=kind.rights, owner=owner
    )
    details = {"kind": kind.name, "parameters": parameters, "rights": list(kind.rights)}
    await append(tx, "tunnel_audit", AuditRow("channel.open", opener, agent_id, session_id, number, details))


def _opening(session_id: UUID, channel: int, kind: ChannelKind, parameters: Parameters) -> TunnelOpen:
    """Returns what makes it begin at once; the half of a key is its relay's to offer."""
    return TunnelOpen(session_id.bytes, channel, kind.name, parameters, list(kind.rights), SHOWN_AHEAD_BYTES, None)
