"""Lists: search, sort, and pages by keyset, the same for every list of the API.

A route says which sorts it knows and gets a `PageQuery`; its repository gives that, with its columns and conditions, to
`read_page`. A list that is found in another way puts `after_cursor`, `order` and `window` into its own statement (the
sort's value selected as `sort_value`, the tie-break as `sort_id`) and hands the rows to `PageQuery.slice`.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec
from pydantic import BaseModel

from gururmm_server.infra.database import Transaction
from gururmm_server.infra.errors import InvalidInput
from gururmm_server.infra.sql import Sql, raw, sql

T = TypeVar("T")
S = TypeVar("S")


class _Row(Protocol):
    """What a driver's row and a dict have in common."""

    def __getitem__(self, name: str, /) -> Any: ...
    def items(self) -> Any: ...


RowT = TypeVar("RowT", bound=_Row)

Key = str | int | float | bool | datetime | UUID | None
Kind = Literal["text", "bigint", "double precision", "boolean", "timestamptz", "uuid"]

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_MARKS = re.compile("[\u0300-\u036f]")
MAX_OFFSET = 1_000_000

_TYPES: dict[Kind, tuple[type, ...]] = {
    "text": (str,),
    "bigint": (int,),
    "double precision": (float, int),
    "boolean": (bool,),
    "timestamptz": (datetime,),
    "uuid": (UUID,),
}


class Page(BaseModel, Generic[T]):
    """One page of a list. `total` counts what the filter matches; `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """One page of a list on its way to the API, which describes it as a `Page`."""

    items: list[T]
    next_cursor: str | None
    total: int

    def each(self, say: Callable[[T], S]) -> "Slice[S]":
        """Returns the page with every item said in another way."""
        return Slice([say(item) for item in self.items], self.next_cursor, self.total)


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page ended: the sort it belongs to, that sort's value in the last row, and the row's tie-break."""

    sort: str
    value: Any
    id: str | int


@dataclass(frozen=True, slots=True)
class Sort:
    """One way to sort: an SQL expression written by us, its PostgreSQL type, and whether it can be null."""

    expression: str
    kind: Kind = "text"
    nullable: bool = False


def encode_cursor(cursor: Cursor) -> str:
    """The opaque text of a cursor."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).rstrip(b"=").decode()


def decode_cursor(text: str) -> Cursor:
    """The cursor of a text that `encode_cursor` made. Raises `InvalidInput`."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(raw, type=Cursor)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise _invalid("cursor", "This is not a cursor of this list.") from error


def folded(text: str) -> str:
    """Returns a text without marks and case, as `core.folded` does: what a search compares."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()


def search_words(search: str) -> list[str]:
    """The words of a search as LIKE patterns for folded text: `%word%`, with what LIKE treats specially escaped."""
    words = folded(search).split()
    return ["%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" for word in words]


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A validated `?search=&sort=&limit=&cursor=&offset=`."""

    search: str
    sort_name: str
    sort: Sort
    descending: bool
    limit: int
    after: Cursor | None = None
    offset: int = 0
    """How many rows to leave out before the page: for a list that is looked at in any place, not read on."""

    @property
    def fetch_count(self) -> int:
        """How many rows to fetch: one more than the page, which tells whether there is a next."""
        return self.limit + 1

    @property
    def window(self) -> Sql:
        """Returns what stands behind `limit`: how many rows, and how many before them are left out."""
        return raw(f"{self.fetch_count} offset {self.offset}" if self.offset else str(self.fetch_count))

    @property
    def signed_name(self) -> str:
        """The sort as the caller wrote it: `name` or `-name`."""
        return f"-{self.sort_name}" if self.descending else self.sort_name

    def order(self, tie_break: str) -> Sql:
        """Returns `order by …`: the sort, nulls last, then the tie-break in the same direction."""
        direction = "desc" if self.descending else "asc"
        # `nulls last` keeps PostgreSQL from scanning an ordinary index backwards, so it is said only where needed.
        nulls = " nulls last" if self.sort.nullable and self.descending else ""
        return raw(f"order by {self.sort.expression} {direction}{nulls}, {tie_break} {direction}")

    def after_cursor(self, tie_break: str, tie_kind: Kind = "uuid") -> Sql:
        """Returns a condition that is true for rows after the cursor: `true` on the first page.

        Raises `InvalidInput` when the cursor belongs to another list.
        """
        if self.after is None:
            return raw("true")
        value, tie = _typed(self.after.value, self.sort.kind), _typed(self.after.id, tie_kind)
        parts = {
            "sort": raw(self.sort.expression),
            "tie_break": raw(tie_break),
            "sign": raw("<" if self.descending else ">"),
            "tie": sql(f"{{tie}}::{tie_kind}", tie=tie),
        }
        if value is None:
            return sql("({sort} is null and {tie_break} {sign} {tie})", **parts)
        parts["value"] = sql(f"{{value}}::{self.sort.kind}", value=value)
        clause = sql("({sort}, {tie_break}) {sign} ({value}, {tie})", **parts)
        return sql("({clause} or {sort} is null)", clause=clause, sort=parts["sort"]) if self.sort.nullable else clause

    def slice(self, rows: Sequence[RowT], total: int, make: Callable[..., T]) -> Slice[T]:
        """Returns the page out of `fetch_count` rows: each made of its columns but `sort_value` and `sort_id`."""
        page, cursor = self.cut(rows)
        items = [make(**{name: value for name, value in row.items() if name not in _OWN}) for row in page]
        return Slice(items, cursor, total)

    def cut(self, rows: Sequence[RowT]) -> tuple[Sequence[RowT], str | None]:
        """The page out of `fetch_count` rows (with `sort_value` and `sort_id`), and the cursor of the next one."""
        if len(rows) <= self.limit:
            return rows, None
        page = rows[: self.limit]
        last = page[-1]
        return page, self.cursor_at(last["sort_value"], last["sort_id"])

    def cursor_at(self, value: Any, tie: Any) -> str:
        """The cursor of a page that ends with this sort value and tie-break."""
        return encode_cursor(Cursor(self.signed_name, _plain(value), _plain(tie)))


