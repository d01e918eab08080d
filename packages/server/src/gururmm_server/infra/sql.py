"""SQL that is put together from pieces, each of which brings its own values.

`sql("a.site_id = {site}", site=site_id)` is a piece: the hole becomes `$1`, or whatever number it has in the whole
statement, so no piece has to know how many values stand before it. A hole that is filled with another piece takes that
piece in. `await tx.fetch(*piece.bound())` runs it.

A value never becomes text. Text that is no literal of ours (a sort's expression) goes in through `raw`, which is given
constants of this program and nothing that anybody sent. Braces of SQL itself are doubled, as in `str.format`.
"""

import re
from collections.abc import Iterable, Iterator
from string import Formatter
from typing import Any, Final

_parse: Final = Formatter().parse
_NUMBERED: Final = re.compile(r"\$\d")


class Sql:
    """A piece of a statement: text with holes, and what fills them."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Iterable["str | _Bound | Sql"]) -> None:
        """Takes it as it is; `sql`, `raw` and the functions below make one."""
        self._parts = tuple(parts)

    def bound(self) -> tuple[Any, ...]:
        """Returns the text with its values numbered from `$1` on, and those values in that order."""
        text: list[str] = []
        numbers: dict[int, int] = {}
        values: list[Any] = []
        for part in self._flat():
            if isinstance(part, str):
                text.append(part)
                continue
            if id(part) not in numbers:
                values.append(part.value)
                numbers[id(part)] = len(values)
            text.append(f"${numbers[id(part)]}")
        return "".join(text), *values

    def _flat(self) -> Iterator["str | _Bound"]:
        for part in self._parts:
            if isinstance(part, Sql):
                yield from part._flat()  # noqa: SLF001  # its own kind
            else:
                yield part


class _Bound:
    """A value in its hole. One that stands in several places of a statement is sent once."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def sql(template: str, /, **holes: Any) -> Sql:
    """Returns the piece of a template whose holes `{name}` are filled: with pieces, or with values to bind.

    Raises `ValueError` where template and holes do not fit together, and for a template that numbers a value itself.
    """
    if _NUMBERED.search(template):
        raise ValueError("a value has a name in a template, never a number")
    filled = {name: hole if isinstance(hole, Sql) else _Bound(hole) for name, hole in holes.items()}
    parts: list[str | _Bound | Sql] = []
    used: set[str] = set()
    for text, name, form, conversion in _parse(template):
        if text:
            parts.append(text)
        if name is not None:
            if name not in filled or form or conversion:
                raise ValueError(f"nothing fills the hole {{{name}}}")
            parts.append(filled[name])
            used.add(name)
    if used != filled.keys():
        raise ValueError(f"no hole for {', '.join(sorted(filled.keys() - used))}")
    return Sql(parts)


def raw(text: str) -> Sql:
    """Returns text of ours as a piece, as it is."""
    return Sql([text])


def joined(separator: str, pieces: Iterable[Sql]) -> Sql:
    """Returns the pieces one after the other, with a text between them."""
    parts: list[str | _Bound | Sql] = []
    for piece in pieces:
        if parts:
            parts.append(separator)
        parts.append(piece)
    return Sql(parts)


def all_of(conditions: Iterable[Sql]) -> Sql:
    """Returns the condition that all of these are true; `true` where there are none."""
    found = list(conditions)
    return joined(" and ", found) if found else raw("true")
