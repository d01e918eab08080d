"""Shells on Linux: as after a login."""

from gururmm_agent.adapters.linux.logins import Logins
from gururmm_agent.adapters.shells import PosixShells


class LinuxShells(PosixShells):
    """See `ports.Shells`."""

    def __init__(self) -> None:
        self._logins = Logins()

    def environment(self) -> dict[str, str]:
        """See `ports.Shells`. Python says at once what it prints, as every other program a person watches."""
        return {"PYTHONUNBUFFERED": "1"} | self._logins.environment()
