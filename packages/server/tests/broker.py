"""A broker that a test may kill, and whose files it may damage."""

import subprocess
from pathlib import Path

from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.embedded.nats import EmbeddedNats
from gururmm_server.infra.kinds import Kind

from packages.server.tests.waiting import until


class Broker:
    """A nats-server of this test alone, which it may kill."""

    def __init__(self, folder: Path) -> None:
        self._data = DataDir(folder)
        self._data.prepare()
        self.said: list[str] = []
        self._nats = EmbeddedNats(self._data, self.said.append)
        self._nats.prepare()
        self.url = self._nats.url(Kind.WORKER)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def store(self) -> Path:
        """Where JetStream has its files."""
        return self._nats.cwd / "jetstream"

    async def start(self) -> None:
        """As the supervisor does."""
        self._nats.set_damaged_aside()
        self.process = subprocess.Popen(self._nats.argv(), cwd=self._nats.cwd, stderr=subprocess.DEVNULL)
        await until(self._nats.ready, 30)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        self.kill()
        self._data.release()
