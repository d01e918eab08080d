"""A whole: one transaction for all that one act does, whichever scopes it opens on its way.

A service opens a scope for each step of an act, and each is a transaction. Inside of a whole the scopes of one task are
steps of one transaction instead, each with the role and the bounds that it would have alone. So whoever stands around
an act can write what belongs to it, and a step that fails takes the ones before it along.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final
from uuid import UUID

from gururmm_server.infra.translated import Translated

if TYPE_CHECKING:
    from gururmm_server.infra.database import Transaction

_NOBODY: Final = "set local gururmm.tenant_id = ''; set local gururmm.clients = ''"
"""A step that is bound to no Partner must not see by the bounds of the one before it."""


class Whole:
    """The transaction of one task. Its first step begins it; `Database.whole` ends it."""

    def __init__(self, begin: Callable[[], Awaitable["Transaction"]]) -> None:
        self._begin = begin
        self._outer: Transaction | None = None
        self._assumed = ""
        self._task = asyncio.current_task()

    @property
    def begun(self) -> bool:
        """Tells whether anything asked the database so far."""
        return self._outer is not None

    def is_mine(self) -> bool:
        """Tells whether this is its own task: what others do meanwhile is no step of this act."""
        return asyncio.current_task() is self._task

    @asynccontextmanager
    async def step(self, assume: str, tenant_id: UUID | None) -> AsyncIterator["Transaction"]:
        """A scope inside of it. What was done in it is undone where an exception leaves it."""
        if self._outer is None:
            self._outer = await self._begin()
        before, assumed = self._assumed, f"{_NOBODY}; {assume}"
        with Translated():
            tx = await self._outer.open_step(assumed, tenant_id)
            self._assumed = assumed
            try:
                yield tx
            except BaseException:
                self._assumed = before  # as the savepoint has it
                await tx.undo_step()
                raise
            self._assumed = before
            await tx.close_step(before)


WHOLE: Final[ContextVar[Whole | None]] = ContextVar("whole", default=None)
"""Of which whole this task's scopes are steps."""
