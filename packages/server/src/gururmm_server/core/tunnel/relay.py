"""One tech session, relayed: its channels, its agent, its browser, its lease.

The owner's token in core.tunnel_sessions (and in each channel's row) fences an earlier relay: from the moment another
one has claimed the session, this one can neither audit (so not forward) nor record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

import msgspec

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.post import traffic
from gururmm_server.core.tunnel._channel_repository import ClaimedChannel
from gururmm_server.core.tunnel._repository import Claimed
from gururmm_server.core.tunnel.agent_end import AgentEnd, OrderToOpen
from gururmm_server.core.tunnel.browser_end import CLOSE_TAKEN_OVER, Browser, BrowserEnd
from gururmm_server.core.tunnel.channel_relay import ChannelRelay
from gururmm_server.core.tunnel.closing import Closure
from gururmm_server.core.tunnel.errors import NoSuchChannel
from gururmm_server.core.tunnel.ledger import LostSession, Owner, SessionLedger
from gururmm_server.core.tunnel.reasons import Why, close_reason, sentence
from gururmm_server.core.tunnel.recording import Budget, RecordingAllowance
from gururmm_server.core.tunnel.tasks import Tasks, run_to_its_end
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus, Subscription

log = get_logger(__name__)

_RENEW_S = 10.0
_CLOSE_TRIES_S = 60.0
_SAY_S = 3.0
_FLUSH_S = 10.0


class Closing(Protocol):
    """Closes rows with their audit and events; does nothing where they are closed already."""

    async def end(self, scope: Scope, session_id: UUID, closure: Closure) -> bool:
        """Close a session with all of its channels."""

    async def end_channel(self, scope: Scope, session_id: UUID, channel: int, closure: Closure) -> bool:
        """Close a channel, and the session with its last one. Returns whether the session is closed now."""


class SessionRelay:
    """The owner of one tech session, with at most one browser attached."""

    def __init__(
        self,
        claimed: Claimed,
        channels: list[ClaimedChannel],
        *,
        owner: Owner,
        stored: int,
        allowance: RecordingAllowance | None = None,
        bus: Bus,
        closing: Closing,
        order_to_open: OrderToOpen,
        on_gone: Callable[["SessionRelay"], Awaitable[None]],
    ) -> None:
        """`stored` is how much the session's recordings hold already, `allowance` what its Partner's may hold yet."""
        self.session_id = claimed.session_id
        self.tenant_id = claimed.tenant_id
        self.browser: BrowserEnd | None = None
        self._claimed = claimed
        self._owner = owner
        self._bus = bus
        self._closing = closing
        self._on_gone = on_gone
        self._agent = AgentEnd(bus, claimed, order_to_open)
        self._ledger = SessionLedger(owner, claimed)
        self._tasks = Tasks(self._lose, lambda: self.end("failed"))
        self._clock = asyncio.get_running_loop().time
        self._budget = Budget(stored, self._clock, allowance)
        self._channels = {each.channel: self._channel(each) for each in channels}
        self._attaching = asyncio.Lock()
        self._subscriptions: list[Subscription] = []
        self._upkeep: asyncio.Task[None] | None = None
        self._agent_shown_online = True
        self._ending = self._disposed = False
        self._alone_at = self._renewed_at = self._clock()
        self._log = log.bind(session_id=str(self.session_id), agent_id=str(claimed.agent_id))

    @property
    def is_over(self) -> bool:
        """Tells whether it ends or has ended: nothing may be attached to it then."""
        return self._ending

    def belongs_to(self, principal: Principal) -> bool:
        """Tells whether this person opened it."""
        mine = self._owner.principal
        return principal.user_id == mine.user_id and principal.tenant_id == mine.tenant_id

    async def start(self) -> None:
        """Listen to the agent, tell an earlier owner, and ask the agent for what is missing."""
        self._subscriptions = [
            await self._bus.subscribe(traffic.tunnel_all(self.session_id), self._on_tunnel),
            await self._bus.subscribe(traffic.agent_connected(self._claimed.agent_id), self._on_connected),
        ]
        notice = traffic.encode(traffic.TunnelNotice(self._owner.token))
        await self._bus.publish(traffic.tunnel_notice(self.session_id), notice)
        for channel in list(self._channels.values()):
            await channel.start()
        self._log.info("session claimed", channels=sorted(self._channels))

    def _channel(self, claimed: ClaimedChannel) -> ChannelRelay:
        return ChannelRelay(
            self,
            claimed,
            self._claimed,
            owner=self._owner,
            agent=self._agent,
            budget=self._budget,
            tasks=self._tasks,
        )

    # -- the browser's side

    async def attach(self, browser: Browser, principal: Principal) -> BrowserEnd:
        """Serve this browser from now on, and no other. It says next which channels it wants."""
        earlier, end = self.browser, BrowserEnd(browser)
        self.browser, self._owner.principal = end, principal
        if earlier is not None:
            await earlier.stop(CLOSE_TAKEN_OVER, "another window took over")
        self._agent_shown_online = True
        self._show_agent()
        end.start()
        self._log.info("browser attached", actor=principal.email)
        return end

    async def attach_channel(self, end: BrowserEnd, number: int, seen: int, change: Mapping[str, Any]) -> None:
        """Serve a channel to this browser. Raises `NoSuchChannel`, `StreamViolation`, `BadParameters`."""
        async with self._attaching:
            channel = self._channels.get(number)
            if channel is None:
                channel = await self._claim_channel(number)
        await channel.attach(end, seen, change)

    async def _claim_channel(self, number: int) -> ChannelRelay:
        """Take over a channel that was opened after this relay began."""
        try:
            claimed = await self._ledger.claim_channel(number)
        except LostSession as error:
            self._lose()
            raise NoSuchChannel from error
        if claimed is None:
            raise NoSuchChannel
        channel = self._channels[number] = self._channel(claimed)
        await channel.start()
        return channel

    async def leave(self, end: BrowserEnd, *, clean: bool) -> None:
        """Note that this browser's socket is closed. Cleanly, that ends the session, which else waits for its grace."""
        await end.abandon()
        if self.browser is not end or self._ending:
            return
        self.browser = None
        self._alone_at = self._clock()
        self._log.info("browser left", clean=clean)
        if clean:
            self.end("closed")
        else:
            self._tasks.spawn(self._renew())

    def channel(self, number: int) -> ChannelRelay:
        """Returns a channel that a browser attached. Raises `NoSuchChannel`."""
        channel = self._channels.get(number)
        if channel is None:
            raise NoSuchChannel
        return channel

    def _show_agent(self) -> None:
        """Tell the browser when the agent goes or comes."""
        online = self._agent.online
        if online != self._agent_shown_online and self.browser is not None:
            self._agent_shown_online = online
            self.browser.control(type="state", agent="online" if online else "offline")

    # -- the agent's side

    async def resume(self, *, reconnected: bool = False) -> None:
        """Ask the agent for what is missing here, on every channel."""
        for channel in list(self._channels.values()):
            if not channel.is_over:
                await channel.resume(reconnected=reconnected)

    async def _on_tunnel(self, subject: str, payload: bytes) -> None:
        if subject.endswith(".notice"):
            notice = msgspec.msgpack.decode(payload, type=traffic.TunnelNotice)
            if notice.owner != self._owner.token:
                self._on_notice(notice)
            return
        messages = self._agent.hear(payload)
        if messages and not self._ending:
            self._show_agent()
        for message in messages:
            channel = self._channels.get(message.channel)
            if channel is not None and not self._ending:
                await channel.hear(message)

    def _on_notice(self, notice: traffic.TunnelNotice) -> None:
        """Follow what another process says: it owns the session, closed it, or closed one channel of it."""
        if notice.channel is None:
            self._lose()
            return
        channel = self._channels.get(notice.channel)
        if channel is not None and not channel.is_over:
            channel.is_over = True
            self._tasks.spawn(self._close_elsewhere(channel, notice.reason or "closed"))

    async def _close_elsewhere(self, channel: ChannelRelay, reason: str) -> None:
        await channel.record_rest(_SAY_S)
        self._say_closed(channel, reason, None)

    async def _on_connected(self, _subject: str, payload: bytes) -> None:
        where = msgspec.msgpack.decode(payload, type=traffic.AgentConnected)
        if where.tenant_id == self.tenant_id.bytes and not self._ending:
            if where.tunnel:
                self._agent.tunnel_gateway_id = where.gateway_id
            else:
                self._agent.gateway_id = where.gateway_id
            await self.resume(reconnected=True)

    # -- time

    def tick(self, revoked: Callable[[UUID], bool]) -> None:
        """Look after repetitions, leases, absence and sign-ins that `revoked` knows; called a few times a second."""
        if revoked(self._owner.principal.session_id):
            self.end("signed_out")
        if self._ending:
            return
        for channel in self._channels.values():
            channel.tick(attached=self.browser is not None)
        if self._upkeep is None or self._upkeep.done():
            self._upkeep = self._tasks.spawn(self._keep_up())

    async def _keep_up(self) -> None:
        self._show_agent()
        now, attached = self._clock(), self.browser is not None
        if attached and now - self._renewed_at > (_RENEW_S if self._agent.online else 2):
            await self._renew()
        if not attached and now - self._alone_at > self._claimed.grace_s:
            self.end("abandoned")

    async def is_still_owner(self, *, attaching: bool = False) -> bool:
        """Renew the lease; a browser may be about to attach, which counts.

        Returns False where the session is another relay's or closed; then this relay ends.
        """
        try:
            gateway_id = await self._ledger.renew(attached=attaching or self.browser is not None)
        except LostSession:
            self._lose()
            return False
        self._renewed_at = self._clock()
        if gateway_id != self._agent.gateway_id:
            self._agent.gateway_id = gateway_id
            await self.resume(reconnected=True)
        return True

    async def _renew(self) -> None:
        self._renewed_at = self._clock()
        try:
            await self.is_still_owner()
        except GuruError as error:
            self._log.warning("lease not renewed", error=str(error))

    # -- the end

    def end(self, why: Why) -> None:
        """End the session with all of its channels, for everybody. Once."""
        if not self._ending:
            self._ending = True
            run_to_its_end(self._end(close_reason(why)))

    def channel_ended(self, channel: ChannelRelay, reason: str, exit_code: int | None, *, tell_agent: bool) -> None:
        """See `channel_relay.TechSession`."""
        run_to_its_end(self._end_channel(channel, reason, exit_code, tell_agent))

    async def stop(self, code: int, reason: str) -> None:
        """Give the session up without closing it: the browser attaches elsewhere."""
        if self._ending:
            return
        self._ending = True
        await asyncio.gather(*(channel.record_rest(2) for channel in self._channels.values()))
        await self._dispose()
        if self.browser is not None:
            await self.browser.stop(code, reason)

    async def vanish(self) -> None:
        """Stop as a killed process does, for tests of crashes: nobody hears of it and nothing more is written down."""
        self._ending = True
        await self._dispose()
        if self.browser is not None:
            await self.browser.abandon()

    async def _end(self, reason: str) -> None:
        open_ones = [channel for channel in self._channels.values() if not channel.is_over]
        for channel in open_ones:
            channel.is_over = True
        written = asyncio.create_task(self._write_end(open_ones, reason))
        # The browser hears within 3 s even while the database is away; the row follows.
        await asyncio.wait({written}, timeout=_SAY_S)
        for channel in open_ones:
            self._say_closed(channel, reason, None)
        await self._finish()
        await asyncio.wait({written})
        await self._dispose()
        self._log.info("session ended", reason=reason)

    async def _write_end(self, open_ones: list[ChannelRelay], reason: str) -> None:
        async def close(reason: str, _exit_code: int | None) -> bool:
            await asyncio.gather(*(channel.record_rest(_FLUSH_S) for channel in open_ones))
            closure = Closure(reason, None, self._owner.principal.subject)
            return await self._closing.end(self._owner.principal.inside(), self.session_id, closure)

        if await self._insist(close, reason, None) is not None:
            await self._agent.hang_up()

    async def _end_channel(self, channel: ChannelRelay, reason: str, exit_code: int | None, tell_agent: bool) -> None:
        async def close(reason: str, exit_code: int | None) -> bool:
            await channel.record_rest(_FLUSH_S)
            closure = Closure(reason, exit_code, self._owner.principal.subject)
            scope = self._owner.principal.inside()
            return await self._closing.end_channel(scope, self.session_id, channel.number, closure)

        written = asyncio.create_task(self._insist(close, reason, exit_code))
        await asyncio.wait({written}, timeout=_SAY_S)
        self._say_closed(channel, reason, exit_code)
        if written in (await asyncio.wait({written}))[0] and tell_agent:
            await self._agent.hang_up(channel.number)
        self._log.info("channel ended", channel=channel.number, reason=reason, exit_code=exit_code)
        closed = written.result()
        over = all(each.is_over for each in self._channels.values()) if closed is None else closed
        if over and not self._ending:
            self._ending = True
            await self._finish()
            await self._dispose()

    async def _insist(
        self, close: Callable[[str, int | None], Awaitable[bool]], reason: str, exit_code: int | None
    ) -> bool | None:
        """Close a row, again and again. Returns None when a minute was in vain: then the lease's sweep does it."""
        give_up = self._clock() + _CLOSE_TRIES_S
        while self._clock() < give_up:
            try:
                return await close(reason, exit_code)
            except Exception as error:  # noqa: BLE001 - what an agent said of its end must not keep the end from it
                foreseen = isinstance(error, GuruError)
                self._log.warning("an end is not written yet", error=str(error), exc_info=not foreseen)
                if not foreseen:
                    reason, exit_code = close_reason("failed"), None
                await asyncio.sleep(1)
        return None

    def _lose(self) -> None:
        if not self._ending:
            self._ending = True
            run_to_its_end(self._give_way())

    async def _give_way(self) -> None:
        """Tell the browser which it is: closed elsewhere, or another relay's now."""
        await self._dispose()
        reason = None
        try:
            reason = await self._ledger.closed()
        except GuruError as error:
            self._log.warning("cannot tell how the session ended", error=str(error))
        if reason is not None:
            for channel in self._channels.values():
                self._say_closed(channel, reason, None)
            await self._finish()
        elif self.browser is not None:
            await self.browser.stop(CLOSE_TAKEN_OVER, "another window took over")

    def _say_closed(self, channel: ChannelRelay, reason: str, exit_code: int | None) -> None:
        if self.browser is not None:
            self.browser.end(channel.number, exit_code, sentence(reason))

    async def _finish(self) -> None:
        if self.browser is not None:
            await self.browser.finish(5)

    async def _dispose(self) -> None:
        self._tasks.cancel()
        for subscription in self._subscriptions:
            await subscription.stop()
        self._subscriptions = []
        if not self._disposed:
            self._disposed = True
            await self._on_gone(self)
