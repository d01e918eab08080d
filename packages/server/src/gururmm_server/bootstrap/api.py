"""The api process: REST, the dashboard, browsers' streams, agents' bootstrap and the install page."""

import asyncio
import gc
import secrets
import signal
from dataclasses import replace
from typing import Any

from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.bootstrap.opened import opened
from gururmm_server.core.component import House
from gururmm_server.core.enrolment.routes import BootstrapApp
from gururmm_server.core.enrolment.service import Bootstrap
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.idempotency.service import FirstAnswers
from gururmm_server.core.identity.service import Identity, load_access_token_key
from gururmm_server.core.identity.tokens import AccessTokenKey
from gururmm_server.core.orders.signing import KeyScope
from gururmm_server.core.post.hub import LiveHub
from gururmm_server.core.post.service import Post
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tunnel.relays import TunnelRelays
from gururmm_server.entrypoints.install.ports import InstallSite
from gururmm_server.entrypoints.install.routes import install_routes
from gururmm_server.entrypoints.internal_api.app import Web, build_app
from gururmm_server.entrypoints.internal_api.gate import Authenticator
from gururmm_server.entrypoints.internal_api.server import ApiServer
from gururmm_server.entrypoints.internal_api.strangers import Strangers
from gururmm_server.entrypoints.tech_stream.live import LiveStreams
from gururmm_server.entrypoints.tech_stream.live import build_router as live_router
from gururmm_server.entrypoints.tech_stream.tunnel import build_router as tunnel_stream_router
from gururmm_server.infra.database import Database
from gururmm_server.infra.files import use_every_file
from gururmm_server.infra.given import own_url
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings


class Api:
    """Everything an api process consists of. `open()` before serving, `close()` after."""

    def __init__(self, settings: ProcessSettings, db: Database, bus: Bus, access_token_key: bytes) -> None:
        public_url = settings.public_url or own_url(settings.host, settings.port)
        house = House(COMPONENTS, replace(settings, public_url=public_url), db, bus)
        house.give(AccessTokenKey(access_token_key))
        house.give(KeyScope(db.identity))
        self.house = house
        identity = house.get(Identity)
        revoked = identity.revocations.revoked
        live = LiveStreams(
            db, house.get(Post), house.get(LiveHub), house.get(AgentService), revoked, kinds=house.declared.live
        )
        house.at_start(live.open)
        house.at_end(live.close)
        self.app = build_app(
            [
                *house.routers(),
                live_router(live, public_url),
                tunnel_stream_router(db, house.get(TunnelRelays), public_url),
            ],
            roots=[install_routes(_InstallCodes(house.get(SiteCodes)), settings.agent_bundle_dir, public_url)],
            authenticator=Authenticator(identity.tokens, identity.revocations),
            strangers=Strangers(identity.keeper.knows),
            bootstrap=BootstrapApp(house.get(Bootstrap)),
            ready=self.ready,
            web=Web(public_url, settings.trusted_proxies, settings.metrics_from, settings.dashboard_dir),
        )
        self.app.state.first_answers = house.get(FirstAnswers)

    async def open(self) -> None:
        """Fetch what is kept in memory and follow its changes."""
        await self.house.open()

    async def close(self) -> None:
        """Let browsers' terminals go to another api, and stop following."""
        await self.house.close()

    async def ready(self) -> dict[str, bool]:
        """What this process needs, and whether it is there."""
        return {"database": await self.house.db.answers(), "bus": self.house.bus.connected}


def openapi_document() -> dict[str, Any]:
    """What the api says of itself (OpenAPI 3.1), from services that are constructed and never opened."""
    settings = ProcessSettings(database_url="", nats_url="")
    document: dict[str, Any] = Api(settings, Database(""), Bus("", name=""), secrets.token_bytes(32)).app.openapi()
    return document


class _InstallCodes:
    """Site codes in the install page's own words."""

    def __init__(self, codes: SiteCodes) -> None:
        self._codes = codes

    async def find(self, code: str) -> InstallSite | None:
        found = await self._codes.find(code)
        return (
            None if found is None else InstallSite(found.partner_name, found.client_name, found.site_name, found.usable)
        )


async def run_api(settings: ProcessSettings) -> None:
    """Serve people and scripts until SIGTERM."""
    use_every_file()
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with opened(settings, Kind.API) as (db, bus):
        api = Api(settings, db, bus, await load_access_token_key(db))
        server = ApiServer(api.app, settings.host, settings.port, settings.trusted_proxies)
        await api.open()
        # What stands now stands for the process's life: the collector need not walk it between two keystrokes.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        try:
            work = asyncio.create_task(server.run(), name="http")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            server.stop()
            await work
        finally:
            await api.close()
