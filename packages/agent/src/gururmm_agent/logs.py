"""Log lines to stderr, one each; journald reads the level from its own prefix."""

import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Final

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Line(logging.Formatter):
    """One line for each record: a traceback's line ends are shown as ⏎."""

    def __init__(self, journald: bool) -> None:
        time = "" if journald else "%(asctime)s "
        super().__init__(time + "%(levelname)s %(name)s: %(message)s")
        self._journald = journald

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).replace("\n", " ⏎ ")
        return f"<{_PRIORITY.get(record.levelno, 5)}>{line}" if self._journald else line


class SparseLog:
    """Warnings whose number somebody else decides: so many a minute are written, and how many were not."""

    LINES: Final = 20

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._since = clock()
        self._told = 0

    def tell(self, text: str, *values: object) -> None:
        """Write a warning, unless there were too many."""
        if self._clock() - self._since >= 60:
            if self._told > self.LINES:
                self._log.warning("%d more such lines were left out", self._told - self.LINES)
            self._since, self._told = self._clock(), 0
        self._told += 1
        if self._told <= self.LINES:
            self._log.warning(text, *values)


def set_up() -> None:
    """Log INFO and above until the server says otherwise."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(journald="JOURNAL_STREAM" in os.environ))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("picows").setLevel(logging.WARNING)
