"""What the values of a field are: how each kind reads what was written, and what it asks of the field's column.

A component gives the column as a piece of its repository; values are bound, never text. A field that a machine has no
value of is not fulfilled, whatever is asked of it.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from difflib import get_close_matches
from typing import ClassVar, Final, Literal, NoReturn, Protocol, TypeAlias

from gururmm_server.core.search.errors import QueryError
from gururmm_server.core.search.tree import Operand, Operator, Span, Term
from gururmm_server.infra.paging import folded
from gururmm_server.infra.sql import Sql, all_of, joined, raw, sql

_AMOUNT: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,4}))?\s?([a-z%]*)")
_YES: Final = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_BYTES: Final = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_MOST: Final = (1 << 63) - 1
_LONGEST_AGO: Final = 36500 * 86400
"""A hundred years: the database's times begin far before."""
_SIGNS: Final[Mapping[Operator, Sql]] = {sign: raw(sign) for sign in ("<", "<=", ">", ">=")}

KindName: TypeAlias = Literal[
    "text",
    "number",
    "bytes",
    "percent",
    "duration",
    "ago",
    "yes_no",
    "choice",
    "address",
    "mac",
    "version",
    "software",
    "tag",
]


class Kind(Protocol):
    """A kind of value, over one column."""

    name: ClassVar[KindName]
    """For whoever completes what is typed."""
    operators: ClassVar[tuple[Operator, ...]]
    units: ClassVar[Mapping[str, int]]

    def sql(self, term: Term) -> Sql:
        """Returns the condition. Raises `QueryError`."""
        ...

    def values(self) -> tuple[str, ...]:
        """Returns all values that there are, where they can be counted up."""
        ...

    def in_search_text(self, term: Term) -> str:
        """Returns text by which every machine that fulfils the term is known, too; nothing where that is not so."""
        ...


@dataclass(frozen=True, slots=True)
class _Plain:
    """What most kinds are like."""

    units: ClassVar[Mapping[str, int]] = {}
    column: Sql

    def values(self) -> tuple[str, ...]:
        return ()

    def in_search_text(self, term: Term) -> str:  # noqa: ARG002  # says so for every term
        return ""


@dataclass(frozen=True, slots=True)
class Text(_Plain):
    """Text of any length, kept folded: `name:web` is a part of it, `name:=web01` the whole."""

    name: ClassVar[KindName] = "text"
    operators: ClassVar[tuple[Operator, ...]] = ("=",)
    searched: bool = False
    """Machines are known by it: it is part of what free text looks in."""
    also: Sql | None = None
    """A second column that may fulfil it."""

    def sql(self, term: Term) -> Sql:
        _only(self, term)
        text = folded(term.value.text)
        if term.operator == "=":
            found = [sql("{column} = {text}", column=each, text=text) for each in self._columns()]
        elif text:
            found = [sql("{column} like {part}", column=each, part=contains(text)) for each in self._columns()]
        else:
            raise QueryError(f'Nothing is in these quotes: write {term.field}:="" for those without.', term.value.at)
        return sql("({found})", found=joined(" or ", found))

    def in_search_text(self, term: Term) -> str:
        return term.value.text if self.searched and self.also is None else ""

    def _columns(self) -> tuple[Sql, ...]:
        return (self.column,) if self.also is None else (self.column, self.also)


@dataclass(frozen=True, slots=True)
class Number(_Plain):
    """A number. What is written without an operator is rounded: `7.8` stands for 7.75 up to 7.85."""

    name: ClassVar[KindName] = "number"
    operators: ClassVar[tuple[Operator, ...]] = ("=", "<", "<=", ">", ">=")
    free_unit: ClassVar[bool] = True
    """A number without unit is meant as it is."""
    scale: ClassVar[int] = 1
    """How many of the column's one is."""

    def sql(self, term: Term) -> Sql:
        _only(self, term, ranges=True)
        low, step = self.read(term.value)
        if term.upto is not None:
            high, _ = self.read(term.upto)
            _ordered(low <= high, term)
            return self._between(low, high, "<=")
        if term.operator in _SIGNS:
            return self._compared(term.operator, low)
        return self._between(low - step / 2, low + step / 2, "<")

    def read(self, value: Operand) -> tuple[Decimal, Decimal]:
        """Returns the amount in the column's measure, and how much one of its last written digit is."""
        found = _AMOUNT.fullmatch(value.text.lower())
        units = ", ".join(self.units)
        if found is None:
            example = f"8{next(iter(self.units), '')}"
            raise QueryError(f"“{_short(value.text)}” is no number like {example}.", value.at, "a number", *self.units)
        whole, decimals, unit = found[1], found[2] or "", found[3]
        if unit and unit not in self.units:
            what = f"the unit can be {units}" if units else "it has none"
            raise QueryError(f"“{unit}” is no unit here: {what}.", value.at, *self.units)
        if not unit and not self.free_unit:
            raise QueryError(f"“{value.text}” needs a unit: {units}.", value.at, *self.units)
        factor = Decimal(self.units.get(unit, 1) * self.scale)
        return Decimal(f"{whole}.{decimals or 0}") * factor, factor.scaleb(-len(decimals))

    def _compared(self, operator: Operator, amount: Decimal) -> Sql:
        # The column holds whole numbers, and comparing those with one is the fastest.
        whole = amount.to_integral_value(ROUND_FLOOR if operator in ("<=", ">") else ROUND_CEILING)
        bound = min(int(whole), _MOST)
        return sql("{column} {sign} {bound}::bigint", column=self.column, sign=_SIGNS[operator], bound=bound)

    def _between(self, low: Decimal, high: Decimal, below: Operator) -> Sql:
        return all_of([self._compared(">=", low), self._compared(below, high)])


