"""What Partners share: each with what one of them may use unless the Platform says otherwise."""

from dataclasses import dataclass
from typing import Final

KEPT_DAYS: Final = 90
"""How long recordings and the output of commands are kept, and for how long they count."""
DAYS_SHARE: Final = 10
"""On one day a Partner may write a tenth of what it may have written in all: no bad day uses up a season."""
_GIB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Resource:
    """Something of which a Partner may use `most`. `noun` says in a sentence what there is too much of."""

    name: str
    most: int
    noun: str


RECORDINGS: Final = Resource("recorded_bytes", 20 * _GIB, "recordings of terminals")
COMMANDS: Final = Resource("command_bytes", 20 * _GIB, "commands")
OUTPUT: Final = Resource("output_bytes", 20 * _GIB, "output of commands")
TERMINALS: Final = Resource("terminals", 150, "open terminals")
MACHINES: Final = Resource("machines", 25_000, "machines")

REQUESTS_PER_SECOND: Final = 100
"""Of one Partner, to one api process, for long; a page asks some twenty."""
REQUESTS_AT_ONCE: Final = 2000
LIVE_SOCKETS: Final = 1000
"""Dashboards of one Partner that one api process keeps up to date."""

WRITTEN: Final = (RECORDINGS, COMMANDS, OUTPUT)
"""Counted by the day, for as long as what was written is kept."""
COUNTED: Final = (TERMINALS, MACHINES)
"""Counted as many as there are."""
EVERY: Final = (*WRITTEN, *COUNTED)
