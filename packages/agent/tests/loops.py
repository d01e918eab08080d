"""Event loops for tests: one that can do only what Windows' can, and one whose clock a test moves."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar


class CompletionLoop(asyncio.SelectorEventLoop):
    """A loop with what `ProactorEventLoop` lacks taken away. Programs are started by adapters, never by the core."""

    def _missing(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    add_reader = remove_reader = add_writer = remove_writer = _missing
    add_signal_handler = remove_signal_handler = _missing
    create_unix_connection = create_unix_server = connect_accepted_socket = _missing
    subprocess_exec = subprocess_shell = connect_read_pipe = connect_write_pipe = _missing


class ClockLoop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still until `advance`."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0
        self._timers: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        timer = super().call_at(when, callback, *args, context=context)
        self._timers.append(timer)
        return timer

    async def advance(self, seconds: float) -> None:
        """Let this much time pass, with every timer on the way in its order."""
        until = self._now + seconds
        await self.settle()
        while (due := self._next_timer()) is not None and due <= until:
            self._now = due
            await self.settle()
        self._now = until

    def _next_timer(self) -> float | None:
        self._timers = [timer for timer in self._timers if not timer.cancelled() and timer.when() > self._now]
        return min((timer.when() for timer in self._timers), default=None)

    async def settle(self) -> None:
        """Run what can run now."""
        for _ in range(20):
            await asyncio.sleep(0)


Loop = TypeVar("Loop", bound=asyncio.AbstractEventLoop)


def run_on(factory: Callable[[], Loop], main: Callable[[Loop], Coroutine[Any, Any, None]]) -> None:
    """Run a test's coroutine on a loop of this kind, which it is given."""
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main(runner.get_loop()))
