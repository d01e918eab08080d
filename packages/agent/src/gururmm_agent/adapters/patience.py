"""Asking what may never answer: a mount whose server is gone, a disk that dies, a sensor's driver that hangs.

No thread that waits for such a thing can be called back. So each question has a thread of its own, which nobody
waits for longer than agreed, and is not asked again before the last one has been answered.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

Answer = TypeVar("Answer")

WAIT_S: Final = 2.0


class NoAnswer(OSError):
    """Somebody was asked and has not answered yet."""


class Patience:
    """The questions that are still open. Of one name only one thread at a time may ask."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._open: dict[str, tuple[threading.Thread, float]] = {}

    def ask(self, name: str, question: Callable[[], Answer]) -> Answer:
        """Returns what the question returns, and raises what it raises, or `NoAnswer` where that takes too long."""
        self._check(name)
        answer: list[Any] = []
        failure: list[Exception] = []

        def work() -> None:
            try:
                answer.append(question())
            except Exception as error:  # noqa: BLE001 - raised again where the answer is waited for
                failure.append(error)

        thread = threading.Thread(target=work, name=f"ask {name}", daemon=True)
        thread.start()
        self._open[name] = mine = (thread, time.monotonic() + self._wait_s)
        thread.join(self._wait_s)
        if thread.is_alive():
            raise NoAnswer("it does not answer")
        if self._open.get(name) is mine:
            del self._open[name]
        if failure:
            raise failure[0]
        found: Answer = answer[0]
        return found

    def _check(self, name: str) -> None:
        """Waits for somebody else's question as long as that one may take; later it costs nothing."""
        if (asked := self._open.get(name)) is None:
            return
        thread, until = asked
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            raise NoAnswer("it does not answer")
