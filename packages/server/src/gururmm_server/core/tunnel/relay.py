"""One tech session, spliced: browser ↔ this process ↔ bus ↔ gateway ↔ agent.

Both directions count bytes, so every part may die: what a browser or an agent lacks is sent again from the offset it
names. The owner's token in core.tunnel_sessions fences an earlier relay: from the moment another one has claimed the
session, this one can neither audit (so not forward) nor record.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

import msgspec
from gururmm_wire.v2.agent import TunnelClosed, TunnelInputAck, TunnelOutput
from gururmm_wire.v2.limits import TUNNEL_WINDOW_BYTES
from gururmm_wire.v2.server import TunnelOpen

from gururmm_server.core.events import traffic
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.tunnel._repository import Claimed
from gururmm_server.core.tunnel.agent_end import AgentEnd, FromAgent
from gururmm_server.core.tunnel.browser_end import CLOSE_TAKEN_OVER, Browser, BrowserEnd
from gururmm_server.core.tunnel.errors import Protocol as ProtocolError
from gururmm_server.core.tunnel.input_path import InputPath
from gururmm_server.core.tunnel.ledger import Ledger, LostSession, Statement
from gururmm_server.core.tunnel.output_path import OutputPath
from gururmm_server.core.tunnel.reasons import Why, close_reason, sentence
from gururmm_server.core.tunnel.tasks import Tasks, run_to_its_end
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus, Subscription

log = get_logger(__name__)

GRACE_S = 60.0
"""How long a shell waits for a browser that dropped."""
HISTORY_BYTES = 256 * 1024
"""The most history a new tab gets."""
_RENEW_S = 10.0
_PROBE_S = 15.0
_CLOSE_TRIES_S = 60.0


class CloseSession(Protocol):
    """Closes the row with its audit and its event; does nothing where it is closed already."""

    async def __call__(self, session_id: UUID, reason: str, exit_code: int | None, actor: Principal) -> None: ...


class TunnelRelay:
    """The owner of one tech session, with at most one browser attached."""

    def __init__(
        self,
        claimed: Claimed,
        *,
        owner: str,
        principal: Principal,
        db: Database,
        audit_scope: Statement,
        bus: Bus,
        close_session: CloseSession,
        order_to_open: Callable[[UUID, TunnelOpen], bytes],
        on_gone: Callable[["TunnelRelay"], Awaitable[None]],
    ) -> None:
        self.session_id = claimed.session_id
        self.tenant_id = claimed.tenant_id
        self._claimed = claimed
        self._owner = owner
        self._bus = bus
        self._close_session = close_session
        self._on_gone = on_gone
        self._agent = AgentEnd(bus, claimed, order_to_open)
        self._ledger = Ledger(
            db, claimed, owner=owner, principal=principal, audit_scope=audit_scope, trouble=self._trouble
        )
        self._input = InputPath(claimed.input_audited, self._ledger.audit_input, self._agent.input)
        self._output = OutputPath(claimed.output_recorded, self._ledger.record_output, self._agent.acknowledge)
        self._browser: BrowserEnd | None = None
        self._agent_shown_online = True
        self._subscriptions: list[Subscription] = []
        self._tasks = Tasks(self._lose, lambda: self.end("failed"))
        self._upkeep: asyncio.Task[None] | None = None
        self._ending = self._disposed = False
        self._clock = asyncio.get_running_loop().time
        self._active_at = self._alone_at = self._renewed_at = self._clock()
        self._gap = False
        self._resend_input = True
        self._goodbyes = 0
        self._log = log.bind(session_id=str(self.session_id), agent_id=str(claimed.agent_id))

    @property
    def is_over(self) -> bool:
        """It ends or has ended: nothing may be attached to it."""
        return self._ending

    def belongs_to(self, principal: Principal) -> bool:
        """Whether this person opened it."""
        mine = self._ledger.principal
        return principal.user_id == mine.user_id and principal.tenant_id == mine.tenant_id

    async def start(self) -> None:
        """Listen to the agent, tell an earlier owner, and ask the agent for what is missing."""
        self._subscriptions = [
            await self._bus.subscribe(traffic.tunnel_all(self.session_id), self._on_tunnel),
            await self._bus.subscribe(traffic.agent_connected(self._claimed.agent_id), self._on_connected),
        ]
        notice = traffic.encode(traffic.TunnelNotice(self._owner))
        await self._bus.publish(traffic.tunnel_notice(self.session_id), notice)
        self._tasks.spawn(self._input.run())
        self._tasks.spawn(self._output.run())
        await self.resume()
        self._log.info("terminal claimed", input=self._claimed.input_audited, output=self._claimed.output_recorded)

    # -- the browser's side

    async def attach(self, browser: Browser, principal: Principal, seen: int, size: tuple[int, int]) -> BrowserEnd:
        """Serve this browser from now on, and no other; it has the output before `seen`."""
        start = await self._history_start(seen)
        earlier, end = self._browser, BrowserEnd(browser, self, start)
        self._browser, self._ledger.principal = end, principal
        if earlier is not None:
            await earlier.stop(CLOSE_TAKEN_OVER, "another window took over")
        end.control(type="attached", input_offset=self._input.audited, output_offset=start)
        self._agent_shown_online = True
        self._show_agent()
        end.start()
        await self.resize(*size)
        if self._output.received > 0 and (seen == 0 or start > seen):
            self._tasks.spawn(self._agent.redraw())
        self._log.info("browser attached", seen=seen, from_offset=start, actor=principal.email)
        return end

    async def leave(self, end: BrowserEnd, *, clean: bool) -> None:
        """This browser's socket is closed: cleanly ends the shell, otherwise it waits for `GRACE_S`."""
        await end.abandon()
        if self._browser is not end or self._ending:
            return
        self._browser = None
        self._alone_at = self._clock()
        self._log.info("browser left", clean=clean)
        if clean:
            self.end("closed")
        else:
            self._tasks.spawn(self._renew())

    def input(self, offset: int, data: bytes) -> None:
        """Keystrokes. Raises `Protocol` at a hole or beyond the window."""
        if not self._ending:
            self._active_at = self._clock()
            self._input.take(offset, data)

    async def shown(self, end: BrowserEnd, offset: int) -> None:
        """The browser has drawn the output before `offset`."""
        if self._browser is end:
            await self._output.shown_until(min(offset, end.sent))

    async def resize(self, columns: int, rows: int) -> None:
        """The window has this size; recorded and told to the program."""
        if (columns, rows) != self._agent.size:
            self._agent.size = (columns, rows)
            self._output.resized(columns, rows)
            await self._agent.show_size(columns, rows)

    @property
    def received(self) -> int:
        """How much output there is."""
        return self._output.received

    async def read(self, start: int, limit: int) -> bytes:
        """Output from `start` on: from memory, or from the recording where memory has let it go."""
        if start >= self._output.base:
            return self._output.slice(start, limit)
        return await self._ledger.recorded_output(start, min(self._output.base, start + limit))

    async def _history_start(self, seen: int) -> int:
        """Where output goes on for a tab that has `seen` bytes: there, or as far back as history is shown."""
        received = self._output.received
        if seen > received + TUNNEL_WINDOW_BYTES:
            raise ProtocolError("This tab is ahead of the terminal.")
        if seen >= received - HISTORY_BYTES or (seen and seen >= self._output.base):
            return seen
        start = received - HISTORY_BYTES
        head = await self.read(start, 4096)
        return start + head.find(b"\n") + 1

    def _show_agent(self) -> None:
        """Tell the browser when the agent goes or comes."""
        online = self._agent.online
        if online != self._agent_shown_online and self._browser is not None:
            self._agent_shown_online = online
            self._browser.control(type="state", agent="online" if online else "offline")

    def _trouble(self, error: GuruError | None) -> None:
        """Tell the browser what its terminal waits for (code null: for nothing any more)."""
        if self._browser is not None:
            code, message = (error.code, error.message) if error is not None else (None, "")
            self._browser.control(type="trouble", code=code, message=message)

    # -- the agent's side

    async def resume(self, *, reconnected: bool = False) -> None:
        """Ask the agent for what is missing here; its answer says what it misses."""
        self._resend_input |= reconnected
        await self._agent.resume(self._output.acknowledged)

    async def _on_tunnel(self, subject: str, payload: bytes) -> None:
        if subject.endswith(".notice"):
            notice = msgspec.msgpack.decode(payload, type=traffic.TunnelNotice)
            if notice.owner != self._owner:
                self._lose()
            return
        message = self._agent.hear(payload)
        if message is not None and not self._ending:
            self._show_agent()
            await self._on_agent_message(message)

    async def _on_agent_message(self, message: FromAgent) -> None:
        match message:
            case TunnelOutput(offset=offset, data=data):
                self._active_at = self._clock()
                self._gap = not self._output.take(offset, data)
                if self._gap and self._clock() - self._agent.resumed_at > 0.3:
                    await self.resume()
                elif self._browser is not None:
                    self._browser.wake()
            case TunnelInputAck(offset=offset):
                await self._on_input_ack(offset)
            case TunnelClosed():
                await self._on_closed(message)
                return
        if not self._agent.opened:
            self._agent.opened = True
            self._output.touch()

    async def _on_input_ack(self, offset: int) -> None:
        before = self._input.base
        if not self._input.acknowledged(offset):
            await self._recover_input(offset)
        if self._resend_input:
            self._resend_input = False
            await self._input.resend()
        if self._input.base > before and self._browser is not None:
            self._browser.acknowledge_input(self._input.base)

    async def _recover_input(self, offset: int) -> None:
        """An earlier relay audited input and died before the agent had it: the audit still has the bytes."""
        data = await self._ledger.audited_input(offset, self._input.base)
        if data is None:
            self._log.error("audited input cannot be recovered", agent=offset, audited=self._input.base)
            self.end("failed")
            return
        self._log.info("input recovered from the audit", offset=offset, size=len(data))
        self._input.recover(offset, data)
        self._resend_input = True

    async def _on_closed(self, message: TunnelClosed) -> None:
        if message.output_end > self._output.received and self._goodbyes < 3:
            self._goodbyes += 1  # the end overtook some output, which the agent still has
            await self.resume()
            return
        why: Why = "exited" if self._agent.opened else "not_opened"
        if self._agent.opened and message.exit_code is None and message.output_end == 0:
            why = "agent_lost"
        self.end(why, message.exit_code, said=message.message, tell_agent=False)

    async def _on_connected(self, _subject: str, payload: bytes) -> None:
        where = msgspec.msgpack.decode(payload, type=traffic.AgentConnected)
        if where.tenant_id == self._claimed.tenant_id.bytes:
            self._agent.gateway_id = where.gateway_id
            await self.resume(reconnected=True)

    # -- time

    def tick(self, revoked: Callable[[UUID], bool]) -> None:
        """Look after repetitions, leases, absence and sign-ins that `revoked` knows; called a few times a second."""
        if revoked(self._ledger.principal.session_id):
            self.end("signed_out")
        if not self._ending and (self._upkeep is None or self._upkeep.done()):
            self._upkeep = self._tasks.spawn(self._keep_up())

    async def _keep_up(self) -> None:
        await self._output.settle()
        if await self._input.resend_if_stuck():
            self._agent.expect_answer()
        now, resumed_at, attached = self._clock(), self._agent.resumed_at, self._browser is not None
        idle = resumed_at < self._active_at < now - 1
        if (
            ((self._gap or self._goodbyes) and now - resumed_at > 0.3)
            or ((idle or not self._agent.opened) and now - resumed_at > 1)
            or (not self._agent.online and now - resumed_at > 2)
            or (attached and now - resumed_at > _PROBE_S)
        ):
            await self.resume()
        self._show_agent()
        if attached and now - self._renewed_at > (_RENEW_S if self._agent.online else 2):
            await self._renew()
        if not attached and now - self._alone_at > GRACE_S:
            self.end("abandoned")

    async def is_still_owner(self) -> bool:
        """Renew the lease; False where the session is another relay's or closed, and then this relay ends."""
        try:
            gateway_id = await self._ledger.renew()
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

    def end(self, why: Why, exit_code: int | None = None, *, said: str = "", tell_agent: bool = True) -> None:
        """End the session, for everybody. Once."""
        if not self._ending:
            self._ending = True
            run_to_its_end(self._end(close_reason(why, said), exit_code, tell_agent))

    async def stop(self, code: int, reason: str) -> None:
        """Give the session up without ending it: the browser attaches elsewhere."""
        if self._ending:
            return
        self._ending = True
        try:
            await asyncio.wait_for(self._output.flush(), 2)
        except (LostSession, TimeoutError):
            self._log.info("the last output was not recorded here")
        await self._dispose()
        if self._browser is not None:
            await self._browser.stop(code, reason)

    async def _end(self, reason: str, exit_code: int | None, tell_agent: bool) -> None:
        written = asyncio.create_task(self._write_end(reason, exit_code, tell_agent))
        # The browser hears within 3 s even while the database is away; the row follows.
        await asyncio.wait({written}, timeout=3)
        await self._say_closed(reason, exit_code)
        await asyncio.wait({written})
        await self._dispose()
        self._log.info("terminal ended", reason=reason, exit_code=exit_code)

    async def _write_end(self, reason: str, exit_code: int | None, tell_agent: bool) -> None:
        """Record what is left, close the row, then hang up. Given up after a minute: the lease's sweep does it then."""
        give_up = self._clock() + _CLOSE_TRIES_S
        while self._clock() < give_up:
            try:
                await asyncio.wait_for(self._output.flush(), 10)
            except (LostSession, TimeoutError):
                self._log.warning("the last output is not recorded")
            try:
                await self._close_session(self.session_id, reason, exit_code, self._ledger.principal)
            except Exception as error:  # noqa: BLE001 - what an agent said of its end must not keep the end from it
                foreseen = isinstance(error, GuruError)
                self._log.warning("the end of a terminal is not written yet", error=str(error), exc_info=not foreseen)
                if not foreseen:
                    reason, exit_code = close_reason("failed"), None
                await asyncio.sleep(1)
            else:
                if tell_agent:
                    await self._agent.hang_up()
                return

    def _lose(self) -> None:
        if not self._ending:
            self._ending = True
            run_to_its_end(self._give_way())

    async def _give_way(self) -> None:
        """Closed elsewhere, or another relay's now: say which."""
        await self._dispose()
        closed = None
        try:
            closed = await self._ledger.closed()
        except GuruError as error:
            self._log.warning("cannot tell how the terminal ended", error=str(error))
        if closed is not None:
            await self._say_closed(*closed)
        elif self._browser is not None:
            await self._browser.stop(CLOSE_TAKEN_OVER, "another window took over")

    async def _say_closed(self, reason: str, exit_code: int | None) -> None:
        if self._browser is not None:
            await self._browser.finish(5, type="closed", exit_code=exit_code, reason=sentence(reason))

    async def _dispose(self) -> None:
        self._tasks.cancel()
        for subscription in self._subscriptions:
            await subscription.stop()
        self._subscriptions = []
        if not self._disposed:
            self._disposed = True
            await self._on_gone(self)
