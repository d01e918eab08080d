"""The api process: REST, the dashboard, browsers' streams, agents' bootstrap and the install page."""

import asyncio
import gc
import secrets
import signal
from typing import Any

from gururmm_server.bootstrap.audit_heads import head_book
from gururmm_server.bootstrap.opened import opened
from gururmm_server.bootstrap.permissions import permissions
from gururmm_server.core.agents.queries import LiveQueries
from gururmm_server.core.agents.removal import AgentRemoval
from gururmm_server.core.agents.routes import build_router as agents_router
from gururmm_server.core.agents.service import AgentService
from gururmm_server.core.audit.reading import AuditReading
from gururmm_server.core.audit.routes import build_router as audit_router
from gururmm_server.core.commands.removal import cancel_all
from gururmm_server.core.commands.routes import build_router as commands_router
from gururmm_server.core.commands.service import CommandService
from gururmm_server.core.enrolment.directory import GatewayDirectory
from gururmm_server.core.enrolment.routes import BootstrapApp
from gururmm_server.core.enrolment.service import Bootstrap
from gururmm_server.core.events.hub import LiveHub
from gururmm_server.core.events.routes import build_router as events_router
from gururmm_server.core.events.service import ActivityFeed
from gururmm_server.core.identity.routes import BrowserDoor
from gururmm_server.core.identity.routes import build_router as identity_router
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.identity.users import Users
from gururmm_server.core.inventory.routes import build_router as inventory_router
from gururmm_server.core.inventory.service import Inventory
from gururmm_server.core.overview.routes import build_router as overview_router
from gururmm_server.core.overview.service import Overview
from gururmm_server.core.platform.routes import build_router as platform_router
from gururmm_server.core.platform.service import Partners
from gururmm_server.core.telemetry.routes import build_router as telemetry_router
from gururmm_server.core.telemetry.service import Telemetry
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tenancy.partner_settings import PartnerSettings
from gururmm_server.core.tenancy.routes import build_router as tenancy_router
from gururmm_server.core.tenancy.service import Tenancy
from gururmm_server.core.tunnel.closing import close_all
from gururmm_server.core.tunnel.relays import TunnelRelays
from gururmm_server.core.tunnel.routes import build_router as tunnel_router
from gururmm_server.core.tunnel.service import TunnelService
from gururmm_server.entrypoints.install.ports import InstallSite
from gururmm_server.entrypoints.install.routes import install_routes
from gururmm_server.entrypoints.internal_api.app import Web, build_app
from gururmm_server.entrypoints.internal_api.gate import Authenticator
from gururmm_server.entrypoints.internal_api.server import ApiServer
from gururmm_server.entrypoints.tech_stream.live import LiveStreams
from gururmm_server.entrypoints.tech_stream.live import build_router as live_router
from gururmm_server.entrypoints.tech_stream.tunnel import build_router as tunnel_stream_router
from gururmm_server.infra.database import Database
from gururmm_server.infra.given import own_url
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import Settings


class Api:
    """Everything an api process consists of. `open()` before serving, `close()` after."""

    def __init__(self, settings: Settings, db: Database, bus: Bus, access_token_key: bytes) -> None:
        public_url = settings.public_url or own_url(settings.host, settings.port)
        self._db = db
        self._bus = bus
        declared = permissions()
        self._identity = Identity(db, bus, access_token_key, public_url, declared)
        self._gateways = GatewayDirectory(db, settings.gateway_urls, public_url)
        self._hub = LiveHub(bus)
        tunnel = TunnelService(db, bus)
        self._relays = TunnelRelays(db, bus, tunnel, self._identity.revocations.revoked)
        agents = AgentService(db, bus)
        removal = AgentRemoval(db, bus, (cancel_all, close_all))
        self._live = LiveStreams(db, bus, self._hub, agents, self._identity.revocations.revoked)
        users = Users(db, self._identity.invitations, self._identity.revocations, declared)
        codes = SiteCodes(db, public_url)
        door = BrowserDoor(public_url)
        self.app = build_app(
            [
                identity_router(self._identity, users, door),
                platform_router(Partners(db, bus, users, declared), self._identity, door),
                tenancy_router(Tenancy(db, bus), codes, PartnerSettings(db, bus)),
                agents_router(agents, removal, LiveQueries(db, bus)),
                inventory_router(Inventory(db)),
                telemetry_router(Telemetry(db)),
                overview_router(Overview(db)),
                commands_router(CommandService(db, bus, agents, self._hub)),
                events_router(ActivityFeed(db, bus)),
                tunnel_router(tunnel),
                audit_router(AuditReading(db, head_book(settings))),
                live_router(self._live, public_url),
                tunnel_stream_router(db, self._relays, public_url),
            ],
            roots=[install_routes(_InstallCodes(codes), settings.agent_bundle_dir, public_url)],
            authenticator=Authenticator(self._identity.tokens, self._identity.revocations),
            bootstrap=BootstrapApp(Bootstrap(db, bus, self._gateways)),
            ready=self.ready,
            web=Web(public_url, settings.trusted_proxies, settings.dashboard_dir),
        )

    async def open(self) -> None:
        """Fetch what is kept in memory and follow its changes."""
        await self._identity.open()
        await self._gateways.open()
        await self._relays.open()
        await self._live.open()

    async def close(self) -> None:
        """Let browsers' terminals go to another api, and stop following."""
        await self._relays.close()
        await self._live.close()
        await self._hub.close()
        await self._gateways.close()
        await self._identity.close()

    async def ready(self) -> dict[str, bool]:
        """What this process needs, and whether it is there."""
        return {"database": await self._db.answers(), "bus": self._bus.connected}


def openapi_document() -> dict[str, Any]:
    """What the api says of itself (OpenAPI 3.1), from services that are constructed and never opened."""
    settings = Settings(database_url="", nats_url="")
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


async def run_api(settings: Settings) -> None:
    """Serve people and scripts until SIGTERM."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with opened(settings, "api") as (db, bus):
        await bus.ensure_events_stream()
        async with db.identity() as tx:
            key: bytes = await tx.fetchval("select value from core.server_secrets where name = 'access_token_key'")
        api = Api(settings, db, bus, key)
        server = ApiServer(api.app, settings.host, settings.port)
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
