"""A process that is kept running: started, watched, started again."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from gururmm_server.entrypoints.supervisor.child import Child, Command
from gururmm_server.entrypoints.supervisor.words import last_words
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError

_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 5.0
_STEADY_S = 10.0
_POLL_S = 0.03


class State(StrEnum):
    """Where a service stands."""

    STARTING = "starting"
    READY = "ready"
    DOWN = "down"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """What a service is. `ready` is asked again and again until it says yes."""

    name: str
    title: str
    command: Command
    ready: Callable[[], Awaitable[bool]]
    start_limit_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_limit_s: float = 10.0
    restart_delay_s: float = _FIRST_DELAY_S
    before_start: Callable[[], None] | None = None


class Service:
    """Runs one `ServiceSpec`. `on_change` is called whenever state or pid change."""

    def __init__(self, spec: ServiceSpec, data: DataDir, on_change: "Callable[[Service], None]") -> None:
        self.spec = spec
        self.state = State.STOPPED
        self.restarts = 0
        self.last_exit: int | None = None
        self._data = data
        self._on_change = on_change
        self._child: Child | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and not self._child.ended.done() else None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises `StartError` with the process's own last words if it ends."""
        before = self._log_size()
        self._spawn()
        try:
            await asyncio.wait_for(self._wait_ready(), self.spec.start_limit_s)
        except TimeoutError:
            raise StartError(
                f"{self.spec.title} was not ready after {self.spec.start_limit_s:.0f} s: "
                f"see {self._data.log_path(self.spec.name)}."
            ) from None
        if self._child is not None and self._child.ended.done():
            raise StartError(self._last_words(before))
        self._keeper = asyncio.create_task(self._keep_running(), name=f"keep {self.spec.name}")

    async def stop(self) -> None:
        """End it; it is not started again."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._child is not None:
            await self._child.stop(self.spec.stop_signal, self.spec.stop_limit_s)
        self._become(State.STOPPED)

    def send(self, signum: signal.Signals) -> None:
        """Send a signal to the process if it runs, and to it alone."""
        if self._child is not None and self._child.pid == self.pid:
            signal.pidfd_send_signal(self._child.pidfd, signum)

    def kill(self) -> None:
        """Kill it now, without waiting."""
        if self._child is not None:
            self._child.kill()

    def raise_fault(self) -> None:
        """Raise what ended the watching over this service, if something did: that is a fault of ours."""
        if self._keeper is not None and self._keeper.done() and not self._keeper.cancelled():
            self._keeper.result()

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        delay = self.spec.restart_delay_s
        while True:
            assert self._child is not None
            since = loop.time()
            if self.state is not State.READY:
                await self._wait_ready()
            self.last_exit = await asyncio.shield(self._child.ended)
            self._child.kill()  # whatever it left behind in its process group
            self._become(State.DOWN)
            if loop.time() - since > _STEADY_S:
                delay = self.spec.restart_delay_s
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_S)
            self.restarts += 1
            await self._spawn_for_sure()

    async def _spawn_for_sure(self) -> None:
        """Start again; where even that fails (no memory, no file handles), try until it works."""
        while True:
            try:
                self._spawn()
                return
            except OSError:
                await asyncio.sleep(_LONGEST_DELAY_S)

    def _spawn(self) -> None:
        if self.spec.before_start is not None:
            self.spec.before_start()
        with self._data.open_log(self.spec.name) as output:
            self._child = Child(self.spec.command, output.fileno())
        self._become(State.STARTING)

    async def _wait_ready(self) -> None:
        """Returns when it is ready, or when it has ended."""
        assert self._child is not None
        while not self._child.ended.done():
            if await self.spec.ready() and not self._child.ended.done():
                self._become(State.READY)
                return
            await asyncio.sleep(_POLL_S)

    def _become(self, state: State) -> None:
        self.state = state
        self._on_change(self)

    def _log_size(self) -> int:
        path = self._data.log_path(self.spec.name)
        return path.stat().st_size if path.exists() else 0

    def _last_words(self, since: int) -> str:
        path = self._data.log_path(self.spec.name)
        with path.open("rb") as log:
            log.seek(since if since <= path.stat().st_size else 0)
            return last_words(log.read(), self.spec.title, path)
