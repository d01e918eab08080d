"""A lane: a connection of its own for one Partner, or for one gateway, for single statements whose latency counts.

A scope costs three round trips (begin, statement, commit), a lane one: its connection assumes the role and the tenant
once, and every statement is a transaction by itself. The connection never returns to a pool, so neither can reach
anybody else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import Unavailable
from gururmm_server.infra.translated import Translated


class Lane:
    """Serves one statement at a time. Connects at first use, and again after any error."""

    def __init__(self, db: Database, tenant_id: UUID | None) -> None:
        """Without a tenant it is a gateway's, and sees what `Database.ingest` does."""
        self._db = db
        self._tenant_id = tenant_id
        self._lock = asyncio.Lock()
        self._connection: Any = None
        self._closed = False

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Transaction]:
        """Run one statement: it is committed when it answers. Whatever is raised here costs the connection."""
        async with self._lock:
            with Translated():
                connection = await self._connected()
                tx = Transaction(connection, self._tenant_id, self._db.relay_bell)
                try:
                    yield tx
                except BaseException:
                    self._connection = None
                    connection.terminate()
                    raise
        await tx.committed()

    async def close(self) -> None:
        """Disconnect, once the statement that runs is done. Never raises."""
        async with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            if connection is not None:
                try:
                    await asyncio.wait_for(connection.close(), 2)
                except (OSError, TimeoutError):
                    connection.terminate()

    async def _connected(self) -> Any:
        if self._closed:
            raise Unavailable(internal="this lane is closed")
        if self._connection is None or self._connection.is_closed():
            connection = await self._db.connect()
            try:
                await connection.execute(_assume(self._tenant_id))
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection


def _assume(tenant_id: UUID | None) -> str:
    if tenant_id is None:
        return "set role gururmm_ingest"
    # Every Client: what runs here is fenced by its own statement, and the lane serves many people.
    return f"set role gururmm_app; set gururmm.tenant_id = '{UUID(str(tenant_id))}'; set gururmm.clients = '*'"


class Lanes:
    """One lane for each Partner that has a use for it, closed when the last user has given it back."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lanes: dict[UUID, tuple[Lane, int]] = {}

    def take(self, tenant_id: UUID) -> Lane:
        """The Partner's lane; each `take` needs its `give_back`."""
        lane, users = self._lanes.get(tenant_id) or (Lane(self._db, tenant_id), 0)
        self._lanes[tenant_id] = lane, users + 1
        return lane

    async def give_back(self, tenant_id: UUID) -> None:
        """One user fewer."""
        lane, users = self._lanes[tenant_id]
        if users > 1:
            self._lanes[tenant_id] = lane, users - 1
        else:
            del self._lanes[tenant_id]
            await lane.close()
