"""Tags as a field of the query language. `a` is the view `machines`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from gururmm_server.core.search.errors import QueryError
from gururmm_server.core.search.fields import SearchField
from gururmm_server.core.search.kinds import KindName
from gururmm_server.core.search.tree import Operator, Span, Term
from gururmm_server.infra.sql import Sql, sql


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag of a machine, or of its Site or Client."""

    name: ClassVar[KindName] = "tag"
    operators: ClassVar[tuple[Operator, ...]] = ("=",)
    units: ClassVar[Mapping[str, int]] = {}

    def sql(self, term: Term) -> Sql:
        """Returns the condition. Raises `QueryError`."""
        if term.operator not in ("", "=") or term.name is not None or term.upto is not None:
            at = Span(term.at.start + term.at.length, max(1, len(term.operator)))
            raise QueryError(f"{term.field} takes a whole tag: {term.field}:vip.", at, "a tag")
        return sql(
            "a.agent_id in (select agent_id from core.tags where tag = {tag} and agent_id is not null)"
            " or a.site_id in (select site_id from core.tags where tag = {tag} and site_id is not null)"
            " or a.client_id in (select client_id from core.tags where tag = {tag} and client_id is not null)",
            tag=term.value.text.lower(),
        )

    def values(self) -> tuple[str, ...]:
        """Returns none: each Partner has tags of its own."""
        return ()

    def in_search_text(self, term: Term) -> str:  # noqa: ARG002  # says so for every term
        """Returns nothing: no machine is known by its tags."""
        return ""


FIELDS: Final = (
    SearchField(
        name="tag",
        sentence="A tag that hangs on it, on its Site or on its Client.",
        examples=("tag:vip", "not tag:retired"),
        kind=Tagged(),
    ),
)
