"""A bounded wait for a bounded number of places, in which nobody's crowd makes others wait."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

from gururmm_server.infra.errors import GuruError

_COMPANY_S: Final = 2.0
"""Whoever asked within this time is still at work."""

_Line = deque["asyncio.Future[None]"]


class Crowded(GuruError):
    """Too many ask for this at the same moment. Try again in a few seconds."""

    code = "crowded"
    status = 503

    def __init__(self) -> None:
        super().__init__(details={"retry_after_s": 2})


class FairQueue:
    """`places` at once; whoever else comes waits in a line of their own, and the lines are served in turn.

    A line holds `most_each`, all together `most`. Who comes when all are full takes the place of the last in the
    longest line, where that is longer than theirs would be.
    """

    def __init__(
        self,
        places: int,
        *,
        most: int,
        most_each: int,
        share: int | None = None,
        in_company: int | None = None,
        limit_s: float = 30,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`share` is how many places one may hold at once (None: all), `limit_s` how long anybody waits.

        `in_company` is the share while somebody else has come lately: free places are no use to others where what is
        done in the taken ones takes the machine itself.
        """
        self._free = places
        self._share = share or places
        self._in_company = in_company or self._share
        self._clock = clock
        self._latest = self._before = ("", float("-inf"))
        """Who came last and when, and the same of the last who was somebody else."""
        self._limit_s = limit_s
        self._held: Counter[str] = Counter()
        self._most = most
        self._most_each = most_each
        self._lines: dict[str, _Line] = {}
        """The next to be served first; never an empty one."""

    @asynccontextmanager
    async def place(self, who: str) -> AsyncIterator[None]:
        """Holds a place for the length of the block. Raises `Crowded`."""
        if who != self._latest[0]:
            self._before = self._latest
        self._latest = (who, self._clock())
        if self._free and who not in self._lines and self._may(who):
            self._give(who)
        else:
            await self._wait(who)
        try:
            yield
        finally:
            self._leave(who)

    async def _wait(self, who: str) -> None:
        if len(self._lines.get(who, ())) >= self._most_each:
            raise Crowded
        if sum(map(len, self._lines.values())) >= self._most:
            self._make_room(who)
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(who, deque()).append(turn)
        self._serve()
        try:
            # Not `wait_for`: since Python 3.12 it may pass over a turn that came at the last moment.
            await asyncio.wait({turn}, timeout=self._limit_s)
        except asyncio.CancelledError:
            if not turn.cancel() and turn.exception() is None:
                self._leave(who)  # the turn came at the same moment
            raise
        if turn.cancel():
            raise Crowded
        turn.result()

    def _make_room(self, who: str) -> None:
        longest = max(self._lines.values(), key=len)
        if len(longest) <= len(self._lines.get(who, ())) + 1:
            raise Crowded
        turn = longest.pop()
        if not turn.done():
            turn.set_exception(Crowded())

    def _may(self, who: str) -> bool:
        _, came = self._before if who == self._latest[0] else self._latest
        in_company = self._clock() - came < _COMPANY_S
        return self._held[who] < (self._in_company if in_company else self._share)

    def _give(self, who: str) -> None:
        self._free -= 1
        self._held[who] += 1

    def _leave(self, who: str) -> None:
        self._free += 1
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        self._serve()

    def _serve(self) -> None:
        while self._free and (next_one := next(filter(self._may, self._lines), None)) is not None:
            turn = self._take(next_one)
            if next_one in self._lines:
                self._lines[next_one] = self._lines.pop(next_one)
            if not turn.done():
                self._give(next_one)
                turn.set_result(None)

    def _take(self, who: str) -> "asyncio.Future[None]":
        line = self._lines[who]
        turn = line.popleft()
        if not line:
            del self._lines[who]
        return turn
