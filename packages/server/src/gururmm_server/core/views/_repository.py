"""SQL of saved views."""

from datetime import datetime
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction


class NewRow(msgspec.Struct, frozen=True):
    """A view to be kept."""

    view_id: UUID
    owner_id: UUID
    name: str
    query: str
    sort: str
    columns: list[str]
    shared: bool
    saved_by: str


class ViewRow(msgspec.Struct, frozen=True):
    """A view as it is kept."""

    view_id: UUID
    owner_id: UUID
    name: str
    query: str
    sort: str
    columns: list[str]
    shared: bool
    saved_by: str
    saved_at: datetime


_VIEW = "select view_id, owner_id, name, query, sort, columns, shared, saved_by, saved_at from core.saved_views"
_OF = f"{_VIEW} where owner_id = $1 or shared order by core.natural_key(name), view_id limit 1000"
_FIND = f"{_VIEW} where view_id = $1 and (owner_id = $2 or shared) for update"


async def of(tx: Transaction, owner_id: UUID) -> list[ViewRow]:
    """Returns a person's own views and those that others share, by name."""
    rows = await tx.fetch(_OF, owner_id)
    return [ViewRow(**row) for row in rows]


async def find(tx: Transaction, view_id: UUID, owner_id: UUID) -> ViewRow | None:
    """Returns a view, locked, that is a person's own or shared."""
    row = await tx.fetchrow(_FIND, view_id, owner_id)
    return ViewRow(**row) if row is not None else None


async def count(tx: Transaction, owner_id: UUID) -> int:
    """Returns how many views a person has."""
    found: int = await tx.fetchval("select count(*) from core.saved_views where owner_id = $1", owner_id)
    return found


async def add(tx: Transaction, new: NewRow) -> bool:
    """Adds a view; False where its owner has one of that name."""
    return bool(
        await tx.execute(
            "insert into core.saved_views"
            " (tenant_id, view_id, owner_id, name, query, sort, columns, shared, saved_by)"
            " values (core.current_tenant(), $1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
            *msgspec.structs.astuple(new),
        )
    )


async def has(tx: Transaction, owner_id: UUID, name: str, beside: UUID) -> bool:
    """Tells whether a person has another view of this name."""
    return bool(
        await tx.fetchval(
            "select true from core.saved_views where owner_id = $1 and lower(name) = lower($2) and view_id <> $3",
            owner_id,
            name,
            beside,
        )
    )


async def change(tx: Transaction, view: ViewRow) -> datetime:
    """Keeps a view as it is now. Returns when that was."""
    found: datetime = await tx.fetchval(
        "update core.saved_views set name = $2, query = $3, sort = $4, columns = $5, shared = $6, saved_at = now()"
        " where view_id = $1 returning saved_at",
        view.view_id,
        view.name,
        view.query,
        view.sort,
        view.columns,
        view.shared,
    )
    return found


async def delete(tx: Transaction, view_id: UUID) -> None:
    """Deletes a view."""
    await tx.execute("delete from core.saved_views where view_id = $1", view_id)
