"""One channel, spliced: browser ↔ this process ↔ agent. What every kind of channel has in common.

Both directions count bytes, so every part may die: what a browser or an agent lacks is sent again from the offset it
names.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from gururmm_wire.v2.agent import TunnelClosed, TunnelInputAck, TunnelOutput
from gururmm_wire.v2.limits import TUNNEL_CREDIT_BYTES

from gururmm_server.core.tunnel._channel_repository import ClaimedChannel
from gururmm_server.core.tunnel._repository import Claimed
from gururmm_server.core.tunnel.agent_channel import AgentChannel
from gururmm_server.core.tunnel.agent_end import AgentEnd, FromAgent
from gururmm_server.core.tunnel.browser_end import BrowserEnd
from gururmm_server.core.tunnel.errors import StreamViolation
from gururmm_server.core.tunnel.input_path import InputPath
from gururmm_server.core.tunnel.kinds import kind_of
from gururmm_server.core.tunnel.ledger import ChannelLedger, LostSession, Owner
from gururmm_server.core.tunnel.output_path import OutputPath
from gururmm_server.core.tunnel.reasons import Why, close_reason
from gururmm_server.core.tunnel.recording import Budget
from gururmm_server.core.tunnel.tasks import Tasks
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

HISTORY_BYTES = 256 * 1024
"""The most history a new tab gets."""
_MODES_BYTES = 4 * 1024 * 1024
"""So much before the history is looked through for the state that its screen begins in."""
UNATTENDED_S = 15.0
"""How long a browser may be away before the program goes on without it."""
_PROBE_S = 15.0
_REDRAW_S = 0.1
_GOODBYES = 3


class TechSession(Protocol):
    """What a channel needs of the tech session it belongs to."""

    @property
    def browser(self) -> BrowserEnd | None: ...

    def channel_ended(self, channel: "ChannelRelay", reason: str, exit_code: int | None, *, tell_agent: bool) -> None:
        """Write down that the channel is over, and tell everybody."""


class ChannelRelay:
    """The owner of one channel of a session."""

    def __init__(
        self,
        session: TechSession,
        claimed: ClaimedChannel,
        of: Claimed,
        *,
        owner: Owner,
        agent: AgentEnd,
        budget: Budget,
        tasks: Tasks,
    ) -> None:
        self.number = claimed.channel
        self._session = session
        self._rights = frozenset(claimed.rights)
        self._kind = kind_of(claimed.kind)
        self._agent = agent
        self._end_of_agent = AgentChannel(agent, claimed)
        self._ledger = ChannelLedger(owner, of, claimed, operation=self._kind.input_operation, trouble=self._trouble)
        self._budget = budget
        self._input = InputPath(claimed.input_audited, self._audit_input, self._end_of_agent.input)
        self._output = OutputPath(
            claimed.output_recorded, self._ledger.record_output, self._end_of_agent.acknowledge, budget
        )
        self._tasks = tasks
        self._upkeep: asyncio.Task[None] | None = None
        self._clock = asyncio.get_running_loop().time
        self._active_at = self._attended_at = self._clock()
        self._gap = False
        self._resend_input = True
        self._goodbyes = 0
        self._log = log.bind(session_id=str(of.session_id), channel=claimed.channel)
        self.is_over = False

    async def _audit_input(self, offset: int, data: bytes) -> None:
        await self._budget.pace_input(len(data))
        await self._ledger.audit_input(offset, data)

    async def start(self) -> None:
        """Begin to audit and to record, and ask the agent for what is missing."""
        self._tasks.spawn(self._input.run())
        self._tasks.spawn(self._output.run())
        await self.resume()

    # -- the browser's side

    async def attach(self, end: BrowserEnd, seen: int, change: Mapping[str, Any]) -> None:
        """Serve this browser, which has the output before `seen`, from now on. Raises `StreamViolation`."""
        wanted = self._kind.change(change) if change else None
        start = await self._history_start(seen)
        begins_anew = self._output.received > 0 and (seen == 0 or start > seen)
        prelude = await self._prelude(start) if begins_anew else ""
        end.control(type="attached", channel=self.number, input_offset=self._input.audited, output_offset=start)
        if begins_anew:
            end.control(type="history", channel=self.number, until=self._output.received, prelude=prelude)
        end.attach(self.number, self, start)
        if wanted is not None:
            await self._change(wanted)
        if begins_anew:
            self._tasks.spawn(self._redraw())
        self._log.info("channel attached", seen=seen, from_offset=start)

    def input(self, offset: int, data: bytes) -> None:
        """Take input. Raises `StreamViolation` at a hole, beyond the window and without the right."""
        if self._kind.input_right not in self._rights:
            raise StreamViolation("This channel takes no input from you.")
        if not self.is_over:
            self._active_at = self._clock()
            self._input.take(offset, data)

    async def shown(self, end: BrowserEnd, offset: int) -> None:
        """Note that the browser has drawn the output before `offset`."""
        sent = end.sent(self.number)
        if sent is not None:
            await self._output.shown_until(min(offset, sent))

    async def change(self, given: Mapping[str, Any]) -> None:
        """Record other values of some parameters and tell them to the agent. Raises `BadParameters`."""
        await self._change(self._kind.change(given))

    async def _change(self, change: dict[str, Any]) -> None:
        if change == self._end_of_agent.changed:
            return
        self._end_of_agent.changed = change
        note = self._kind.note(change)
        if note is not None:
            self._output.note(*note)
        await self._end_of_agent.change(change)

    async def _redraw(self) -> None:
        """Make what runs show itself anew."""
        changed = self._end_of_agent.changed
        if changed is None:
            return
        for change in self._kind.redraw(changed):
            await self._end_of_agent.change(change)
            await asyncio.sleep(_REDRAW_S)

    @property
    def received(self) -> int:
        """Returns how much output there is."""
        return self._output.received

    async def read(self, start: int, limit: int) -> bytes:
        """Returns output from `start` on: from memory, or from the recording where memory has let it go."""
        if start >= self._output.base:
            return self._output.read(start, limit)
        return await self._ledger.recorded_output(start, min(self._output.base, start + limit))

    async def _history_start(self, seen: int) -> int:
        """Returns where output goes on for a tab that has `seen` bytes: there, or as far back as history is shown."""
        received, base = self._output.received, self._output.base
        if seen > received + TUNNEL_CREDIT_BYTES:
            raise StreamViolation("This tab is ahead of the terminal.")
        if seen and seen >= base:
            return seen
        start = whole = max(seen, received - HISTORY_BYTES)
        if start < base:
            whole = await self._ledger.whole_from(start, base)
        if whole == seen:
            return seen
        return whole + self._kind.history_skip(await self.read(whole, 4096))

    async def _prelude(self, start: int) -> str:
        """Returns what brings a tab's screen into the state that it had at `start`."""
        base = self._output.base
        held = self._output.read(base, start - base) if start > base else b""
        earlier = await self._ledger.recorded_before(min(start, base), _MODES_BYTES)
        return await asyncio.to_thread(self._kind.prelude, earlier + held)

    def _trouble(self, error: GuruError | None) -> None:
        """Tell the browser what its channel waits for (code null: for nothing any more)."""
        if (browser := self._session.browser) is not None:
            code, message = (error.code, error.message) if error is not None else (None, "")
            browser.control(type="trouble", channel=self.number, code=code, message=message)

    # -- the agent's side

    async def resume(self, *, reconnected: bool = False) -> None:
        """Ask the agent for what is missing here; its answer says what it misses."""
        self._resend_input |= reconnected
        await self._end_of_agent.resume(self._output.acknowledged, self._output.credit)

    async def hear(self, message: FromAgent) -> None:
        """Take a message of the agent about this channel; what it did not say itself is passed over."""
        word = None if self.is_over else await self._end_of_agent.hear(message)
        match word:
            case None:
                return
            case TunnelOutput(offset=offset, data=data):
                self._active_at = self._clock()
                self._gap = not self._output.take(offset, data)
                if self._gap and self._clock() - self._end_of_agent.resumed_at > 0.3:
                    await self.resume()
                elif (browser := self._session.browser) is not None:
                    browser.wake()
            case TunnelInputAck(offset=offset):
                await self._on_input_ack(offset)
            case TunnelClosed():
                await self._on_closed(word)
                return
        if not self._end_of_agent.opened and self._end_of_agent.is_sealed:
            self._end_of_agent.opened = True
            self._tasks.spawn(self._ledger.mark_open())

    async def _on_input_ack(self, offset: int) -> None:
        before = self._input.base
        if not self._input.acknowledged(offset):
            await self._recover_input(offset)
        if self._resend_input:
            self._resend_input = False
            await self._input.resend()
        if self._input.base > before and (browser := self._session.browser) is not None:
            browser.acknowledge_input(self.number, self._input.base)

    async def _recover_input(self, offset: int) -> None:
        """Get input from the audit that an earlier relay wrote there and died before the agent had it."""
        data = await self._ledger.audited_input(offset, self._input.base)
        if data is None:
            self._log.error("audited input cannot be recovered", agent=offset, audited=self._input.base)
            self.end("failed")
            return
        self._log.info("input recovered from the audit", offset=offset, size=len(data))
        self._input.recover(offset, data)
        self._resend_input = True

    async def _on_closed(self, message: TunnelClosed) -> None:
        if message.output_end > self._output.received and self._goodbyes < _GOODBYES:
            self._goodbyes += 1  # the end overtook some output, which the agent still has
            await self.resume()
            return
        why: Why = "exited" if self._end_of_agent.opened else "not_opened"
        if self._end_of_agent.opened and not message.proof:
            why = "agent_lost"
        said, lost = message.message, message.output_end - self._output.received
        if why == "exited" and lost > 0:
            said = f"{said} {lost} bytes of its last output did not arrive.".strip()
        self.end(why, message.exit_code, said=said, tell_agent=False)

    # -- time and the end

    def tick(self, *, attached: bool) -> None:
        """Look after repetitions; called a few times a second."""
        if attached:
            self._attended_at = self._clock()
        if not self.is_over and (self._upkeep is None or self._upkeep.done()):
            self._upkeep = self._tasks.spawn(self._keep_up(attached))

    async def _keep_up(self, attached: bool) -> None:
        if self._clock() - self._attended_at > UNATTENDED_S:
            await self._output.unattended()
        await self._output.settle(all_of_it=True)
        if await self._input.resend_if_stuck():
            self._agent.expect_answer()
        now, resumed_at = self._clock(), self._end_of_agent.resumed_at
        idle = resumed_at < self._active_at < now - 1
        if (
            ((self._gap or self._goodbyes) and now - resumed_at > 0.3)
            or ((idle or not self._end_of_agent.opened) and now - resumed_at > 1)
            or (not self._agent.online and now - resumed_at > 2)
            or (attached and now - resumed_at > _PROBE_S)
        ):
            await self.resume()

    def end(self, why: Why, exit_code: int | None = None, *, said: str = "", tell_agent: bool = True) -> None:
        """End the channel, for everybody. Once."""
        if not self.is_over:
            self.is_over = True
            self._session.channel_ended(self, close_reason(why, said), exit_code, tell_agent=tell_agent)

    async def record_rest(self, within_s: float) -> None:
        """Record what is here, if that works in this time."""
        try:
            await asyncio.wait_for(self._output.flush(), within_s)
        except (LostSession, TimeoutError):
            self._log.warning("the last output is not recorded")