_OWN = frozenset({"sort_value", "sort_id"})
"""Columns of a page's statement that are the page's, not the item's."""


async def read_page(
    tx: Transaction,
    make: Callable[..., T],
    query: PageQuery,
    *,
    columns: str,
    source: str,
    where: Sql,
    tie_break: str,
) -> Slice[T]:
    """Returns a page of `source`, each item made of `columns`, and how many rows there fulfil the condition.

    `tie_break` is a column that is a UUID and no two rows share.
    """
    parts = {"source": raw(source), "where": where}
    rows = await tx.fetch(
        *sql(
            "select {columns}, {sort} as sort_value, {tie} as sort_id from {source}"
            " where {where} and {after} {order} limit {limit}",
            columns=raw(columns),
            sort=raw(query.sort.expression),
            tie=raw(tie_break),
            after=query.after_cursor(tie_break),
            order=query.order(tie_break),
            limit=query.window,
            **parts,
        ).bound()
    )
    total: int = await tx.fetchval(*sql("select count(*) from {source} where {where}", **parts).bound())
    return query.slice(rows, total, make)


def page_query(sorts: Mapping[str, Sort], default: str) -> Any:
    """A dependency that gives the `PageQuery` of a list which knows these sorts; `default` may start with `-`."""
    from fastapi import Depends, Query  # late: repositories of processes without routes import this module too

    names = sorted(sorts)
    allowed = [sign + name for name in names for sign in ("", "-")]

    async def parse(
        search: Annotated[str, Query(max_length=200, description="Words, all of which must occur")] = "",
        sort: Annotated[str, Query(max_length=64, json_schema_extra={"enum": allowed})] = default,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str, Query(max_length=1000, description="next_cursor of the page before")] = "",
        offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Rows to leave out before the page")] = 0,
    ) -> PageQuery:
        return parse_page(sorts, search=search, sort=sort, limit=limit, cursor=cursor, offset=offset)

    return Depends(parse)


def parse_page(
    sorts: Mapping[str, Sort],
    *,
    search: str = "",
    sort: str,
    limit: int = DEFAULT_LIMIT,
    cursor: str = "",
    offset: int = 0,
) -> PageQuery:
    """The `PageQuery` of a request's values. Raises `InvalidInput`."""
    name = sort.removeprefix("-")
    if name not in sorts:
        raise _invalid("sort", f"This list sorts by: {', '.join(sorted(sorts))}.")
    if "\0" in search:
        raise _invalid("search", "A search cannot hold NUL characters.")
    after = decode_cursor(cursor) if cursor else None
    if after is not None and after.sort != sort:
        raise _invalid("cursor", "This cursor belongs to another sort order.")
    return PageQuery(search.strip(), name, sorts[name], sort.startswith("-"), limit, after, offset)


def _typed(value: Any, kind: Kind) -> Key:
    """The value as the type that SQL compares with. A cursor is hostile input: anything else is refused."""
    if value is None:
        return None
    if kind == "uuid" and isinstance(value, str):
        try:
            return UUID(value)
        except ValueError as error:
            raise _invalid("cursor", "This is not a cursor of this list.") from error
    fits = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if (
        not fits
        or (isinstance(value, int) and not -(2**63) <= value < 2**63)
        or (isinstance(value, str) and "\0" in value)
    ):
        raise _invalid("cursor", "This is not a cursor of this list.")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise _invalid("cursor", "This is not a cursor of this list.")
    typed: Key = value
    return typed


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(details=[{"field": field, "message": message}])
