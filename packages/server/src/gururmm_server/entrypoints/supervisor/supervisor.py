"""Starting services layer by layer, and stopping them in reverse."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path

from gururmm_server.entrypoints.supervisor.child import Child, Command, adopted_children, reap, sweep
from gururmm_server.entrypoints.supervisor.service import Service, ServiceSpec
from gururmm_server.entrypoints.supervisor.words import last_words
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError


class Supervisor:
    """All services of one installation."""

    def __init__(self, data: DataDir, on_change: Callable[[Service], None]) -> None:
        self._data = data
        self._on_change = on_change
        self._layers: list[list[Service]] = []
        # Whoever runs a supervisor inside a larger program has children of their own, which are none of its business.
        self._strangers = set(adopted_children(set()))

    @property
    def services(self) -> list[Service]:
        return [service for layer in self._layers for service in layer]

    def pids(self) -> dict[str, int]:
        """Returns the name and the pid of each process that runs at this moment."""
        return {service.spec.name: service.pid for service in self.services if service.pid is not None}

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.spec.name == name)

    async def start(self, *specs: ServiceSpec) -> None:
        """Start one layer: all at once, back when every one is ready. Raises `StartError` at the first that fails."""
        layer = [Service(spec, self._data, self._on_change) for spec in specs]
        self._layers.append(layer)
        await _all_or_first_error(service.start() for service in layer)

    async def stop(self) -> None:
        """Stop everything, the last layer first, and kill what is left of any of them."""
        while self._layers:
            await asyncio.gather(*(service.stop() for service in self._layers[-1]))
            self._layers.pop()
        await sweep(self._strangers)

    def kill(self) -> None:
        """Kill everything at once, for somebody who does not want to wait."""
        for service in self.services:
            service.kill()

    def keep_house(self) -> None:
        """Do what is due every few seconds: cut logs, and take away the remains of adopted processes."""
        for service in self.services:
            service.raise_fault()
            self._data.rotate_log(service.spec.name)
        reap(adopted_children(self._strangers | set(self.pids().values())))


async def run_once(command: Command, title: str, scratch: Path) -> str:
    """Run a command to its end and give its standard output. Raises `StartError` with its own sentence."""
    with (scratch / "output").open("w+b") as output, (scratch / "errors").open("w+b") as errors:
        child = Child(command, output.fileno(), errors.fileno())
        try:
            status = await child.ended
        finally:
            await child.stop(signal.SIGKILL, 0)
        output.seek(0)
        errors.seek(0)
        if status != 0:
            raise StartError(last_words(errors.read(), title))
        return output.read().decode("utf-8", "replace")


async def _all_or_first_error(starts: Iterable[Coroutine[None, None, None]]) -> None:
    tasks = [asyncio.create_task(start) for start in starts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
