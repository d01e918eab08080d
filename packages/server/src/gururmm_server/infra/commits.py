"""Whether something was committed on the way: what fails later must not say that nothing was changed."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Commits:
    """How many transactions were committed since the watch began, those that changed nothing among them."""

    count: int = 0


_WATCH: Final[ContextVar[Commits | None]] = ContextVar("commits", default=None)


def watch_commits() -> Commits:
    """Returns what counts the commits of this task, and of those that it begins, from here on."""
    commits = Commits()
    _WATCH.set(commits)
    return commits


def note_commit() -> None:
    """Counts one. Scopes call it, nobody else."""
    commits = _WATCH.get()
    if commits is not None:
        commits.count += 1
