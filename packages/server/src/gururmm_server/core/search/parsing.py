"""From what somebody wrote to a tree. Every input takes time by its length alone: it is read once, left to right."""

import re
from typing import Final, NoReturn, cast

from gururmm_server.core.search.errors import QueryError
from gururmm_server.core.search.tree import Free, Node, Not, Operand, Operator, Span, Term, all_of, any_of

LONGEST: Final = 500
"""Characters of a query."""
MOST_TERMS: Final = 32
DEEPEST: Final = 16
"""How many parentheses and `not` may stand inside each other."""

_SPACE: Final = re.compile(r"\s*")
_WORD: Final = re.compile(r'[^\s()"]+')
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z_]{1,30}:")
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.\-]*")
"""Looks like a field, and is a piece of a MAC or an IPv6 address: no field's name is made of these letters alone."""
_OPERATOR: Final = re.compile(r"<=|>=|<|>|=|")
_BARE: Final = re.compile(r'(?:(?!\.\.)[^\s()"<>=])+')
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_KEYWORDS: Final = frozenset({"and", "or", "not"})


def parse(text: str) -> Node | None:
    """Returns what a query says, None where it says nothing. Raises `QueryError`."""
    if len(text) > LONGEST:
        raise QueryError(f"A search has {LONGEST} characters at most.", Span(LONGEST, len(text) - LONGEST))
    if "\0" in text:
        raise QueryError("A search cannot hold NUL characters.", Span(text.index("\0"), 1))
    return _Reader(text).query()


def looks_like_field(word: str) -> bool:
    """Tells whether a bare word is read as a field with its value."""
    return bool(_FIELD.match(word)) and not _ADDRESS.fullmatch(word)


def is_keyword(word: str) -> bool:
    """Tells whether a bare word joins others."""
    return word.lower() in _KEYWORDS


class _Reader:
    """Reads one query, by descent: `or` of `and` of terms."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._terms = 0
        self._last = Span(0, 0)
        """The word that joined last: what is missing behind it is said of it."""

    def query(self) -> Node | None:
        if self._at_end():
            return None
        found = self._either(0)
        if not self._at_end():
            self._fail("There is no “(” that this “)” would close.", self._place, 1)
        return found

    def _either(self, depth: int) -> Node:
        nodes = [self._both(depth)]
        while self._take_keyword("or"):
            nodes.append(self._both(depth))
        return any_of(nodes)

    def _both(self, depth: int) -> Node:
        nodes = [self._one(depth)]
        while True:
            if self._take_keyword("and"):
                nodes.append(self._one(depth))
            elif self._at_end() or self._text[self._place] == ")" or self._keyword() == "or":
                return all_of(nodes)
            else:
                nodes.append(self._one(depth))

    def _one(self, depth: int) -> Node:
        if self._at_end() or self._text[self._place] == ")" or self._keyword() in ("and", "or"):
            self._missing()
        if self._text[self._place] == "(":
            return self._group(self._deeper(depth))
        if self._keyword() == "not":
            below = self._deeper(depth)
            self._take_keyword("not")
            return Not(self._one(below))
        return self._leaf()

    def _group(self, depth: int) -> Node:
        opened = self._place
        self._place += 1
        self._last = Span(opened, 1)
        found = self._either(depth)
        if self._at_end():
            self._fail("This “(” is never closed.", opened, 1, ")")
        self._place += 1
        return found

    def _deeper(self, depth: int) -> int:
        if depth == DEEPEST:
            self._fail(f"A search is {DEEPEST} parentheses and “not” deep at most.", self._place, 1)
        return depth + 1

    def _leaf(self) -> Node:
        start = self._place
        self._terms += 1
        if self._terms > MOST_TERMS:
            self._fail(f"A search has {MOST_TERMS} parts at most.", start, len(self._text) - start)
        if self._text[start] == '"':
            text = self._string()
            if not text.text.strip():
                self._fail("There is nothing in these quotes.", start, self._place - start, "something to look for")
            return Free(text.text, text.at)
        found = _WORD.match(self._text, start)
        assert found is not None  # no space, no parenthesis, no quote
        if looks_like_field(found[0]):
            return self._term()
        self._place = found.end()
        return Free(found[0], Span(start, len(found[0])))

    def _term(self) -> Term:
        found = _FIELD.match(self._text, self._place)
        assert found is not None
        at = Span(found.start(), len(found[0]))
        self._place = found.end()
        name: Operand | None = None
        operator = self._operator()
        value = self._operand(at)
        if operator == "" and (operator := self._operator()):
            name, value = value, self._operand(at)
        upto = None
        if self._text.startswith("..", self._place):
            if operator not in ("", "="):
                self._fail("A range stands alone, without “<” or “>”.", self._place, 2)
            self._place += 2
            operator, upto = "=" if name else "", self._operand(Span(self._place - 2, 2))
        self._ends_here()
        return Term(found[0][:-1].lower(), operator, value, upto, name, at)

    def _operator(self) -> Operator:
        found = _OPERATOR.match(self._text, self._place)
        assert found is not None  # it may be empty
        self._place = found.end()
        return cast(Operator, found[0])

    def _operand(self, after: Span) -> Operand:
        """Returns the value that stands here; where none does, what it is missing `after` is said."""
        if self._text.startswith('"', self._place):
            return self._string()
        found = _BARE.match(self._text, self._place)
        if found is None:
            said = self._text[after.start : after.start + after.length]
            self._fail(f"A value is missing after “{said}”.", after.start, after.length, "a value")
        self._place = found.end()
        return Operand(found[0], Span(found.start(), len(found[0])))

    def _string(self) -> Operand:
        found = _STRING.match(self._text, self._place)
        if found is None:
            self._fail("These quotes are never closed.", self._place, len(self._text) - self._place, '"')
        self._place = found.end()
        return Operand(_ESCAPED.sub(r"\1", found[1]), Span(found.start(), len(found[0])))

    def _ends_here(self) -> None:
        rest = _WORD.match(self._text, self._place)
        if rest is not None or self._text.startswith('"', self._place):
            length = len(rest[0]) if rest else 1
            self._fail("A space belongs before this.", self._place, length, "a space", "quotes around the whole value")

    def _at_end(self) -> bool:
        found = _SPACE.match(self._text, self._place)
        assert found is not None  # it may be empty
        self._place = found.end()
        return self._place == len(self._text)

    def _keyword(self) -> str:
        """Returns the word that joins here, in small letters; an empty one where none does."""
        found = _WORD.match(self._text, self._place)
        return found[0].lower() if found is not None and is_keyword(found[0]) else ""

    def _take_keyword(self, word: str) -> bool:
        if self._at_end() or self._keyword() != word:
            return False
        self._last = Span(self._place, len(word))
        self._place += len(word)
        return True

    def _missing(self) -> NoReturn:
        if self._last.length:
            said = self._text[self._last.start : self._last.start + self._last.length]
            message, at = f"Something to look for is missing after “{said}”.", self._last
        else:
            at = Span(self._place, max(1, len(self._keyword())))
            message = "Something to look for is missing before this."
        raise QueryError(message, at, "something to look for")

    def _fail(self, message: str, start: int, length: int, *expected: str) -> NoReturn:
        raise QueryError(message, Span(start, length), *expected)
