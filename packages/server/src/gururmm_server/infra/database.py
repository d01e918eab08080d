"""The one way to the database: scopes.

A scope is one transaction that runs as one role and, where the role is bound to a Partner, with that tenant and the
Clients that may be seen set. All is set locally, so nothing leaks to the next user of the connection. It ends with
commit, or with rollback when an exception leaves it; nobody commits inside. What each role may see is said by row-level
security in `migrations/versions/`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any, Final, ParamSpec, Protocol
from uuid import UUID

import asyncpg

from gururmm_server.infra.commits import note_commit
from gururmm_server.infra.connections import connect, open_pool, redact
from gururmm_server.infra.errors import StartError, Unavailable
from gururmm_server.infra.fair_queue import FairQueue
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.translated import Translated, first_line
from gururmm_server.infra.whole import WHOLE, Whole

log = get_logger(__name__)

Row = asyncpg.Record
P = ParamSpec("P")
Bell = Callable[[], Awaitable[object]]
_WAIT_FOR_SERVER_S = 5.0
STATEMENT_S: Final = 30.0
"""How long one statement may take, its waiting for locks included."""
_ROLLBACK_S: Final = 5.0
_WAITING = 5000
_WAITING_EACH = 500
"""Scopes of one Partner that may wait for a connection of this process."""
_IN_COMPANY = 2
"""Connections that one Partner may use at once while others work too: enough to keep one process's thread busy."""
_NOT_AT_ONCE = "; set local synchronous_commit = off"
_INTO_RESERVE: Final = "begin read write"
"""Near the end of the disk the database is read-only by default (`DiskGuard`), and keeps room for what says otherwise:
a few rows without which nobody could come in and read, and those that reading itself leaves in the audit."""


EVERY_CLIENT: Final = "*"
"""What the Client policies read where a transaction sees them all."""
_LISTS: Final = 1024
"""Lists of Clients whose bits a process remembers."""


class Bounds(Protocol):
    """What a transaction may see: one Partner's rows, and of those every Client's (None) or these Clients'."""

    @property
    def tenant_id(self) -> UUID: ...
    @property
    def client_ids(self) -> Collection[UUID] | None: ...


