"""In which order pipes were written to: the kernel's inotify says it, one event a write."""

import ctypes
import os
import struct
from collections.abc import Callable
from functools import cache
from typing import Final

_IN_MODIFY: Final = 0x2
_EVENT: Final = struct.Struct("=iIII")
_READ: Final = 64 * 1024


class Writes:
    """One queue of events for all pipes of this process. Raises `OSError` where the system gives none."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._queue = self._checked(self._library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._heard: dict[int, Callable[[], None]] = {}

    def watch(self, path: str, heard: Callable[[], None]) -> int:
        """Has `heard` called for each write from now on; returns what `forget` takes. Raises `OSError`.

        Two writes to one pipe are one event while nothing has collected the first.
        """
        watch = self._checked(self._library.inotify_add_watch(self._queue, os.fsencode(path), _IN_MODIFY))
        self._heard[watch] = heard
        return watch

    def forget(self, watch: int) -> None:
        """Calls for this pipe no more."""
        del self._heard[watch]
        self._library.inotify_rm_watch(self._queue, watch)

    def collect(self) -> None:
        """Calls for every write that has ended by now, in their order."""
        while True:
            try:
                events = os.read(self._queue, _READ)
            except BlockingIOError:
                return
            place = 0
            while place < len(events):
                watch, _, _, length = _EVENT.unpack_from(events, place)
                place += _EVENT.size + length
                if (heard := self._heard.get(watch)) is not None:
                    heard()

    @staticmethod
    def _checked(number: int) -> int:
        if number < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return number


@cache
def writes() -> Writes | None:
    """The queue of this process; None where the system gives none, and the order cannot be known."""
    try:
        return Writes()
    except (OSError, AttributeError):
        return None
