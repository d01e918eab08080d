"""A program's standard output and standard error, in the order in which it wrote to them.

Two ordinary pipes keep no order between them. Here each has room for a single write, and inotify tells whose turn it
was (ADR 0027). A program that writes very much is let run ahead: then the order is that of the reading.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import select
import struct
import subprocess
import termios
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from gururmm_agent.adapters.environment import find_program
from gururmm_agent.adapters.linux.writes import Writes, writes
from gururmm_agent.adapters.posix.processes import exited

_log = logging.getLogger(__name__)

_STREAMS: Final = (1, 2)
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_WIDE: Final = 64 * _PAGE
_AT_A_TIME: Final = 64
_UNANNOUNCED_S: Final = 0.05
"""So long is an event waited for whose write is there: it comes when its writer goes on, but from `splice` never."""
_ORDERED: Final = 4096
_ORDERED_EACH_S: Final = 1000
"""A program may make so many writes at once, and so many a second, before its order is given up for its speed."""
_PLACES: Final = ("/run", "/dev/shm", "/tmp")  # noqa: S108 - under a random name, for a moment


class Output:
    """Both pipes of one program. What comes is handed to `heard` (stream, bytes) by the running loop."""

    def __init__(self, heard: Callable[[int, bytes], None]) -> None:
        """Raises `OSError`."""
        self._loop = asyncio.get_running_loop()
        self._heard = heard
        self._readers: dict[int, int] = {}
        self._writers: dict[int, int] = {}
        self._watches: list[int] = []
        self._turns: deque[int] = deque()
        self._order: Writes | None = writes()
        self._poll = select.poll()
        self._unannounced: float | None = None
        self._allowed = float(_ORDERED)
        self._counted_at = self._loop.time()
        self._runs_ahead = False
        self.place = ""
        """What links to the pipes (/proc/<pid>/fd) begin with; empty where they have no name."""
        self.ended: asyncio.Future[None] = self._loop.create_future()
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        for reader in self._readers.values():
            self._poll.register(reader, select.POLLIN)
            self._loop.add_reader(reader, self._pump)

    def writer(self, stream: int) -> int:
        """Returns the program's end of a stream."""
        return self._writers[stream]

    def started(self) -> None:
        """The program has its ends: from now on its going is noticed."""
        for writer in self._writers.values():
            os.close(writer)
        self._writers.clear()

    def _open(self) -> None:
        for place in _PLACES if self._order is not None else ():
            self.place = f"{place}/gururmm-output-{os.urandom(8).hex()}-"
            try:
                for stream in _STREAMS:
                    self._open_ordered(stream, f"{self.place}{stream}")
                return
            except OSError as error:
                _log.debug("a program's output cannot have its pipes in %s: %s", place, error)
                self._close_all()
        self._order, self.place = None, ""
        for stream in _STREAMS:
            self._readers[stream], self._writers[stream] = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._readers[stream], False)

    def _open_ordered(self, stream: int, path: str) -> None:
        """A pipe with a name for a moment, of which only its owner makes use meanwhile."""
        assert self._order is not None
        os.mkfifo(path, 0o600)
        try:
            reader = self._readers[stream] = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            writer = self._writers[stream] = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            self._watches.append(self._order.watch(path, partial(self._turns.append, stream)))
        finally:
            os.unlink(path)  # noqa: PTH108 - on the path of every command
        os.fchmod(reader, 0o666)  # a script that became somebody else may open /dev/stderr
        # With O_DIRECT each write is a packet of its own: the next one has to wait until it was read.
        fcntl.fcntl(writer, fcntl.F_SETFL, os.O_WRONLY | os.O_DIRECT)
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _PAGE)

    def _pump(self) -> None:
        """Takes what is there, turn by turn; the rest of a flood when everything else has had its turn."""
        self._weigh()
        for _ in range(_AT_A_TIME):
            if self._order is not None:
                self._order.collect()
            if self._turns:
                while self._turns:
                    self._take(self._turns.popleft())
                self._unannounced = None
                continue
            ready = self._ready()
            if not ready:
                self._unannounced = None
                return
            if self._order is not None:
                self._order.collect()
                if self._turns:
                    continue
                if self._awaits_event(ready):
                    return
            for stream in ready:
                self._take(stream)

    def _ready(self) -> list[int]:
        """Returns the streams that have something to read, or have ended."""
        descriptors = {descriptor for descriptor, _ in self._poll.poll(0)}
        return [stream for stream, reader in self._readers.items() if reader in descriptors]

    def _awaits_event(self, ready: list[int]) -> bool:
        """Tells whether to look again: a write shows a moment before its event, and another stream's may be first.

        A full pipe may be the middle of a long write, whose event comes with its end.
        """
        if any(_waiting(self._readers[stream]) not in range(1, _PAGE) for stream in ready):
            return False
        now = self._loop.time()
        if self._unannounced is None:
            self._unannounced = now
        os.sched_yield()
        return now - self._unannounced < _UNANNOUNCED_S

    def _take(self, stream: int) -> None:
        """Hands over one write, or a page of a longer one; where the program runs ahead, all that is there."""
        reader = self._readers.get(stream)
        if reader is None:
            return
        self._allowed -= 1
        for _ in range(_AT_A_TIME if self._runs_ahead else 1):
            try:
                data = os.read(reader, _WIDE)
            except BlockingIOError:
                return
            if not data:
                self._end(stream)
                return
            self._heard(stream, data)

    def _weigh(self) -> None:
        """Gives a program that writes very much more room, and takes it back when it has calmed down."""
        now = self._loop.time()
        self._allowed = min(_ORDERED, self._allowed + (now - self._counted_at) * _ORDERED_EACH_S)
        self._counted_at = now
        if self._runs_ahead if self._allowed <= 0 else not self._runs_ahead or self._allowed < _ORDERED / 2:
            return
        self._runs_ahead = not self._runs_ahead
        for reader in self._readers.values() if self._order is not None else ():
            with contextlib.suppress(OSError):  # it holds more just now than it is to have room for
                fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _WIDE if self._runs_ahead else _PAGE)

    def _end(self, stream: int) -> None:
        reader = self._readers.pop(stream)
        self._loop.remove_reader(reader)
        self._poll.unregister(reader)
        os.close(reader)
        if not self._readers and not self.ended.done():
            self.ended.set_result(None)

    def leave(self) -> None:
        """Hears no more. Whoever still holds a pipe is not to notice: what it says goes where nobody hears it."""
        self._turns.clear()
        for stream, reader in list(self._readers.items()):
            self._loop.remove_reader(reader)
            try:
                _drain(reader, self._loop)
            except OSError as error:
                _log.warning("what is left of a program can say no more: %s", error)
            self._poll.unregister(reader)
            self._readers.pop(stream)
            os.close(reader)
        self.close()

    def close(self) -> None:
        """Lets go of everything: whoever still writes is told that nobody reads."""
        for reader in self._readers.values():
            self._loop.remove_reader(reader)
        self._close_all()

    def _close_all(self) -> None:
        for watch in self._watches:
            if self._order is not None:
                self._order.forget(watch)
        for descriptor in (*self._readers.values(), *self._writers.values()):
            os.close(descriptor)
        self._watches.clear()
        self._readers.clear()
        self._writers.clear()


def _waiting(reader: int) -> int:
    """How many bytes wait in a pipe."""
    count: int = struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0\0\0\0"))[0]
    return count


_draining: Final[dict[asyncio.Task[None], subprocess.Popen[bytes]]] = {}
"""Kept here to the end: Python complains of one that is forgotten while it runs, and these may outlive the loop."""


def _drain(reader: int, loop: asyncio.AbstractEventLoop) -> None:
    """Starts a process that empties a pipe until its last writer has gone, and outlives the agent. Raises `OSError`."""
    program = find_program("cat")
    if program is None:
        raise FileNotFoundError(2, "cat is not installed")
    os.set_blocking(reader, True)
    with contextlib.suppress(OSError):
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _WIDE)
    process = subprocess.Popen(
        [program],
        stdin=reader,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={"PATH": os.defpath},
    )

    async def bury() -> None:
        await exited(process)
        process.wait()
        del _draining[task]

    task = loop.create_task(bury())
    _draining[task] = process
