"""How often somebody may guess: per account and per visitor."""

from uuid import UUID

from gururmm_server.infra.rate_limit import RateLimit, RateLimited
from gururmm_server.infra.visitors import visitor

PER_ACCOUNT = 5
PER_VISITOR = 20
_WINDOW_S = 60


class TooManyAttempts(RateLimited):
    """Too many attempts. Try again in a moment."""

    code = "too_many_attempts"


class Attempts:
    """Each try counts before anything is computed for it; a right password takes its own count back."""

    def __init__(self) -> None:
        self._account = RateLimit(PER_ACCOUNT, _WINDOW_S)
        self._visitor = RateLimit(PER_VISITOR, _WINDOW_S)

    def count_visitor(self, address: str) -> None:
        """Count a try from this address. Raises `TooManyAttempts` with the seconds to wait."""
        if wait := self._visitor.hit(visitor(address)):
            raise TooManyAttempts(f"Too many attempts from this address. Try again in {_seconds(wait)}.", wait)

    def count_account(self, account: UUID | str) -> None:
        """Count a try at a person, or at an address that nobody has. Raises `TooManyAttempts`."""
        if wait := self._account.hit(str(account)):
            raise TooManyAttempts(f"Too many attempts for this account. Try again in {_seconds(wait)}.", wait)

    def succeeded(self, account: UUID, address: str) -> None:
        """The password was right: forget the account's tries, and this one of the visitor."""
        self._account.clear(str(account))
        self._visitor.give_back(visitor(address))


def _seconds(count: int) -> str:
    return "1 second" if count == 1 else f"{count} seconds"