@dataclass(frozen=True, slots=True)
class Bytes(Number):
    """An amount of memory; 1 kb is 1,024 bytes, as systems count what they have."""

    name: ClassVar[KindName] = "bytes"
    units: ClassVar[Mapping[str, int]] = _BYTES
    free_unit: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Percent(Number):
    """A share, kept in permille."""

    name: ClassVar[KindName] = "percent"
    units: ClassVar[Mapping[str, int]] = {"%": 1}
    scale: ClassVar[int] = 10


@dataclass(frozen=True, slots=True)
class Duration(Number):
    """How long something lasts, kept in seconds."""

    name: ClassVar[KindName] = "duration"
    units: ClassVar[Mapping[str, int]] = _SECONDS
    free_unit: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Ago(Duration):
    """How long ago something was, kept as its time: `seen:>7d` was more than seven days ago."""

    name: ClassVar[KindName] = "ago"
    operators: ClassVar[tuple[Operator, ...]] = ("<", "<=", ">", ">=")

    def read(self, value: Operand) -> tuple[Decimal, Decimal]:
        amount, step = Duration.read(self, value)
        if amount > _LONGEST_AGO:
            raise QueryError("That is more than a hundred years ago.", value.at)
        return amount, step

    def _compared(self, operator: Operator, amount: Decimal) -> Sql:
        long_ago = sql("now() - {amount}::float8 * interval '1 second'", amount=float(amount))
        return sql("{ago} {sign} {column}", ago=long_ago, sign=_SIGNS[operator], column=self.column)


