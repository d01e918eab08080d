"""The whole api on a real socket, over a real database and broker, with two Partners in it."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from fastapi import FastAPI
from gururmm_server.bootstrap.api import Api as Process
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.enrolment.directory import GatewayDirectory
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.seeding import seed_partner_admin
from gururmm_server.core.identity.service import Identity, load_access_token_key
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tenancy.partners import add_partner
from gururmm_server.core.tenancy.schemas import NewCode
from gururmm_server.core.tenancy.service import Tenancy
from gururmm_server.entrypoints.internal_api.server import ApiServer
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings

from packages.server.tests.answers import Checked
from packages.server.tests.waiting import until
from packages.server.tests.world import person

URL = "http://rmm.example.org"
PASSWORD = "correct horse battery"


@dataclass
class House:
    """One Partner with one of everything. `ids` are what paths name."""

    tenant_id: UUID
    admin: Principal
    email: str
    code: str = ""
    ids: dict[str, UUID] = field(default_factory=dict)

    @property
    def caller(self) -> Scope:
        return self.admin.inside()


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any


@dataclass
class Api:
    """The running api and the means to ask it."""

    app: FastAPI
    db: Database
    bus: Bus
    identity: Identity
    tenancy: Tenancy
    codes: SiteCodes
    base: str
    gateways: GatewayDirectory
    browser: aiohttp.ClientSession
    own: House
    foreign: House
    faults: list[str]
    """Answers so far that were not as their routes declare: any fails the test at its end."""

    def token(
        self,
        role: Role | None = Role.PARTNER_ADMIN,
        *,
        house: House | None = None,
        client_id: UUID | None = None,
        proved_at: float | None = None,
        needs_factor: bool = False,
    ) -> str:
        """An access token as the product signs it; role None is a Platform admin outside of any Partner.

        `proved_at`: when they last proved that it is they; by default just now.
        """
        house = house or self.own
        if role is Role.CLIENT_CONTACT and client_id is None:
            client_id = house.ids["client_id"]
        holder = person(
            house.tenant_id if role else None,
            role or Role.PLATFORM_ADMIN,
            client_id,
            user_id=house.admin.user_id,
            email=house.email,
            proved_at=proved_at,
            needs_factor=needs_factor,
        )
        return self.identity.tokens.issue(holder)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        data: bytes | io.BytesIO | None = None,
        headers: dict[str, str] | None = None,
        browser: aiohttp.ClientSession | None = None,
    ) -> Answer:
        """Send a request to /api/v1 + path (or to path, where it says /-)."""
        url = self.base + (path[2:] if path.startswith("/-") else "/api/v1" + path)
        given = dict(headers or {})
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        session = browser or self.browser
        async with session.request(method, url, json=body, data=data, headers=given) as response:
            json_like = response.content_type == "application/json"
            return Answer(
                response.status, await response.json() if json_like else await response.read(), response.headers
            )

    async def sign_in(self, email: str, password: str = PASSWORD, browser: aiohttp.ClientSession | None = None) -> str:
        answer = await self.ask("POST", "/auth/sign-in", {"email": email, "password": password}, browser=browser)
        assert answer.status == 200, answer.body
        token: str = answer.body["access_token"]
        return token

    async def audit(self, house: House | None = None) -> list[dict[str, Any]]:
        """The rows of the Partner's audit_log, oldest first."""
        async with self.db.audit_reader(system_scope((house or self.own).tenant_id)) as tx:
            rows = await tx.fetch("select * from core.audit_log order by seq")
        return [dict(row) for row in rows]


