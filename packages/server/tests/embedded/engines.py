"""Both engines in one folder, under the supervisor."""

from pathlib import Path

import asyncpg
from gururmm_server.entrypoints.supervisor.options import StackOptions
from gururmm_server.entrypoints.supervisor.parts import Parts
from gururmm_server.entrypoints.supervisor.supervisor import Supervisor
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.embedded.postgres import EmbeddedPostgres


class Engines:
    """Both engines in one folder."""

    def __init__(self, root: Path) -> None:
        self.data = DataDir(root)
        self.data.prepare()
        self.parts = Parts(StackOptions(data=root), self.data, print)
        self.supervisor = Supervisor(self.data, lambda _service: None)

    async def start(self) -> None:
        await self.supervisor.start(*self.parts.engines())
        await self.postgres.ensure_database()

    @property
    def postgres(self) -> EmbeddedPostgres:
        assert self.parts.postgres is not None
        return self.parts.postgres

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self.postgres.owner_url)
        return connection

    async def stop(self) -> None:
        await self.supervisor.stop()
        self.data.release()
