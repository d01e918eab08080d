"""Pieces of SQL number their own values, however they are put together."""

import re
from typing import Any

import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.sql import Sql, all_of, joined, raw, sql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NUMBER = re.compile(r"\$(\d+)")

Said = tuple[Sql, str]
"""A piece, and what it says with each value written where it belongs: `⟨7⟩`."""


def leaf(value: int) -> Said:
    return sql("{value}", value=value), f"⟨{value}⟩"


def twice(value: int) -> Said:
    return sql("({value} is null or a = {value})", value=value), f"(⟨{value}⟩ is null or a = ⟨{value}⟩)"


def text(_: int) -> Said:
    return raw("'{}' <> b"), "'{}' <> b"


def both(pair: tuple[Said, Said]) -> Said:
    (one, said), (other, told) = pair
    return sql("f({one}, '{{}}', {other})", one=one, other=other), f"f({said}, '{{}}', {told})"


def beside(pair: tuple[Said, int]) -> Said:
    (inner, said), value = pair
    return sql("({inner} = {value})", inner=inner, value=value), f"({said} = ⟨{value}⟩)"


def conjunction(found: list[Said]) -> Said:
    return all_of(piece for piece, _ in found), " and ".join(said for _, said in found) if found else "true"


def row(found: list[Said]) -> Said:
    return joined(", ", (piece for piece, _ in found)), ", ".join(said for _, said in found)


VALUES = st.integers(0, 3)
PIECES = st.recursive(
    VALUES.map(leaf) | VALUES.map(twice) | VALUES.map(text),
    lambda inner: (
        st.tuples(inner, inner).map(both)
        | st.tuples(inner, VALUES).map(beside)
        | st.lists(inner, max_size=4).map(conjunction)
        | st.lists(inner, max_size=4).map(row)
    ),
    max_leaves=20,
)


@given(PIECES)
def test_each_value_stands_where_its_piece_put_it(said: Said) -> None:
    piece, wanted = said
    statement, *values = piece.bound()
    assert NUMBER.sub(lambda found: f"⟨{values[int(found[1]) - 1]}⟩", statement) == wanted


@given(PIECES)
def test_the_numbers_begin_at_one_and_leave_none_out(said: Said) -> None:
    statement, *values = said[0].bound()
    met = list(dict.fromkeys(int(number) for number in NUMBER.findall(statement)))
    assert met == list(range(1, len(values) + 1))


@given(PIECES)
def test_a_piece_says_the_same_each_time(said: Said) -> None:
    assert said[0].bound() == said[0].bound()


@given(PIECES)
def test_a_piece_in_two_places_sends_its_values_once(said: Said) -> None:
    piece = said[0]
    _, *values = piece.bound()
    _, *again = sql("{a} union all {a}", a=piece).bound()
    assert again == values


HOSTILE = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)


@given(st.lists(HOSTILE, min_size=1, max_size=8))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_postgresql_gives_back_what_was_bound(db: Database, texts: list[str]) -> None:
    half = len(texts) // 2
    pieces = [joined(", ", (sql("{text}::text", text=text) for text in part)) for part in (texts[:half], texts[half:])]
    whole = sql("select array[{all}]", all=joined(", ", [piece for piece in pieces if len(piece.bound()) > 1]))
    async with db.scope(system_scope(new_id())) as tx:
        assert await tx.fetchval(*whole.bound()) == texts


@pytest.mark.parametrize(
    ("template", "holes", "wrong"),
    [
        ("a = {b}", {}, "nothing fills the hole {b}"),
        ("a = {b!r}", {"b": 1}, "nothing fills"),
        ("a = {b:>3}", {"b": 1}, "nothing fills"),
        ("a = {}", {"b": 1}, "nothing fills"),
        ("a", {"b": 1}, "no hole for b"),
        ("a = $1", {}, "never a number"),
    ],
)
def test_what_does_not_fit_together_is_refused(template: str, holes: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        sql(template, **holes)


def test_a_value_is_never_text() -> None:
    hostile = "'; drop table core.users; --"
    assert sql("a = {a}", a=hostile).bound() == ("a = $1", hostile)
