"""Which gateways take agents at this moment."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Self

from gururmm_wire.addresses import gives_up_tls

from gururmm_server.core.component import House
from gururmm_server.core.presence import state
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import GuruError, StartError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.secrets import secret

log = get_logger(__name__)

_REFRESH_S = 2.0


class GatewayDirectory:
    """Which gateways take agents, and the key that agents pin: read in the background, so that hello reads nothing."""

    def __init__(self, db: Database, fixed_urls: Sequence[str] = (), public_url: str = "") -> None:
        self._db = db
        self._fixed = list(fixed_urls)
        self._public_url = public_url
        self._living: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self.server_public_key = ""

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's directory."""
        directory = cls(house.db, house.settings.gateway_urls, house.settings.public_url)
        house.at_start(directory.open)
        house.at_end(directory.close)
        return directory

    async def open(self) -> None:
        """Read once, then every two seconds. Raises `StartError` when the server's key is missing."""
        async with self._db.identity() as tx:
            key = await secret(tx, "agent_link_public_key")
        if key is None:
            raise StartError("The server's secrets are missing: run `gururmm migrate --database-url …` once.")
        self.server_public_key = key.hex()
        await self.refresh()
        self._task = asyncio.create_task(self._follow(), name="gateway directory")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def choose(self) -> str:
        """Returns the URL of one gateway at random; empty when none is alive."""
        known = self._fixed or self._living
        return secrets.choice(known) if known else ""

    async def refresh(self) -> None:
        """Read which gateways are alive."""
        async with self._db.identity() as tx:
            living = await state.living(tx)
        # What agents refuse is not given out, whoever listed it.
        self._living = [url for url in living if not gives_up_tls(self._public_url, url)]
        if living and not self._living:
            log.warning("no living gateway has TLS, which agents of this server need", urls=living)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_S)
            try:
                await self.refresh()
            except GuruError as error:
                log.warning("gateways not read, keeping those known", error=str(error))
