"""A started program of Linux: its output in order, and nothing of it harmed when the agent stops listening."""

import asyncio
import subprocess
from collections.abc import Callable
from typing import Final

from gururmm_agent.adapters.linux.output import Output
from gururmm_agent.adapters.linux.trees import Brand, branding
from gururmm_agent.adapters.posix.processes import exited, hand_on_no_deafness

_LINGER_S: Final = 1.0
_QUIET_S: Final = 0.1


class LinuxProgram:
    """See `ports.Program`."""

    def __init__(
        self,
        arguments: list[str],
        directory: str,
        environment: dict[str, str],
        on_output: Callable[[int, bytes], None],
    ) -> None:
        """Starts it, as the leader of a new session. Raises `OSError`."""
        self._on_output = on_output
        self._heard = 0
        self.output = Output(self._hear)
        self.brand: Brand | None
        hand_on_no_deafness()
        try:
            with branding() as self.brand:
                self._process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=self.output.writer(1),
                    stderr=self.output.writer(2),
                    cwd=directory,
                    env=environment,
                    start_new_session=True,
                )
        except BaseException:
            self.output.close()
            raise
        self.output.started()
        self.pid = self._process.pid
        self._exit = asyncio.get_running_loop().create_task(self._watch())

    async def wait(self) -> int:
        """See `ports.Program`."""
        code = await asyncio.shield(self._exit)
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _LINGER_S
        heard = -1
        while not self.output.ended.done() and heard != self._heard and loop.time() < give_up:
            heard = self._heard
            await asyncio.wait((self.output.ended,), timeout=_QUIET_S)
        self.output.leave()
        return code

    def let_go(self) -> None:
        """See `ports.Program`."""
        self.output.leave()

    def when_over(self, over: Callable[[], object]) -> None:
        """Has `over` called once the program has ended."""
        self._exit.add_done_callback(lambda _: over())

    async def _watch(self) -> int:
        await exited(self._process)
        return self._process.wait()

    def _hear(self, stream: int, data: bytes) -> None:
        self._heard += 1
        self._on_output(stream, data)
