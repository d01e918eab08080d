"""Saving views of the fleet, and sharing them."""

from typing import Any, Final, Self
from uuid import UUID

import msgspec

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.fleet.service import SORTS
from gururmm_server.core.search.fields import Fields
from gururmm_server.core.views import _repository as repository
from gururmm_server.core.views._repository import NewRow, ViewRow
from gururmm_server.core.views.errors import TooManyViews, ViewExists, ViewNotFound, ViewsOfEveryClient
from gururmm_server.core.views.permissions import VIEWS_MANAGE
from gururmm_server.core.views.schemas import NewView, View, ViewChange, Views
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import InvalidInput
from gururmm_server.infra.ids import new_id

MOST_VIEWS: Final = 200
"""Of one person."""


class SavedViews:
    """A view is its owner's; one that is shared is read by everybody who sees every Client."""

    def __init__(self, db: Database, fields: Fields) -> None:
        """`fields`: what a query may ask for, so that none is kept that cannot be read."""
        self._db = db
        self._fields = fields

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.declared.search_fields)

    async def all(self, caller: Scope) -> Views:
        """Returns the caller's views and those that are shared."""
        async with self._db.scope(caller) as tx:
            rows = await repository.of(tx, _owner(caller))
        return Views(items=[_view(row, caller) for row in rows])

    async def save(self, caller: Scope, new: NewView) -> View:
        """Keeps a view. Raises `QueryError`, `ViewExists`, `TooManyViews` and `ViewsOfEveryClient`."""
        self._check(new.query, new.sort)
        if caller.client_ids is not None:
            raise ViewsOfEveryClient
        row = NewRow(
            new_id(), _owner(caller), new.name, new.query, new.sort, new.columns, new.shared, caller.subject.name
        )
        async with self._db.scope(caller) as tx:
            if await repository.count(tx, row.owner_id) >= MOST_VIEWS:
                raise TooManyViews
            await append(tx, "audit_log", AuditRow("view.saved", caller.subject, details=_told(row)))
            if not await repository.add(tx, row):
                raise ViewExists
            found = await self._find(tx, caller, row.view_id)
        return _view(found, caller)

    async def change(self, caller: Scope, view_id: UUID, change: ViewChange) -> View:
        """Changes a view. Raises `ViewNotFound`, `QueryError` and `ViewExists`."""
        told = change.model_dump(exclude_none=True)
        self._check(told.get("query", ""), told.get("sort", "hostname"))
        async with self._db.scope(caller) as tx:
            before = await self._find_to_change(tx, caller, view_id)
            after = msgspec.structs.replace(before, **told)
            if await repository.has(tx, after.owner_id, after.name, view_id):
                raise ViewExists
            await append(tx, "audit_log", AuditRow("view.changed", caller.subject, details=_told(after)))
            saved_at = await repository.change(tx, after)
        return _view(msgspec.structs.replace(after, saved_at=saved_at), caller)

    async def delete(self, caller: Scope, view_id: UUID) -> None:
        """Deletes a view. Raises `ViewNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await self._find_to_change(tx, caller, view_id)
            await append(tx, "audit_log", AuditRow("view.deleted", caller.subject, details=_told(row)))
            await repository.delete(tx, view_id)

    def _check(self, query: str, sort: str) -> None:
        self._fields.check(query)
        if sort.removeprefix("-") not in SORTS:
            names = ", ".join(sorted(SORTS))
            raise InvalidInput(details=[{"field": "sort", "message": f"The fleet sorts by: {names}."}])

    async def _find(self, tx: Transaction, caller: Scope, view_id: UUID) -> ViewRow:
        row = await repository.find(tx, view_id, _owner(caller))
        if row is None:
            raise ViewNotFound
        return row

    async def _find_to_change(self, tx: Transaction, caller: Scope, view_id: UUID) -> ViewRow:
        row = await self._find(tx, caller, view_id)
        if row.owner_id != caller.subject.id and not caller.subject.may(VIEWS_MANAGE):
            raise ViewNotFound("This view is somebody else's: only they, or an admin, may change it.")
        return row


def _owner(caller: Scope) -> UUID:
    assert caller.subject.id is not None  # the system asks no door
    return caller.subject.id


def _told(row: NewRow | ViewRow) -> dict[str, Any]:
    return {"view_id": str(row.view_id), "name": row.name, "query": row.query, "shared": row.shared}


def _view(row: ViewRow, caller: Scope) -> View:
    return View(
        id=row.view_id,
        name=row.name,
        query=row.query,
        sort=row.sort,
        columns=row.columns,
        shared=row.shared,
        own=row.owner_id == caller.subject.id,
        saved_by=row.saved_by,
        saved_at=row.saved_at,
    )
