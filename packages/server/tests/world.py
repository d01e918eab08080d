"""Partners with machines, planted under the product's feet, and the API's routes with a signed-in person in front."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.component import Declared
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.post.live import LiveBatch, LiveItem, encode
from gururmm_server.entrypoints.internal_api.failures import add_handlers
from gururmm_server.infra.ids import new_id
from pydantic import TypeAdapter

from packages.server.tests.answers import Checked, fail

DECLARED = Declared(COMPONENTS)
"""What the components of the product declare, together."""
PERMISSIONS = DECLARED.permissions
"""What each role may do, as the product declares it."""


def person(
    tenant_id: UUID | None,
    role: Role = Role.PARTNER_ADMIN,
    client_id: UUID | None = None,
    *,
    user_id: UUID | None = None,
    session_id: UUID | None = None,
    email: str | None = None,
    proved_at: float | None = None,
    needs_factor: bool = False,
) -> Principal:
    """Returns somebody who is signed in with a role in a Partner (None: on the Platform), by default just now."""
    return Principal(
        user_id=user_id or new_id(),
        email=email or f"{role}@example.org",
        session_id=session_id or new_id(),
        role=role,
        tenant_id=tenant_id,
        client_id=client_id,
        permissions=frozenset() if needs_factor else PERMISSIONS.of(role, inside=tenant_id is not None),
        needs_factor=needs_factor,
        proved_at=int(time.time() if proved_at is None else proved_at),
    )


def described(shape: Any, body: bytes) -> Any:
    """Returns an answer as the API describes it: a model of that shape. Fails where it does not fit."""
    return TypeAdapter(shape).validate_json(body)


def batch(*items: LiveItem) -> LiveBatch:
    """Returns live messages as they come over the bus."""
    return msgspec.msgpack.decode(encode(items), type=LiveBatch)


@dataclass
class Partner:
    """A tenant with Clients, their Sites, and machines at the Sites."""

    tenant_id: UUID
    clients: list[UUID] = field(default_factory=list)
    sites: list[UUID] = field(default_factory=list)
    agents: list[UUID] = field(default_factory=list)

    def person(self, role: Role = Role.PARTNER_ADMIN, client_id: UUID | None = None) -> Principal:
        return person(self.tenant_id, role, client_id)


async def plant(owner_url: str, name: str = "Northwind IT", machines: int = 4, gateway_id: str = "gw-1") -> Partner:
    """A Partner with two Clients of one Site each; machines in turns, every second one online."""
    partner = Partner(new_id())
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute("insert into core.tenants (tenant_id, name) values ($1, $2)", partner.tenant_id, name)
        await owner.execute("insert into core.tenant_settings (tenant_id) values ($1)", partner.tenant_id)
        for number in range(2):
            partner.clients.append(new_id())
            partner.sites.append(new_id())
            await owner.execute(
                "insert into core.clients (tenant_id, client_id, name) values ($1, $2, $3)",
                partner.tenant_id,
                partner.clients[-1],
                f"Client {number}",
            )
            await owner.execute(
                "insert into core.sites (tenant_id, client_id, site_id, name) values ($1, $2, $3, $4)",
                partner.tenant_id,
                partner.clients[-1],
                partner.sites[-1],
                f"Site {number}",
            )
        for number in range(machines):
            await plant_agent(owner, partner, number, gateway_id)
    finally:
        await owner.close()
    return partner


async def plant_agent(owner: Any, partner: Partner, number: int, gateway_id: str) -> UUID:
    """One machine: `host-0003`, at Site number % 2, online where the number is even."""
    agent_id, place, online = new_id(), number % 2, number % 2 == 0
    partner.agents.append(agent_id)
    await owner.execute(
        "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
        " hostname, os_name, os_family, agent_version, addresses, username) values ($1, $2, $3, $4, $5, $6, $7, $8,"
        " 'Debian GNU/Linux 12 (bookworm)', 'linux', '0.1.0', $9, 'anna')",
        partner.tenant_id,
        agent_id,
        partner.clients[place],
        partner.sites[place],
        f"Client {place}",
        f"Site {place}",
        agent_id.bytes * 2,
        f"host-{number:04}",
        [f"192.0.2.{number % 250}"],
    )
    await owner.execute(
        "insert into core.agent_state (tenant_id, agent_id, client_id, online, gateway_id, last_seen, cpu, memory,"
        " disk) values ($1, $2, $3, $4, $5, now(), $6, $7, $8)",
        partner.tenant_id,
        agent_id,
        partner.clients[place],
        online,
        gateway_id if online else None,
        number * 7 % 1000 if number % 5 else None,
        number * 11 % 1000,
        number * 13 % 1000,
    )
    return agent_id


class Api:
    """Routers behind a person; `as_` changes who asks."""

    def __init__(self, *routers: APIRouter) -> None:
        self.app = FastAPI()
        self._people: dict[str, Principal] = {}
        for router in routers:
            self.app.include_router(router, prefix="/api/v1")

        @self.app.middleware("http")
        async def sign_in(request: Request, call_next: Any) -> Response:
            request.state.caller = self._people.get(request.headers.get("x-person", ""))
            request.state.request_id = "test"
            answer: Response = await call_next(request)
            return answer

        add_handlers(self.app)

    def as_(self, principal: Principal) -> httpx.AsyncClient:
        """A client that asks as this person; close it, or use it as a context."""
        key = str(principal.session_id)
        self._people[key] = principal
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(Checked(self.app, fail)),
            base_url="http://api/api/v1",
            headers={"x-person": key},
            timeout=30,
        )


def audit_settings(folder: Path) -> dict[str, Any]:
    """Returns what a worker has to be told of the audit's heads: a store, and the file of a key."""
    key_file = folder / "audit.key"
    key_file.write_text("11" * 32)
    return {"audit_store": folder / "heads", "audit_key_file": key_file}


@asynccontextmanager
async def running(*jobs: Any) -> AsyncIterator[None]:
    """Coroutines that run beside the test and are stopped after it; their failure fails the test."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
