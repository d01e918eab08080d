"""Pages: every sort direction with nulls walks each row once; hostile cursors are refused."""

import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import InvalidInput
from gururmm_server.infra.paging import Cursor, Sort, decode_cursor, encode_cursor, parse_page, read_page, search_words
from gururmm_server.infra.sql import raw, sql

SORTS = {
    "name": Sort("name"),
    "size": Sort("size", "bigint", nullable=True),
    "at": Sort("at", "timestamptz", nullable=True),
}
ROWS = """(select ('00000000-0000-7000-8000-0000000000' || lpad(i::text, 2, '0'))::uuid as id, 'n' || (i % 4) as name,
  case when i % 3 = 0 then null else i % 5 end::bigint as size,
  case when i % 7 = 0 then null else timestamptz '2026-01-01' + i * interval '1 second' end as at
  from generate_series(1, 23) i) as t"""


class Found(msgspec.Struct, frozen=True):
    """A row of `ROWS`."""

    id: UUID


@pytest.mark.parametrize("sort", ["name", "-name", "size", "-size", "at", "-at"])
async def test_every_sort_walks_each_row_once_in_order(db: Database, sort: str) -> None:
    async def page(cursor: str) -> tuple[list[str], str | None]:
        query = parse_page(SORTS, sort=sort, limit=5, cursor=cursor)
        async with db.scope(system_scope(uuid4())) as tx:
            found = await read_page(tx, Found, query, columns="id", source=ROWS, where=raw("true"), tie_break="id")
        assert found.total == 23
        return [str(row.id) for row in found.items], found.next_cursor

    walked: list[str] = []
    following: str | None = ""
    while following is not None:
        ids, following = await page(following)
        walked += ids
    whole = parse_page(SORTS, sort=sort, limit=50)
    ordered = sql("select id from {rows} {order}", rows=raw(ROWS), order=whole.order("id"))
    async with db.scope(system_scope(uuid4())) as tx:
        expected = [str(row["id"]) for row in await tx.fetch(*ordered.bound())]
        anywhere = parse_page(SORTS, sort=sort, limit=5, offset=11)
        looked_at = await read_page(tx, Found, anywhere, columns="id", source=ROWS, where=raw("true"), tie_break="id")
        beyond = parse_page(SORTS, sort=sort, limit=5, offset=500)
        nothing = await read_page(tx, Found, beyond, columns="id", source=ROWS, where=raw("true"), tie_break="id")
    assert walked == expected
    assert [str(row.id) for row in looked_at.items] == expected[11:16]
    assert (nothing.items, nothing.next_cursor, nothing.total) == ([], None, 23)
    assert len(set(walked)) == 23


@pytest.mark.parametrize(
    "text",
    [
        "!!",
        "AAAA",
        base64.urlsafe_b64encode(b"[1,2").decode(),
        base64.urlsafe_b64encode(msgspec.msgpack.encode(["name", 1, {"a": 1}])).decode(),
        "é",
    ],
)
def test_a_malformed_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(text)


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor("name", 3, str(uuid4())),
        Cursor("name", "x\0", str(uuid4())),
        Cursor("name", {"a": 1}, str(uuid4())),
        Cursor("name", "x", "not a uuid"),
        Cursor("name", "x", 7),
        Cursor("size", 2**63, str(uuid4())),
        Cursor("size", True, str(uuid4())),
        Cursor("at", datetime(2026, 1, 1), str(uuid4())),  # noqa: DTZ001 - a naive moment is the point
    ],
)
def test_a_cursor_with_values_of_another_type_is_refused(cursor: Cursor) -> None:
    query = parse_page(SORTS, sort=cursor.sort, cursor=encode_cursor(cursor))
    with pytest.raises(InvalidInput):
        query.after_cursor("id")


def test_a_cursor_of_another_sort_is_refused() -> None:
    cursor = encode_cursor(Cursor("-at", datetime(2026, 1, 1, tzinfo=UTC), str(uuid4())))
    with pytest.raises(InvalidInput):
        parse_page(SORTS, sort="at", cursor=cursor)


def test_an_unknown_sort_and_a_nul_in_the_search_are_refused() -> None:
    with pytest.raises(InvalidInput):
        parse_page(SORTS, sort="name; drop table core.users")
    with pytest.raises(InvalidInput):
        parse_page(SORTS, sort="name", search="a\0b")


def test_search_words_are_literal() -> None:
    assert search_words(r"50% A_b \x") == [r"%50\%%", r"%a\_b%", r"%\\x%"]