@dataclass(frozen=True, slots=True)
class YesNo(_Plain):
    """What is so or is not."""

    name: ClassVar[KindName] = "yes_no"
    operators: ClassVar[tuple[Operator, ...]] = ("=",)

    def sql(self, term: Term) -> Sql:
        _only(self, term)
        wanted = _YES.get(term.value.text.lower())
        if wanted is None:
            raise QueryError(f"{term.field} is true or false.", term.value.at, *self.values())
        return self.column if wanted else sql("not {column}", column=self.column)

    def values(self) -> tuple[str, ...]:
        return ("true", "false")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, each with what it asks."""

    name: ClassVar[KindName] = "choice"
    operators: ClassVar[tuple[Operator, ...]] = ("=",)
    units: ClassVar[Mapping[str, int]] = {}
    choices: Mapping[str, Sql]

    def sql(self, term: Term) -> Sql:
        _only(self, term)
        said = term.value.text.lower()
        if said not in self.choices:
            near = get_close_matches(said[:50], self.choices, 1)
            meant = f"did you mean {near[0]}?" if near else f"it can be {', '.join(self.choices)}."
            raise QueryError(f"“{_short(said)}” is no {term.field}: {meant}", term.value.at, *(near or self.choices))
        return self.choices[said]

    def values(self) -> tuple[str, ...]:
        return tuple(self.choices)

    def in_search_text(self, term: Term) -> str:  # noqa: ARG002  # says so for every term
        return ""


@dataclass(frozen=True, slots=True)
class Address(_Plain):
    """Addresses, kept as ` 4:0a000001`: an address, a network, or the beginning of an IPv4 address (`10.0`)."""

    name: ClassVar[KindName] = "address"
    operators: ClassVar[tuple[Operator, ...]] = ("=",)

    def sql(self, term: Term) -> Sql:
        _only(self, term)
        network = _network(term.value)
        digits, bits = divmod(network.prefixlen, 4)
        packed = network.network_address.packed.hex()
        begun = f"% {network.version}:{packed[:digits]}"
        # A network that ends inside of a digit is several beginnings: as many as that digit can be.
        ends = [f"{int(packed[digits], 16) + each:x}" for each in range(1 << (4 - bits))] if bits else [""]
        return sql("{column} like any({begun}::text[])", column=self.column, begun=[f"{begun}{end}%" for end in ends])


@dataclass(frozen=True, slots=True)
class Mac(_Plain):
    """MAC addresses, kept with colons and spaces between them: any piece of one, however it is written."""

    name: ClassVar[KindName] = "mac"
    operators: ClassVar[tuple[Operator, ...]] = ("=",)

    def sql(self, term: Term) -> Sql:
        _only(self, term)
        return sql("{column} like {part}", column=self.column, part=f"%{_mac(term.value)}%")

    def in_search_text(self, term: Term) -> str:
        return _mac(term.value)


@dataclass(frozen=True, slots=True)
class Version(_Plain):
    """A version, kept as its sort key: `1.2` stands for all that begin with it and go on behind a dot or a dash."""

    name: ClassVar[KindName] = "version"
    operators: ClassVar[tuple[Operator, ...]] = ("=", "<", "<=", ">", ">=")

    def sql(self, term: Term) -> Sql:
        _only(self, term, ranges=True)
        low, high = version_bounds(term)
        asked = [sql("{column} <> ''", column=self.column)]
        if low is not None:
            asked.append(sql("{column} >= {low}", column=self.column, low=low))
        if high is not None:
            asked.append(sql("{column} < {high}", column=self.column, high=high))
        return all_of(asked)


def version_bounds(term: Term) -> tuple[str | None, str | None]:
    """Returns from which sort key on, and up to below which one, versions are as a term says. Raises `QueryError`."""
    first = version_key(term.value.text)
    behind = f"{first}/"  # after everything that goes on with a space or one of !"#$%&'()*+,-.
    if term.upto is not None:
        last = version_key(term.upto.text)
        _ordered(first <= last, term)
        return first, f"{last}/"
    bounds: dict[Operator, tuple[str | None, str | None]] = {
        "<": (None, first),
        "<=": (None, behind),
        ">": (behind, None),
        ">=": (first, None),
    }
    return bounds.get(term.operator, (first, behind))


def version_key(text: str) -> str:
    """Returns what versions are compared by, as `core.version_key` does: every number has twelve digits."""
    said = re.sub("^[0-9]+:", "", folded(text[:100]))
    return re.sub("[0-9]+", lambda found: found[0][-12:].rjust(12, "0"), said)


def contains(text: str) -> str:
    """Returns a LIKE pattern for what holds this text somewhere."""
    return f"%{literally(text)}%"


def literally(text: str) -> str:
    """Returns a LIKE pattern for this text."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _only(kind: Kind, term: Term, *, ranges: bool = False) -> None:
    """Raises `QueryError` where a term has more to it than such values have."""
    if term.name is not None:
        raise QueryError(
            f"{term.field} has one value: quotes belong around one that holds “{term.operator}”.", term.name.at
        )
    if term.upto is not None and not ranges:
        raise QueryError(f"{term.field} has no ranges: quotes belong around a value that holds “..”.", term.value.at)
    if term.upto is None and (term.operator or "=") not in kind.operators:
        signs = ", ".join(kind.operators)
        if not term.operator:
            raise QueryError(f"{term.field} needs one of {signs} before its value.", term.value.at, *kind.operators)
        at = Span(term.at.start + term.at.length, len(term.operator))
        raise QueryError(f"{term.field} does not take “{term.operator}”, but {signs}.", at, *kind.operators)


def _ordered(in_order: bool, term: Term) -> None:
    if not in_order:
        raise QueryError("The first value of a range is the smaller one.", term.value.at)


def _network(value: Operand) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    text = value.text
    begun = text.rstrip(".").split(".")
    if "/" not in text and ":" not in text and len(begun) < 4:
        text = f"{'.'.join([*begun, *'000'][:4])}/{8 * len(begun)}"
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        message = f"“{_short(value.text)}” is no address and no network like 10.0.0.0/8."
        raise QueryError(message, value.at, "an address", "a network") from None


_PAIRS: Final = re.compile(r"([0-9a-f]{2}[:-])*[0-9a-f]{1,2}[:-]?")
_FOURS: Final = re.compile(r"([0-9a-f]{4}\.)*[0-9a-f]{1,4}\.?")


def _mac(value: Operand) -> str:
    """Returns a piece of a MAC address as it is stored."""
    text = value.text.lower()
    if not (_PAIRS.fullmatch(text) or _FOURS.fullmatch(text) or re.fullmatch("[0-9a-f]{1,12}", text)):
        _refuse(value, "no MAC address, nor a piece of one like 00:1a", "a MAC address")
    digits = re.sub("[:.-]", "", text)
    if not 2 <= len(digits) <= 12:
        _refuse(value, "no piece of a MAC address: that has two to twelve digits", "a MAC address")
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))


def _refuse(value: Operand, what: str, *expected: str) -> NoReturn:
    raise QueryError(f"“{_short(value.text)}” is {what}.", value.at, *expected)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
