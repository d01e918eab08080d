"""The agent as a process: signals that ask it to end, and the lock that keeps it alone."""

import asyncio
import errno
import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

_NOT_WRITABLE: Final = (errno.EROFS, errno.ENOSPC, errno.EDQUOT)


class PosixHost:
    """See `ports.Host`."""

    def __init__(self) -> None:
        self._held: list[int] = []

    def on_stop(self, stop: Callable[[], None]) -> None:
        """See `ports.Host`: SIGTERM and SIGINT ask."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)

    def hold(self, path: Path) -> bool:
        """See `ports.Host`."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno not in _NOT_WRITABLE:
                raise
            descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held.append(descriptor)
        return True

    def boot(self) -> str:
        """See `ports.Host`."""
        return ""

    def goes_down(self) -> bool:
        """See `ports.Host`."""
        return False

    def uninstall(self, state: Path) -> None:
        """See `ports.Host`."""
        from gururmm_agent.adapters.posix import installation  # what it needs to remove folders is a megabyte

        installation.take_away(state)

    def on_network_change(self, changed: Callable[[], None]) -> None:
        """See `ports.Host`: there is nothing that every Unix tells."""
        del changed
