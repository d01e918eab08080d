"""How often somebody may guess: per account and per visitor.

Whoever guesses at an account uses up the tries of strangers. A browser by which its person signed in before has its
own, so nobody is kept out of their account by others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from gururmm_server.infra.rate_limit import RateLimit, RateLimited
from gururmm_server.infra.visitors import visitor

PER_ACCOUNT = 5
PER_VISITOR = 20
_WINDOW_S = 60
PER_CODE = 10
_CODE_WINDOW_S = 3600
"""A code has a million values, three of which are right: whoever knows the password gets this many guesses an hour."""


class TooManyAttempts(RateLimited):
    """Too many attempts. Try again in a moment."""

    code = "too_many_attempts"


class Attempts:
    """Each try counts before anything is computed for it; a right one takes its own count back.

    `browser` is the name of one that the person signed in by before, None for a stranger's.
    """

    def __init__(self) -> None:
        self._account = RateLimit(PER_ACCOUNT, _WINDOW_S)
        self._code = RateLimit(PER_CODE, _CODE_WINDOW_S)
        self._visitor = RateLimit(PER_VISITOR, _WINDOW_S)

    def count_visitor(self, address: str) -> None:
        """Count a try from this address. Raises `TooManyAttempts` with the seconds to wait."""
        if wait := self._visitor.hit(visitor(address)):
            raise TooManyAttempts(f"Too many attempts from this address. Try again in {_seconds(wait)}.", wait)

    def count_account(self, account: UUID | str, browser: str | None = None) -> None:
        """Count a try at a person, or at an address that nobody has. Raises `TooManyAttempts`."""
        if wait := self._account.hit(_key(account, browser)):
            raise TooManyAttempts(f"Too many attempts for this account. Try again in {_seconds(wait)}.", wait)

    def succeeded(self, account: UUID, address: str, browser: str | None = None) -> None:
        """The password was right: forget the tries at the account, and this one of the visitor."""
        self._account.clear(_key(account, browser))
        self._visitor.give_back(visitor(address))

    def give_back(self, address: str) -> None:
        """Take back a try of the visitor that turned out to be right."""
        self._visitor.give_back(visitor(address))

    @contextmanager
    def code(self, account: UUID, address: str, browser: str | None, *, guessable: bool) -> Iterator[None]:
        """Count a code for somebody's second factor, unless it has too many values to be guessed.

        Where nothing is raised inside, it was right: forget the codes tried, and this try of the visitor, who was
        counted before. Raises `TooManyAttempts`.
        """
        key = _key(account, browser)
        if guessable and (wait := self._code.hit(key)):
            raise TooManyAttempts(
                f"Too many codes for this account. Use a recovery code, or try again in {_seconds(wait)}.", wait
            )
        yield
        self._code.clear(key)
        self._visitor.give_back(visitor(address))


def _key(account: UUID | str, browser: str | None) -> str:
    return str(account) if browser is None else f"{account} {browser}"


def _seconds(count: int) -> str:
    if count > 90:
        return f"{-(-count // 60)} minutes"
    return "1 second" if count == 1 else f"{count} seconds"
