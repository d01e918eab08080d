"""Signalling, and hearing of a program's end."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Collection
from typing import Final

_log = logging.getLogger(__name__)

_RESTORED: Final = {signal.SIGPIPE, signal.SIGXFSZ}
"""Python ignores these, and `subprocess` lets each program hear them."""


def ask_to_end(pids: Collection[int]) -> None:
    """Sends each the signal that a program may obey in its own way."""
    _signal_all(pids, signal.SIGTERM)


def hang_up(pids: Collection[int]) -> None:
    """Tells each that its terminal is gone, also those that were stopped."""
    _signal_all(pids, signal.SIGHUP)
    _signal_all(pids, signal.SIGCONT)


def kill(pids: Collection[int]) -> None:
    """Sends each the signal that cannot be refused."""
    _signal_all(pids, signal.SIGKILL)


def _signal_all(pids: Collection[int], number: int) -> None:
    """Sends a signal to each; those that ended meanwhile are no matter."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            _log.warning("process %s cannot be signalled: %s", pid, error)


def hand_on_no_deafness() -> None:
    """Lets the programs that are started from now on hear every signal.

    What a process ignores its children ignore too, and no shell can undo it: under `nohup` they would not hear that
    their terminal is gone, and behind a script's `&` no Ctrl-C. What is caught instead is each new program's own to
    decide. Of the main thread; idempotent.
    """
    for number in signal.valid_signals() - _RESTORED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _pay_no_heed)


def _pay_no_heed(_number: int, _frame: object) -> None: ...


async def exited(process: subprocess.Popen[bytes]) -> None:
    """Returns once the process has ended, and leaves it to be waited for."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    try:
        watched = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # kernels before 5.3: a thread, and none of the loop's few
        threading.Thread(target=_wait, args=(process, loop, ended), daemon=True).start()
        await ended.wait()
        return
    loop.add_reader(watched, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)


def _wait(process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    process.wait()
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(ended.set)
