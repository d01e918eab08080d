"""Lines whose number somebody on the other end decides: of each peer so many a minute are written, and of all."""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, Final

import structlog

WINDOW_S: Final = 60.0
LINES: Final = 5
IN_ALL: Final = 300


class PeerLog:
    """A log for what peers cause. What is left out is counted, and said when the next minute's first line comes."""

    def __init__(
        self,
        log: structlog.stdlib.BoundLogger,
        *,
        lines: int = LINES,
        in_all: int = IN_ALL,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._log = log
        self._lines = lines
        self._in_all = in_all
        self._clock = clock
        self._since = clock()
        self._written: dict[Hashable, int] = {}
        self._total = 0
        self._left_out = 0

    def info(self, peer: Hashable, event: str, **facts: Any) -> None:
        """Write a line about a peer, unless there were too many."""
        if self._admits(peer):
            self._log.info(event, **facts)

    def warning(self, peer: Hashable, event: str, **facts: Any) -> None:
        """The same, as a warning."""
        if self._admits(peer):
            self._log.warning(event, **facts)

    def exception(self, peer: Hashable, event: str, **facts: Any) -> None:
        """The same for an exception that is being handled."""
        if self._admits(peer):
            self._log.exception(event, **facts)

    def _admits(self, peer: Hashable) -> bool:
        if self._clock() - self._since >= WINDOW_S:
            if self._left_out:
                self._log.warning("lines about peers were left out", lines=self._left_out)
            self._since, self._written, self._total, self._left_out = self._clock(), {}, 0, 0
        told = self._written.get(peer, 0)
        if told >= self._lines or self._total >= self._in_all:
            self._left_out += 1
            return False
        self._written[peer] = told + 1
        self._total += 1
        return True
