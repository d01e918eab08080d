"""What a relay writes down, and reads back: audited input, recorded output, the lease.

Every write is fenced by the owner's token. While the database cannot write, a write waits, and with it what depends
on it: input that is not audited is not sent, output that is not recorded is not acknowledged.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from gururmm_wire.v2.limits import TUNNEL_INPUT_WINDOW_BYTES

from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.tunnel import _repository as repository
from gururmm_server.core.tunnel._repository import Claimed, Recorded
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)


Statement = Callable[[], AbstractAsyncContextManager[Transaction]]


class LostSession(Exception):
    """Another relay owns the session now, or it was closed elsewhere."""


class Ledger:
    """The rows of one tech session, as its owner may write them."""

    def __init__(
        self,
        db: Database,
        claimed: Claimed,
        *,
        owner: str,
        principal: Principal,
        audit_scope: Statement,
        trouble: Callable[[GuruError | None], None],
    ) -> None:
        """`audit_scope` is the tenant's, and the quickest there is.

        `trouble` hears of the error that writing waits for, and None when it is over.
        """
        self._db = db
        self._tenant_id = claimed.tenant_id
        self._session_id = claimed.session_id
        self._owner = owner
        self._audit_scope = audit_scope
        self._trouble = trouble
        self._log = log.bind(session_id=str(claimed.session_id))
        self.principal = principal

    async def audit_input(self, offset: int, data: bytes) -> None:
        """Return once the input's row is committed. Raises `LostSession`."""
        who, scope = self.principal, self._audit_scope

        async def write() -> bool:
            nonlocal scope
            # Only the first try goes the quick way: whatever ails that one must not keep input waiting.
            quick, scope = scope, self._tenant_scope
            async with quick() as tx:
                if await repository.append_input(
                    tx, self._session_id, self._owner, offset, data, email=who.email, user_id=who.user_id
                ):
                    return True
                # The answer to an earlier commit may have been lost on its way.
                ends = await repository.ends(tx, self._session_id, self._owner)
                return ends is not None and ends.open and ends.input_audited == offset + len(data)

        await self._insist(write, "input is not audited, so it is not sent")

    def _tenant_scope(self) -> AbstractAsyncContextManager[Transaction]:
        return self._db.scope(self.principal.inside())

    async def record_output(self, start: int, end: int, rows: list[Recorded]) -> None:
        """Return once the output in [start, end) is recorded. Raises `LostSession`."""

        async def write() -> bool:
            async with self._db.scope(self.principal.inside()) as tx:
                if await repository.record(tx, self._session_id, self._owner, (start, end), rows):
                    return True
                ends = await repository.ends(tx, self._session_id, self._owner)
                return ends is not None and ends.output_recorded == end

        await self._insist(write, "output is not recorded, so it is not acknowledged")

    async def recorded_output(self, start: int, end: int) -> bytes:
        """The recorded output in [start, end)."""
        async with self._db.scope(self.principal.inside()) as tx:
            data = await repository.recorded_output(tx, self._session_id, start, end)
        assert len(data) == end - start, "the recording has a hole"
        return data

    async def audited_input(self, start: int, end: int) -> bytes | None:
        """The audited input in [start, end); None where that is more than can be under way, or has a hole."""
        if end - start > 2 * TUNNEL_INPUT_WINDOW_BYTES:
            return None
        async with self._db.audit_reader(self.principal.inside()) as tx:
            data = await repository.audited_input(tx, self._session_id, start)
        return data[: end - start] if data is not None and len(data) >= end - start else None

    async def renew(self) -> str | None:
        """Renew the lease; the gateway that holds the agent now. Raises `LostSession`."""
        async with self._db.scope(self.principal.inside()) as tx:
            owned, gateway_id = await repository.renew(tx, self._session_id, self._owner)
        if not owned:
            raise LostSession
        return gateway_id

    async def closed(self) -> tuple[str, int | None] | None:
        """Reason and exit code if the session is closed."""
        async with self._db.scope(self.principal.inside()) as tx:
            row = await repository.find(tx, self._session_id)
        if row is None or row["status"] != "closed":
            return None
        return row["close_reason"] or "closed", row["exit_code"]

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
