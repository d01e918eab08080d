"""What the agent cannot do, and why: told with every sample until it can again."""

from gururmm_wire.v2.agent import Fault

from gururmm_agent.printable import printable

_TEXT = 2000
_AT_ONCE = 16


class Faults:
    """The faults of now, by kind and place; one that lasts is kept once."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, str], str] = {}

    def begin(self, kind: str, place: str, why: str) -> bool:
        """Note that something fails. Returns whether it did not, or otherwise, before."""
        why = printable(why)
        is_new = self._now.get((kind, place)) != why
        self._now[kind, place] = why
        return is_new

    def end(self, kind: str, place: str) -> None:
        """Note that it works."""
        self._now.pop((kind, place), None)

    def current(self) -> list[Fault]:
        """All of them, as they go over the wire."""
        told = [
            Fault(kind, (f"{place}: {why}" if place else why)[:_TEXT]) for (kind, place), why in dict(self._now).items()
        ]
        return told[:_AT_ONCE]
