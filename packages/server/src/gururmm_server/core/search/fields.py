"""The fields that a query may ask for, and a query made into conditions on machines.

`a` is a machine's record and `s` its state, wherever a condition stands: the views `machines` and `machine_states`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NoReturn, TypeAlias

from gururmm_server.core.search.errors import QueryError
from gururmm_server.core.search.kinds import Kind
from gururmm_server.core.search.parsing import looks_like_field, parse
from gururmm_server.core.search.tree import All, Any, Free, Node, Not, Span, Term
from gururmm_server.infra.sql import Sql, joined, raw, sql

Table: TypeAlias = Literal["a", "s"]
FreeText: TypeAlias = Callable[[str], Sql]
"""Makes the condition that a machine is known by a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchField:
    """Something that machines can be searched by."""

    name: str
    """Lower case letters and `_`; saved queries keep it, so it is never changed."""
    sentence: str
    """What it is, for whoever learns the language."""
    examples: tuple[str, ...]
    kind: Kind
    table: Table = "a"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the conditions that all hold, and which tables it asks.

    `known_by` is text by which every such machine is known: it may be looked up first.
    """

    where: Sql
    tables: frozenset[Table]
    known_by: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that was understood: texts that machines must be known by, and conditions, all of which hold."""

    free: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


class Fields:
    """The fields that the components of this process declare."""

    def __init__(self, declared: Iterable[SearchField]) -> None:
        """Collects them. Raises `ValueError` where two share a name, or one could not be told from other text."""
        self._by_name: dict[str, SearchField] = {}
        self._declared = tuple(declared)
        for field in self._declared:
            for name in (field.name, *field.aliases):
                if name in self._by_name:
                    raise ValueError(f"the search field {name} is declared twice")
                if name != name.lower() or not looks_like_field(f"{name}:"):
                    raise ValueError(f"{name} is no name for a search field")
                self._by_name[name] = field

    def all(self) -> list[SearchField]:
        """Returns every field, by name."""
        return sorted(self._declared, key=lambda field: field.name)

    def asked(self, query: str, free: FreeText) -> Asked:
        """Returns what a query asks. Raises `QueryError` at the place where it cannot be understood."""
        tree = parse(query)
        nodes = tree.of if isinstance(tree, All) else () if tree is None else (tree,)
        return Asked(
            tuple(node.text for node in nodes if isinstance(node, Free)),
            tuple(self._condition(node, free) for node in nodes if not isinstance(node, Free)),
        )

    def check(self, query: str) -> None:
        """Raises `QueryError` where a query cannot be understood."""
        self.asked(query, lambda _: raw("true"))

    def _condition(self, node: Node, free: FreeText) -> Condition:
        tables: set[Table] = set()
        where = self._sql(node, free, tables)
        known_by = self._field(node).kind.in_search_text(node) if isinstance(node, Term) else ""
        return Condition(where, frozenset(tables), known_by)

    def _sql(self, node: Node, free: FreeText, tables: set[Table]) -> Sql:
        match node:
            case Free(text):
                tables.add("a")
                return sql("({known})", known=free(text))
            case Term():
                field = self._field(node)
                tables.add(field.table)
                return sql("({asked})", asked=field.kind.sql(node))
            case Not(of):
                # What is not known of a machine is not fulfilled, so its contrary is.
                return sql("({asked} is not true)", asked=self._sql(of, free, tables))
            case All(of):
                return sql("({each})", each=joined(" and ", [self._sql(each, free, tables) for each in of]))
            case Any(of):
                return sql("({each})", each=joined(" or ", [self._sql(each, free, tables) for each in of]))

    def _field(self, term: Term) -> SearchField:
        found = self._by_name.get(term.field)
        if found is None:
            self._unknown(term)
        return found

    def _unknown(self, term: Term) -> NoReturn:
        near = get_close_matches(term.field, self._by_name, 1)
        meant = f": did you mean {near[0]}?" if near else ". Quotes make it text to look for."
        raise QueryError(
            f"There is no field “{term.field}”{meant}",
            Span(term.at.start, len(term.field)),
            *(near or sorted(self._by_name)),
        )
