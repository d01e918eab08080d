"""What a relay writes down, and reads back: audited input, recorded output, the lease.

Every write is fenced by the owner's token. While the database cannot write, a write waits, and with it what depends
on it: input that is not audited is not sent, output that is not recorded is not acknowledged.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from gururmm_wire.v2.limits import TUNNEL_INPUT_WINDOW_BYTES

from gururmm_server.core.audit.service import input_since
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.tunnel import _channel_repository as channels
from gururmm_server.core.tunnel import _repository as sessions
from gururmm_server.core.tunnel._channel_repository import ClaimedChannel, Owned
from gururmm_server.core.tunnel._repository import Claimed
from gururmm_server.core.tunnel.recording import Block, output_of
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

Statement = Callable[[], AbstractAsyncContextManager[Transaction]]


class LostSession(Exception):
    """Another relay owns the session now, or it was closed elsewhere."""


@dataclass(slots=True)
class Owner:
    """Who relays a session, and for whom. `audit_scope` is the tenant's, and the quickest there is."""

    token: str
    principal: Principal
    db: Database
    audit_scope: Statement

    def scope(self) -> AbstractAsyncContextManager[Transaction]:
        """Opens a transaction that sees what the session's technician sees."""
        return self.db.scope(self.principal.inside())


class SessionLedger:
    """The row of one tech session, as its owner may write it."""

    def __init__(self, owner: Owner, claimed: Claimed) -> None:
        self._owner = owner
        self._session_id = claimed.session_id

    async def renew(self, *, attached: bool) -> str | None:
        """Renews the lease, and notes whether a browser is `attached`.

        Returns the gateway that holds the agent now. Raises `LostSession`.
        """
        async with self._owner.scope() as tx:
            owned, gateway_id = await sessions.renew(tx, self._session_id, self._owner.token, attached=attached)
        if not owned:
            raise LostSession
        return gateway_id

    async def claim_channel(self, channel: int) -> ClaimedChannel | None:
        """Takes over a channel that was opened since; None where there is none. Raises `LostSession`."""
        async with self._owner.scope() as tx:
            if not await sessions.is_owner(tx, self._session_id, self._owner.token):
                raise LostSession
            claimed = await channels.claim(tx, self._session_id, self._owner.token, channel)
        return claimed[0] if claimed else None

    async def closed(self) -> str | None:
        """Returns the reason if the session is closed."""
        async with self._owner.scope() as tx:
            row = await sessions.find(tx, self._session_id)
        if row is None or row.status != "closed":
            return None
        return row.close_reason or "closed"


class ChannelLedger:
    """The rows of one channel, as its owner may write them."""

    def __init__(
        self,
        owner: Owner,
        session: Claimed,
        claimed: ClaimedChannel,
        *,
        operation: str,
        trouble: Callable[[GuruError | None], None],
    ) -> None:
        """`operation` is the audit's for input.

        `trouble` hears of the error that writing waits for, and None when it is over.
        """
        self._owner = owner
        self._session_id = session.session_id
        self._agent_id = session.agent_id
        self._channel = claimed.channel
        self._owned = Owned(session.session_id, claimed.channel, owner.token)
        self._operation = operation
        self._trouble = trouble
        self._log = log.bind(session_id=str(session.session_id), channel=claimed.channel)

    async def audit_input(self, offset: int, data: bytes) -> None:
        """Returns once the input's row is committed. Raises `LostSession`."""
        who, scope = self._owner.principal, self._owner.audit_scope

        async def write() -> bool:
            nonlocal scope
            # Only the first try goes the quick way: whatever ails that one must not keep input waiting.
            quick, scope = scope, self._tenant_scope
            async with quick() as tx:
                if await channels.append_input(
                    tx,
                    self._owned,
                    offset,
                    data,
                    operation=self._operation,
                    email=who.email,
                    user_id=who.user_id,
                    agent_id=self._agent_id,
                ):
                    return True
                # The answer to an earlier commit may have been lost on its way.
                ends = await channels.ends(tx, self._owned)
                return ends is not None and ends.open and ends.input_audited == offset + len(data)

        await self._insist(write, "input is not audited, so it is not sent")

    async def record_output(self, start: int, end: int, block: Block | None) -> None:
        """Returns once the output in [start, end) is recorded or, without a block, left out. Raises `LostSession`."""

        async def write() -> bool:
            async with self._tenant_scope() as tx:
                if await channels.record(tx, self._owned, (start, end), block):
                    return True
                ends = await channels.ends(tx, self._owned)
                return start < end and ends is not None and ends.output_recorded == end

        await self._insist(write, "output is not recorded, so it is not acknowledged")

    async def mark_open(self) -> None:
        """Notes that the agent has opened the channel."""

        async def write() -> bool:
            async with self._tenant_scope() as tx:
                await channels.mark_open(tx, self._owned)
            return True

        await self._insist(write, "that the channel is open is not noted")

    async def recorded_output(self, start: int, end: int) -> bytes:
        """Returns the recorded output in [start, end), which has no hole."""
        async with self._tenant_scope() as tx:
            blocks = await channels.recorded(tx, self._session_id, self._channel, start, end)
        data = b"".join(
            output_of(block)[max(0, start - block.offset) : end - block.offset] for block in blocks if block.size
        )
        assert len(data) == end - start, "the recording has a hole"
        return data

    async def recorded_before(self, end: int, most: int) -> bytes:
        """Returns the recorded output of the last `most` bytes before `end`, without what was left out."""
        start = max(0, end - most)
        async with self._tenant_scope() as tx:
            blocks = await channels.recorded(tx, self._session_id, self._channel, start, end)
        return await asyncio.to_thread(
            lambda: b"".join(output_of(block)[max(0, start - block.offset) : end - block.offset] for block in blocks)
        )

    async def whole_from(self, start: int, end: int) -> int:
        """Returns the first offset from `start` on from which nothing is left out up to `end`."""
        async with self._tenant_scope() as tx:
            spans = await channels.spans(tx, self._session_id, self._channel, start, end)
        whole, reached = start, start
        for offset, size in spans:
            if offset > reached:
                whole = offset
            reached = offset + size
        return whole if reached >= end else end

    async def audited_input(self, start: int, end: int) -> bytes | None:
        """Returns the audited input in [start, end); None where that is more than can be under way, or has a hole."""
        if end - start > 2 * TUNNEL_INPUT_WINDOW_BYTES:
            return None
        async with self._owner.db.audit_reader(self._owner.principal.inside()) as tx:
            data = await input_since(tx, "terminal relay", (self._session_id, self._channel, self._operation), start)
        return data[: end - start] if data is not None and len(data) >= end - start else None

    def _tenant_scope(self) -> AbstractAsyncContextManager[Transaction]:
        return self._owner.scope()

    async def _insist(self, write: Callable[[], Awaitable[bool]], otherwise: str) -> None:
        """Repeat a write until it is done; False from it means that the session is not ours. Raises `LostSession`."""
        pause_s, waiting = 0.05, False
        while True:
            try:
                if not await write():
                    raise LostSession
            except LostSession:
                raise
            except Exception as error:  # noqa: BLE001 - see below
                # Whatever keeps a row from being written: nothing goes on without it, and it is tried again.
                self._log.warning(otherwise, error=str(error), exc_info=not isinstance(error, GuruError))
                if not waiting:
                    self._trouble(error if isinstance(error, GuruError) else GuruError())
                waiting = True
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 2)
            else:
                if waiting:
                    self._trouble(None)
                return
