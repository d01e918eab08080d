"""What can be wrong with a query: always at a place in it."""

from gururmm_server.core.search.tree import Span
from gururmm_server.infra.errors import InvalidInput


class QueryError(InvalidInput):
    """This search cannot be read."""

    code = "invalid_query"

    def __init__(self, message: str, at: Span, *expected: str) -> None:
        """`message` is a sentence for whoever wrote it; `expected` is what could stand there instead."""
        self.at = at
        self.expected = expected
        super().__init__(
            message, details={"field": "q", "offset": at.start, "length": at.length, "expected": list(expected)}
        )
