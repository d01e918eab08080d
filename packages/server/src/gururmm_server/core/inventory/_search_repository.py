"""By what it holds a machine can be searched. `a` is the view `machines`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from gururmm_server.core.search.errors import QueryError
from gururmm_server.core.search.fields import SearchField
from gururmm_server.core.search.kinds import KindName, contains, literally, version_bounds
from gururmm_server.core.search.tree import Operator, Span, Term
from gururmm_server.infra.paging import folded
from gururmm_server.infra.sql import Sql, sql

_SHORTEST: Final = 3
"""Letters of a name; fewer stand in nearly everything that is installed."""


@dataclass(frozen=True, slots=True)
class Software:
    """A program by its name, and by its version where one is compared: `chrome`, `"google chrome"<120`."""

    name: ClassVar[KindName] = "software"
    operators: ClassVar[tuple[Operator, ...]] = ("=", "<", "<=", ">", ">=")
    units: ClassVar[Mapping[str, int]] = {}

    def sql(self, term: Term) -> Sql:
        """Returns the condition. Raises `QueryError`."""
        named = term.name or term.value
        if term.name is None and (term.operator not in ("", "=") or term.upto is not None):
            at = Span(term.at.start + term.at.length, max(1, len(term.operator)))
            raise QueryError(f"{term.field} needs a name before a version: {term.field}:chrome<120.", at, "a name")
        name = folded(named.text)
        if len(name.strip()) < _SHORTEST:
            raise QueryError(f"{term.field} needs {_SHORTEST} letters of a name at least.", named.at, "a name")
        low, high = (None, None) if term.name is None else version_bounds(term)
        return sql(
            "a.agent_id in (select core.machines_with_software({pattern}, {low}::text, {high}::text))",
            pattern=literally(name) if term.name is None and term.operator == "=" else contains(name),
            low=low,
            high=high,
        )

    def values(self) -> tuple[str, ...]:
        """Returns none: there are too many."""
        return ()

    def in_search_text(self, term: Term) -> str:  # noqa: ARG002  # says so for every term
        """Returns nothing: no machine is known by what it holds."""
        return ""


FIELDS: Final = (
    SearchField(
        name="software",
        sentence="What is installed, and in which version.",
        examples=("software:chrome", "software:chrome<120", 'software:"visual studio code">=1.90', "software:=vim"),
        kind=Software(),
    ),
)