class Transaction:
    """What a repository gets: statements inside a scope. Values are bound, never formatted into the text."""

    __slots__ = ("_after", "_asked_before", "_connection", "_relay_bell", "tenant_id")

    def __init__(
        self,
        connection: Any,
        tenant_id: UUID | None,
        relay_bell: Bell | None = None,
        after: list[Bell] | None = None,
    ) -> None:
        self._connection = connection
        self._relay_bell = relay_bell
        self._after: list[Bell] = [] if after is None else after
        self._asked_before = len(self._after)
        self.tenant_id = tenant_id

    def after_commit(self, tell: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Calls `tell` with these arguments once this transaction is committed; never where it is rolled back.

        What is asked for is done in its order, when the connection is free again. What fails then is logged: it neither
        stops the next nor reaches whoever opened the scope, since the act itself is done.
        """
        self._after.append(partial(tell, *args, **kwargs))

    def ring_relay(self) -> None:
        """Notes that events are in the outbox: its relays are woken after the commit, once."""
        if self._relay_bell is not None and self._relay_bell not in self._after:
            self._after.append(self._relay_bell)

    async def committed(self) -> None:
        """Does what was asked for after the commit. The scope calls it, nobody else."""
        for tell in self._after:
            try:
                await tell()
            except Exception:
                log.exception("what was to be told after a commit was not")
        if self._after:
            # The bus sends when the loop next turns: else all of it waits until whoever acted has made their answer.
            await asyncio.sleep(0)

    async def open_step(self, assume: str, tenant_id: UUID | None) -> "Transaction":
        """Returns a part of this transaction that can be undone, for a `Whole`; `close_step` or `undo_step` ends it."""
        await self._connection.execute(f"savepoint step; {assume}")
        return Transaction(self._connection, tenant_id, self._relay_bell, self._after)

    async def close_step(self, assume: str) -> None:
        """Keeps what was done since the step was opened."""
        await self._connection.execute(f"release savepoint step; {assume}")

    async def undo_step(self) -> None:
        """Undoes it, and forgets what was to be told of it."""
        del self._after[self._asked_before :]
        if not self._connection.is_closed():
            async with asyncio.timeout(_ROLLBACK_S):
                await self._connection.execute("rollback to savepoint step; release savepoint step")

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows."""
        rows: list[Row] = await self._connection.fetch(sql, *values)
        return rows

    async def fetchrow(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = await self._connection.fetchrow(sql, *values)
        return row

    async def fetchval(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; the number of rows it touched."""
        status: str = await self._connection.execute(sql, *values)
        last = status.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row, in one round trip."""
        await self._connection.executemany(sql, rows)


class Database:
    """A pool of connections, opened lazily to a server that may come and go."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        application: str = "gururmm",
        statement_s: float = STATEMENT_S,
        statement_limit_s: float = 0,
    ) -> None:
        """A statement that takes longer than `statement_s` raises `Unavailable`.

        After `statement_limit_s` (0: never) the server gives it up by itself, which is `TooSlow`.
        """
        self._url = url
        self._statement_s = statement_s
        self._statement_limit_s = statement_limit_s
        self._pool_size = pool_size
        share = max(2, pool_size // 2)
        self._places = FairQueue(
            pool_size, most=_WAITING, most_each=_WAITING_EACH, share=share, in_company=_IN_COMPANY, limit_s=10
        )
        self._application = application
        self._pool: asyncpg.Pool[Row] | None = None
        self._bits: dict[tuple[UUID, frozenset[UUID]], str] = {}
        self.relay_bell: Bell | None = None
        """Wakes the outbox's relays (`outbox.connect`)."""

    async def open(self) -> None:
        """Connect. Raises `StartError` with one sentence when the URL does not lead to a usable server."""
        try:
            self._pool = await open_pool(
                self._url,
                size=self._pool_size,
                application=self._application,
                statement_s=self._statement_s,
                statement_limit_s=self._statement_limit_s,
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise StartError(
                f"The database at {redact(self._url)} cannot be used: {first_line(error)}. "
                "Check --database-url and that PostgreSQL runs there."
            ) from error

    async def close(self) -> None:
        """Give the connections back, waiting a moment for those in use."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()

    async def answers(self) -> bool:
        """Whether the server takes statements now, within a second."""
        assert self._pool is not None, "Database.open() comes first"
        try:
            async with asyncio.timeout(1), self._transaction("", None):
                return True
        except (Unavailable, TimeoutError):
            return False

    async def connect(self) -> Any:
        """A connection outside of the pool, the caller's to close (`infra.lane`). Raises `Unavailable`."""
        try:
            return await connect(self._url, application=self._application, statement_s=self._statement_s)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise Unavailable(internal=first_line(error)) from error

    @asynccontextmanager
    async def scope(self, bounds: Bounds, *, reserve: bool = False) -> AsyncIterator[Transaction]:
        """Work inside one Partner: a statement sees and writes that tenant's rows, and its visible Clients' only.

        What comes into the `reserve` is written also while the disk is nearly full, here and in `identity` and
        `platform`: only what reading needs, never an act.
        """
        async with self._fair("gururmm_app", bounds, reserve=reserve) as tx:
            yield tx

    @asynccontextmanager
    async def audit_reader(self, bounds: Bounds) -> AsyncIterator[Transaction]:
        """Read the audit inside these bounds. The only scope that can; it writes nothing but the meta-audit."""
        async with self._fair("gururmm_audit_reader", bounds, reserve=True) as tx:
            yield tx

    @asynccontextmanager
    async def _fair(self, role: str, bounds: Bounds, *, reserve: bool) -> AsyncIterator[Transaction]:
        """A scope of one Partner, which waits its turn among the Partners: no one of them holds every connection."""
        seen = _seen(await self._visible(bounds))
        async with self._scope(role, bounds.tenant_id, seen, reserve=reserve, fair=True) as tx:
            yield tx

    async def _visible(self, bounds: Bounds) -> str:
        """Returns what the Client policies read: `*` for every Client, else bits, by the Clients' numbers.

        Numbers never change, so a list of Clients is looked up once by a process.
        """
        if bounds.client_ids is None:
            return EVERY_CLIENT
        listed = (bounds.tenant_id, frozenset(bounds.client_ids))
        bits = self._bits.get(listed)
        if bits is None:
            async with self._scope("gururmm_app", bounds.tenant_id, _seen(EVERY_CLIENT)) as tx:
                rows = await tx.fetch("select core.client_numbers($1::uuid[]) as number", list(bounds.client_ids))
            bits = bits_of([row["number"] for row in rows])
            if len(self._bits) >= _LISTS:
                del self._bits[next(iter(self._bits))]
            self._bits[listed] = bits
        return bits

    @asynccontextmanager
    async def platform(self, actor: str, reason: str, *, reserve: bool = False) -> AsyncIterator[Transaction]:
        """Cross the line between Partners, for a person and with a reason that is recorded in the same transaction."""
        async with self._scope("gururmm_platform", None, reserve=reserve) as tx:
            await tx.execute(
                "insert into core.platform_access (access_id, actor, reason) values ($1, $2, $3)",
                new_id(),
                actor,
                reason,
            )
            log.info("platform scope", actor=actor, reason=reason)
            yield tx

    @asynccontextmanager
    async def identity(self, tenant_id: UUID | None = None, *, reserve: bool = False) -> AsyncIterator[Transaction]:
        """Find out who somebody is, before a tenant is known: people, sessions, invitations, site codes, tickets."""
        async with self._scope("gururmm_identity", tenant_id, reserve=reserve) as tx:
            yield tx

    @asynccontextmanager
    async def ingest(self) -> AsyncIterator[Transaction]:
        """The gateway's writes for many tenants at once: presence, telemetry, inventory, results. Nothing else."""
        async with self._scope("gururmm_ingest", None) as tx:
            yield tx

    @asynccontextmanager
    async def worker(self, tenant_id: UUID | None = None, *, repeatable: bool = False) -> AsyncIterator[Transaction]:
        """Background work: outbox, feed, roll-ups, sweeps.

        What is `repeatable` may be lost again within a second of its commit, should the server's machine crash: it does
        not wait for the disk, nor keep others waiting.
        """
        async with self._scope("gururmm_worker", tenant_id, _NOT_AT_ONCE if repeatable else "") as tx:
            yield tx

    @asynccontextmanager
    async def whole(self, tenant_id: UUID | None = None) -> AsyncIterator[Whole]:
        """Make one transaction of all scopes that this task opens inside, committed unless an exception leaves.

        It waits its turn among the Partners as the one of a scope does. Raises `OutcomeUnknown` where the server went
        away during the commit.
        """
        outer = WHOLE.get()
        if outer is not None and outer.is_mine():
            yield outer
            return
        async with AsyncExitStack() as stack:
            who = None if tenant_id is None else str(tenant_id)
            whole = Whole(lambda: stack.enter_async_context(self._transaction("", None, who=who)))
            before = WHOLE.set(whole)
            try:
                yield whole
            finally:
                WHOLE.reset(before)

    @asynccontextmanager
    async def _scope(
        self, role: str, tenant_id: UUID | None, settings: str = "", *, reserve: bool = False, fair: bool = False
    ) -> AsyncIterator[Transaction]:
        tenant = "" if tenant_id is None else f"; set local gururmm.tenant_id = '{UUID(str(tenant_id))}'"
        assume = f"set local role {role}{tenant}{settings}"
        whole = WHOLE.get()
        if whole is not None and whole.is_mine():
            async with whole.step(assume, tenant_id) as tx:
                yield tx
            return
        begin, who = _INTO_RESERVE if reserve else "begin", str(tenant_id) if fair else None
        async with self._transaction(assume, tenant_id, begin, who=who) as tx:
            yield tx

    @asynccontextmanager
    async def _transaction(
        self, assume: str, tenant_id: UUID | None, begin: str = "begin", *, who: str | None = None
    ) -> AsyncIterator[Transaction]:
        """One transaction on a connection of its own; `who` waits in a line of theirs until it is their turn."""
        async with nullcontext() if who is None else self._places.place(who):
            connection = await self._acquire()
            tx = Transaction(connection, tenant_id, self.relay_bell)
            broken = True
            try:
                with Translated() as course:
                    await connection.execute(f"{begin}; {assume}")
                    try:
                        yield tx
                    except BaseException:
                        if not connection.is_closed():
                            # Not by the driver's own limit: it waits, without one, until the server has heard of a
                            # cancel.
                            async with asyncio.timeout(_ROLLBACK_S):
                                await connection.execute("rollback")
                        broken = False
                        raise
                    course.committing = True
                    await connection.execute("commit")
                    broken = False
            finally:
                assert self._pool is not None
                if broken:
                    # An unfinished transaction must not reach the next user of this connection. Where the server
                    # closed it, the driver has taken it back already and refuses every call on it.
                    with suppress(asyncpg.InterfaceError):
                        connection.terminate()
                await self._pool.release(connection)
        note_commit()
        await tx.committed()

    async def _acquire(self) -> Any:
        """A connection; waits a few seconds for a server that is restarting."""
        assert self._pool is not None, "Database.open() comes first"
        give_up = asyncio.get_running_loop().time() + _WAIT_FOR_SERVER_S
        while True:
            try:
                return await self._pool.acquire(timeout=10)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError, TimeoutError) as error:
                if asyncio.get_running_loop().time() > give_up:
                    raise Unavailable(internal=first_line(error)) from error
                await asyncio.sleep(0.1)
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise Unavailable(internal=first_line(error)) from error


def _seen(clients: str) -> str:
    return f"; set local gururmm.clients = '{clients}'"


def bits_of(numbers: Sequence[int]) -> str:
    """Returns bits in hexadecimal digits, as PostgreSQL's `get_bit` counts them, with these numbers set."""
    bits = bytearray(max(numbers, default=0) // 8 + 1)
    for number in numbers:
        bits[number // 8] |= 1 << number % 8
    return bits.hex()
