"""How often somebody may guess: per account and per address."""

from gururmm_server.infra.rate_limit import RateLimit, RateLimited

PER_ACCOUNT = 5
PER_ADDRESS = 20
_WINDOW_S = 60


class TooManyAttempts(RateLimited):
    """Too many attempts. Try again in a moment."""

    code = "too_many_attempts"


class Attempts:
    """Every try counts against the account until one succeeds; only failures count against the address."""

    def __init__(self) -> None:
        self._account = RateLimit(PER_ACCOUNT, _WINDOW_S)
        self._address = RateLimit(PER_ADDRESS, _WINDOW_S)

    def admit(self, account: str, address: str) -> None:
        """Raise `TooManyAttempts` with the seconds to wait, or count this try."""
        if wait := self._address.check(address):
            raise TooManyAttempts(f"Too many attempts from this address. Try again in {_seconds(wait)}.", wait)
        if wait := self._account.hit(account.lower()):
            raise TooManyAttempts(f"Too many attempts for this account. Try again in {_seconds(wait)}.", wait)

    def failed(self, address: str) -> None:
        self._address.hit(address)

    def succeeded(self, account: str) -> None:
        self._account.clear(account.lower())


def _seconds(count: int) -> str:
    return "1 second" if count == 1 else f"{count} seconds"