def new_browser() -> aiohttp.ClientSession:
    """A client with cookies of its own."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


@pytest.fixture
def dashboard_dir(tmp_path: Path) -> Path:
    """A built dashboard, as small as one can be."""
    directory = tmp_path / "dashboard"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>GuruRMM</title>")
    (directory / "assets" / "app-1a2b.js").write_text("1")
    return directory


@pytest.fixture
def trusted_proxies() -> tuple[str, ...]:
    """Whom the api believes about the address of a client: nobody."""
    return ()


@pytest.fixture
def public_url() -> str:
    """What browsers call the api."""
    return URL


@pytest.fixture
async def api(
    *,
    db: Database,
    bus: Bus,
    api_db: Database,
    api_bus: Bus,
    dashboard_dir: Path,
    trusted_proxies: tuple[str, ...],
    public_url: str,
) -> AsyncIterator[Api]:
    settings = ProcessSettings(
        database_url="",
        nats_url="",
        public_url=public_url,
        dashboard_dir=dashboard_dir,
        trusted_proxies=trusted_proxies,
    )
    process = Process(settings, api_db, api_bus, await load_access_token_key(api_db))
    await process.open()
    faults: list[str] = []
    server = ApiServer(Checked(process.app, faults.append), "127.0.0.1", 0)
    serving = asyncio.create_task(server.run())
    own, foreign = await build_house(db, bus, "own"), await build_house(db, bus, "foreign")
    async with new_browser() as browser:
        await until(lambda: server.started)
        yield Api(
            app=process.app,
            db=db,
            bus=bus,
            identity=process.house.get(Identity),
            gateways=process.house.get(GatewayDirectory),
            tenancy=Tenancy(db),
            codes=SiteCodes(db, URL),
            base=f"http://127.0.0.1:{server.port}",
            browser=browser,
            own=own,
            foreign=foreign,
            faults=faults,
        )
    server.stop()
    await serving
    await process.close()
    assert not faults, "\n".join(faults)


async def build_house(db: Database, bus: Bus, name: str) -> House:
    """A Partner with one Client, Site, code, agent, command and closed session; the admin of `own` can sign in."""
    tenant_id, email = new_id(), f"admin@{name}.example"
    root = person(None, Role.PLATFORM_ADMIN, email="root@example.org").subject
    async with db.platform(root.name, "test") as tx:
        await add_partner(tx, tenant_id, f"Partner {name}", root)
    # A hash takes its time: only the Partner that tests sign in to gets one.
    user_id = await seed_partner_admin(db, tenant_id, email, "Ada Admin", PASSWORD) if name == "own" else new_id()
    admin = person(tenant_id, user_id=user_id, email=email)
    house = House(tenant_id, admin, email)
    client = await Tenancy(db).create_client(house.caller, f"Client of {name}")
    site = await Tenancy(db).create_site(house.caller, client.id, "Head office")
    code = await SiteCodes(db, URL).create(house.caller, site.id, NewCode())
    house.code = code.code
    house.ids = {
        "client_id": client.id,
        "site_id": site.id,
        "code_id": code.id,
        "user_id": user_id,
        "partner_id": tenant_id,
        "agent_id": new_id(),
        "command_id": new_id(),
        "session_id": new_id(),
        "passkey_id": new_id(),
        "channel": 1,
        "view_id": new_id(),
    }
    await plant_machine(db, house)
    return house


async def plant_machine(db: Database, house: House) -> None:
    ids = house.ids
    async with db.scope(system_scope(house.tenant_id)) as tx:
        await tx.execute(
            "insert into core.saved_views (tenant_id, view_id, owner_id, name, query, sort, columns, shared, saved_by)"
            " values ($1, $2, $3, 'Away', 'online:false', 'hostname', '{}', true, 'x')",
            house.tenant_id,
            ids["view_id"],
            house.admin.user_id,
        )
        await tx.execute(
            "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
            " hostname) values ($1, $2, $3, $4, 'c', 's', $5, 'planted')",
            house.tenant_id,
            ids["agent_id"],
            ids["client_id"],
            ids["site_id"],
            ids["agent_id"].bytes * 2,
        )
        await tx.execute(
            "insert into core.agent_state (tenant_id, agent_id, client_id) values ($1, $2, $3)",
            house.tenant_id,
            ids["agent_id"],
            ids["client_id"],
        )
        await tx.execute(
            "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, script, timeout_s,"
            " created_by) values ($1, $2, $2, $3, 'sh', 'true', 60, 'x')",
            house.tenant_id,
            ids["command_id"],
            ids["agent_id"],
        )
        await tx.execute(
            "insert into core.tunnel_sessions (tenant_id, session_id, agent_id, hostname, opened_by, opened_by_id,"
            " status, closed_at) values ($1, $2, $3, 'planted', $4, $5, 'closed', now())",
            house.tenant_id,
            ids["session_id"],
            ids["agent_id"],
            "tech@example.org",
            new_id(),
        )
        await tx.execute(
            "insert into core.tunnel_channels (tenant_id, session_id, channel, kind, parameters, state, closed_at)"
            " values ($1, $2, 1, 'terminal', $3, 'closed', now())",
            house.tenant_id,
            ids["session_id"],
            {"columns": 80, "rows": 24, "shell": ""},
        )
