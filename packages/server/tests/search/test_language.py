"""The query language as text: what it says, what is wrong with what says nothing, and that a tree says it again."""

import pytest
from gururmm_server.core.search.errors import QueryError
from gururmm_server.core.search.parsing import DEEPEST, LONGEST, MOST_TERMS, parse
from gururmm_server.core.search.printing import printed
from gururmm_server.core.search.tree import All, Any, Free, Node, Not, Operand, Term, all_of, any_of
from hypothesis import given, settings
from hypothesis import strategies as st


def term(field: str, operator: str, value: str, upto: str | None = None, name: str | None = None) -> Term:
    return Term(
        field,
        operator,  # type: ignore[arg-type]
        Operand(value),
        None if upto is None else Operand(upto),
        None if name is None else Operand(name),
    )


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", None),
        (" \t\n", None),
        ("web", Free("web")),
        ("web 01", All((Free("web"), Free("01")))),
        ("web and 01", All((Free("web"), Free("01")))),
        ('"web 01"', Free("web 01")),
        (r'"say \"hi\" \\ there"', Free(r'say "hi" \ there')),
        ("a or b c", Any((Free("a"), All((Free("b"), Free("c")))))),
        ("(a or b) c", All((Any((Free("a"), Free("b"))), Free("c")))),
        ("not a b", All((Not(Free("a")), Free("b")))),
        ("NOT (a OR b)", Not(Any((Free("a"), Free("b"))))),
        ("a (b (c and d))", All((Free("a"), Free("b"), Free("c"), Free("d")))),
        ('OS:"windows 10"', term("os", "", "windows 10")),
        ("ram:<=8gb", term("ram", "<=", "8gb")),
        ("ram:4gb..8gb", term("ram", "", "4gb", "8gb")),
        ("ram:=4gb..8gb", term("ram", "", "4gb", "8gb")),
        ("ip:10.0.0.0/8", term("ip", "", "10.0.0.0/8")),
        ("ip:fd00::/8", term("ip", "", "fd00::/8")),
        ("mac:00:1a", term("mac", "", "00:1a")),
        ("software:chrome<120", term("software", "<", "120", None, "chrome")),
        ('software:"google chrome">=119', term("software", ">=", "119", None, "google chrome")),
        ("software:chrome=119..121", term("software", "=", "119", "121", "chrome")),
        ('name:="web..01"', term("name", "=", "web..01")),
        ('user:=""', term("user", "=", "")),
        ("a<b", Free("a<b")),
        ("-x", Free("-x")),
        # Addresses and paths are text, whatever stands before their colons.
        ("a4:bb:6d", Free("a4:bb:6d")),
        ("de:ad:be:ef:00:01", Free("de:ad:be:ef:00:01")),
        ("fe80::1", Free("fe80::1")),
        ("10.0.0.1:8080", Free("10.0.0.1:8080")),
        (r"C:\Users", Free(r"C:\Users")),
        ('"os:windows"', Free("os:windows")),
        ('"and"', Free("and")),
        ("android", Free("android")),
    ],
)
def test_what_is_written_is_what_is_said(query: str, tree: Node | None) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "wrong", "said"),
    [
        ("a or", "or", "Something to look for is missing after “or”."),
        ("a and or b", "and", "Something to look for is missing after “and”."),
        ("not", "not", "Something to look for is missing after “not”."),
        ("or a", "or", "Something to look for is missing before this."),
        ("a ()", "(", "Something to look for is missing after “(”."),
        ("a (b", "(", "This “(” is never closed."),
        ("a) b", ")", "There is no “(” that this “)” would close."),
        ('a "b c', '"b c', "These quotes are never closed."),
        ('a ""', '""', "There is nothing in these quotes."),
        ("os: a", "os:", "A value is missing after “os:”."),
        ("ram:<", "ram:", "A value is missing after “ram:”."),
        ("ram:4gb..", "..", "A value is missing after “..”."),
        ("ram:<4gb..8gb", "..", "A range stands alone, without “<” or “>”."),
        ('os:"a"b', "b", "A space belongs before this."),
        ("ram:1..2..3", "..3", "A space belongs before this."),
        ("a\0b", "\0", "A search cannot hold NUL characters."),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(query: str, wrong: str, said: str) -> None:
    with pytest.raises(QueryError) as error:
        parse(query)
    assert error.value.message == said
    at = error.value.at
    assert query[at.start : at.start + at.length] == wrong
    assert error.value.details == {
        "field": "q",
        "offset": at.start,
        "length": at.length,
        "expected": list(error.value.expected),
    }


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("x" * (LONGEST + 1), f"A search has {LONGEST} characters at most."),
        ("x " * (MOST_TERMS + 1), f"A search has {MOST_TERMS} parts at most."),
        ("(" * LONGEST, f"A search is {DEEPEST} parentheses and “not” deep at most."),
        ("not " * (LONGEST // 4), f"A search is {DEEPEST} parentheses and “not” deep at most."),
        ("not (" * (DEEPEST // 2) + "not a", f"A search is {DEEPEST} parentheses and “not” deep at most."),
    ],
)
def test_a_query_has_bounds(query: str, said: str) -> None:
    with pytest.raises(QueryError) as error:
        parse(query)
    assert error.value.message == said


def test_up_to_its_bounds_a_query_is_read() -> None:
    assert parse("x" * LONGEST) == Free("x" * LONGEST)
    assert parse("(" * DEEPEST + "a" + ")" * DEEPEST) == Free("a")
    found = parse("x " * MOST_TERMS)
    assert isinstance(found, All)
    assert len(found.of) == MOST_TERMS


PIECES = st.sampled_from(
    [*'()"<>=\\ .:%_', "..", " ", "and", "or", "not ", "os:", "ram:", "a", "é", "8gb", "\u3000", "\0"]
)
ANYTHING = st.lists(PIECES | st.characters(), max_size=40).map("".join)


def read(query: str) -> Node | QueryError | None:
    try:
        return parse(query)
    except QueryError as error:
        return error


@given(ANYTHING)
@settings(max_examples=500)
def test_whatever_is_written_is_read_or_refused_at_a_place_in_it(query: str) -> None:
    found = read(query)
    if isinstance(found, QueryError):
        assert found.at.length > 0
        assert 0 <= found.at.start <= found.at.start + found.at.length <= len(query)
    else:
        assert found is None or parse(printed(found)) == found


TEXT = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=8).filter(lambda text: text.strip() != "")
NAMES = st.sampled_from(["os", "ram", "seen", "any_field"])
OPERATORS = st.sampled_from(["", "=", "<", "<=", ">", ">="])
VALUE = st.text(st.characters(exclude_characters="\0"), max_size=8) | st.sampled_from([".", "..", "a.", ".a", "a..b"])
LEAVES = (
    TEXT.map(Free)
    | st.builds(term, NAMES, OPERATORS, VALUE)
    | st.builds(term, NAMES, st.just(""), VALUE, VALUE)
    | st.builds(term, NAMES, OPERATORS.filter(bool), VALUE, st.none(), VALUE)
    | st.builds(term, NAMES, st.just("="), VALUE, VALUE, VALUE)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=2, max_size=3).map(all_of)
        | st.lists(inner, min_size=2, max_size=3).map(any_of)
    ),
    max_leaves=8,
)


@given(TREES)
@settings(max_examples=500)
def test_a_tree_that_is_printed_and_read_is_the_same_tree(tree: Node) -> None:
    again = read(printed(tree))
    if isinstance(again, QueryError):
        assert "at most" in again.message
    else:
        assert again == tree
        assert again is not None
        assert printed(again) == printed(tree)
