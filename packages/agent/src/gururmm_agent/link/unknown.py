"""What a newer server says and this agent does not know: passed over, and told to the log once each."""

import logging
from typing import Final, Literal

_log = logging.getLogger(__name__)

_REMEMBERED: Final = 200
"""A server that invents names without end gets no more lines than this."""

What = Literal["tag", "section", "log level", "capability"]


class Unknown:
    """The names that were passed over since this agent started."""

    def __init__(self) -> None:
        self._told: set[tuple[What, str]] = set()

    def note(self, what: What, name: str) -> None:
        """Say in the log that this was passed over, unless it was said already."""
        if (what, name) not in self._told and len(self._told) < _REMEMBERED:
            self._told.add((what, name))
            _log.warning("the server knows a %s that this agent does not know; it is passed over: %s", what, name)
