"""Shells on Linux: as after a login."""

from typing import Final

from gururmm_agent.adapters.linux.logins import Logins
from gururmm_agent.adapters.shells import PosixShells

_UNBUFFERED: Final = {"PYTHONUNBUFFERED": "1"}


class LinuxShells(PosixShells):
    """See `ports.Shells`."""

    def __init__(self) -> None:
        self._logins = Logins()

    def environment(self) -> dict[str, str]:
        """See `ports.Shells`. Python says at once what it prints, as every other program a person watches."""
        return _UNBUFFERED | self._logins.environment()

    def known_environment(self) -> dict[str, str] | None:
        """See `ports.Shells`."""
        known = self._logins.known()
        return None if known is None else _UNBUFFERED | known
