"""Connections that have not said yet what they want: bounded for each visitor, and the oldest go first."""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Final, Generic, TypeVar

from gururmm_server.infra.visitors import visitor

MOST_EACH: Final = 256
"""Of one visitor. Behind one address there may be an office, whose browsers keep some six connections each."""
FRESH_S: Final = 5.0
"""Somebody who just came has had no chance to speak yet: a Site's machines come back all at once."""

One = TypeVar("One", bound=Hashable)


class Crowd(Generic[One]):
    """Who waits, by visitor. Beyond `most_each` of one visitor, or beyond `most()` of all, the oldest is let go.

    `evict` ends a connection, which may but need not `leave` by that. Where all are too many, the visitor with most of
    them gives way: nobody keeps others out by coming often.
    """

    def __init__(
        self,
        evict: Callable[[One], None],
        most: Callable[[], int],
        *,
        most_each: int = MOST_EACH,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._evict = evict
        self._most = most
        self._most_each = most_each
        self._clock = clock
        self._lines: dict[str, dict[One, float]] = {}
        self._who: dict[One, str] = {}

    def __len__(self) -> int:
        return len(self._who)

    def enter(self, one: One, address: str, *, proxy: bool = False) -> None:
        """Count a connection from this address as waiting from now on. A `proxy` stands for many visitors."""
        self.leave(one)
        who = "a proxy" if proxy else visitor(address)
        line = self._lines.setdefault(who, {})
        line[one] = now = self._clock()
        self._who[one] = who
        while not proxy and len(line) > self._most_each and next(iter(line.values())) <= now - FRESH_S:
            self._let_go(line)
        while len(self._who) > max(1, self._most()):
            self._let_go(max(self._lines.values(), key=len))

    def leave(self, one: One) -> None:
        """Forget a connection: it has said what it wants, or is gone."""
        who = self._who.pop(one, None)
        if who is not None:
            line = self._lines[who]
            del line[one]
            if not line:
                del self._lines[who]

    def _let_go(self, line: dict[One, float]) -> None:
        oldest = next(iter(line))
        self.leave(oldest)
        self._evict(oldest)
