"""The two directions of a pseudo-terminal's descriptor, as streams."""

import asyncio
import contextlib
import errno
import logging
import os
from typing import Final

_log = logging.getLogger(__name__)

_PAGE: Final = 2048
"""The kernel hands out a page at a time: so much says that more is there or on its way."""
_QUIET_S: Final = 0.05
_PIECE: Final = 16 * 1024


class Output:
    """What the program shows. The descriptor is looked at only while somebody reads."""

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
        self._descriptor = descriptor
        self._loop = loop
        self._most = 0
        self._buffer = bytearray()
        self._taken = b""
        self._reader: asyncio.Future[None] | None = None
        self._watched = False
        self._ended = False
        self._over = False
        self._quiet: asyncio.TimerHandle | None = None

    async def read(self, most: int) -> bytes:
        """See `ports.Terminal`. Always passes through the loop, so that a flood does not hold up everything else."""
        if not self._taken and not self._over:
            self._most = most
            self._reader = self._loop.create_future()
            self._watch()
            try:
                await self._reader
            finally:
                self._reader = None
        data, self._taken = self._taken[:most], self._taken[most:]
        return data

    def program_ended(self) -> None:
        """Lets the next silence be the end: what the program left running may hold the terminal for ever."""
        self._ended = True
        if self._reader is not None:
            self._on_readable()

    def close(self) -> None:
        """Ends reading; the descriptor may be closed."""
        self._unwatch()
        self._finish()

    def _watch(self) -> None:
        if not self._watched:
            self._loop.add_reader(self._descriptor, self._on_readable)
            self._watched = True
        if self._ended:
            self._loop.call_soon(self._on_readable)

    def _unwatch(self) -> None:
        if self._watched:
            self._loop.remove_reader(self._descriptor)
            self._watched = False

    def _on_readable(self) -> None:
        if self._reader is None:
            self._unwatch()  # nobody reads: the program waits
            return
        if self._reader.done():
            return
        try:
            data = self._take()
        except BlockingIOError:
            if self._ended and self._quiet is None:
                self._quiet = self._loop.call_later(_QUIET_S, self._finish)
            return
        except OSError as error:
            if error.errno != errno.EIO:
                _log.warning("a terminal cannot be read: %s", error)
            data = b""
        if not data:
            self._finish()
            return
        self._taken = data
        self._stop_quiet()
        self._reader.set_result(None)

    def _take(self) -> bytes:
        """Returns what is there, up to what is wanted. Raises `BlockingIOError` when there is nothing."""
        if len(self._buffer) < self._most:
            self._buffer = bytearray(self._most)
        room = memoryview(self._buffer)[: self._most]
        count = os.readv(self._descriptor, [room])
        if count >= _PAGE:
            with contextlib.suppress(OSError):  # what is wrong is said again by the next read
                while count < self._most and (more := os.readv(self._descriptor, [room[count:]])):
                    count += more
        return bytes(room[:count])

    def _finish(self) -> None:
        self._over = True
        self._stop_quiet()
        self._unwatch()
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _stop_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None


class Input:
    """What is typed. Taken at once if the terminal has room, else as it makes room."""

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
        self._descriptor = descriptor
        self._loop = loop
        self._waiting = bytearray()
        self._empty = asyncio.Event()
        self._empty.set()
        self._over = False

    def write(self, data: bytes) -> bool:
        """See `ports.Terminal`."""
        if self._over:
            return False
        was_idle = not self._waiting
        self._waiting += data
        if was_idle:
            self._write()
        return not self._waiting and not self._over

    async def drain(self) -> bool:
        """See `ports.Terminal`."""
        await self._empty.wait()
        return not self._over

    def close(self) -> None:
        """Drops what waits; the descriptor may be closed."""
        self._over = True
        self._waiting.clear()
        self._settle()

    def _write(self) -> None:
        try:
            while self._waiting:
                count = os.write(self._descriptor, bytes(self._waiting[:_PIECE]))
                del self._waiting[:count]
        except BlockingIOError:
            if self._empty.is_set():
                self._empty.clear()
                self._loop.add_writer(self._descriptor, self._write)
            return
        except OSError as error:
            _log.debug("the terminal takes no more input: %s", error)
            self.close()
            return
        self._settle()

    def _settle(self) -> None:
        if not self._empty.is_set():
            self._loop.remove_writer(self._descriptor)
            self._empty.set()
