"""Uses the component of docs/howto/add-a-component.md, in a process whose tree has it. Prints what appeared, as JSON.

Arguments: database URL, NATS URL, tenant id, client id, a folder. Run by test_newcomer.py.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from gururmm_server.bootstrap.api import Api
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.component import House
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.orders.signing import KeyScope
from gururmm_server.core.post.hub import LiveHub
from gururmm_server.entrypoints.jobs import process
from gururmm_server.entrypoints.jobs.schedule import Schedule
from gururmm_server.entrypoints.tech_stream.live_session import LiveSession
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings

from packages.server.tests.world import audit_settings


class Office:
    """The api, and people who use it."""

    def __init__(self, api: Api, tenant_id: UUID, client_id: UUID) -> None:
        self.api = api
        self.tenant_id = tenant_id
        self.client_id = client_id
        transport = httpx.ASGITransport(api.app)
        self.browser = httpx.AsyncClient(transport=transport, base_url="http://api/api/v1", timeout=30)

    def person(self, role: Role) -> Principal:
        return Principal(
            user_id=new_id(),
            email=f"{role}@example.org",
            session_id=new_id(),
            role=role,
            tenant_id=self.tenant_id,
            client_id=self.client_id if role is Role.CLIENT_CONTACT else None,
            permissions=self.api.house.declared.permissions.of(role, inside=True),
        )

    async def ask(self, role: Role, method: str, path: str, body: object = None) -> httpx.Response:
        token = self.api.house.get(Identity).tokens.issue(self.person(role))
        return await self.browser.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})


async def look(office: Office, house: House) -> dict[str, object]:
    """Leaves a note as a technician while somebody looks, and says what each part of the product made of it."""
    declared = house.declared
    tech, contact = (
        LiveSession(office.person(role).inside(), declared.live) for role in (Role.PARTNER_TECH, Role.CLIENT_CONTACT)
    )
    hub = house.get(LiveHub)
    body = {"client_id": str(office.client_id), "text": "The key is under the mat."}
    said: list[dict[str, Any]] = []
    async with hub.listening(office.tenant_id, tech.take), hub.listening(office.tenant_id, contact.take):
        left = await office.ask(Role.PARTNER_TECH, "POST", "/notes", body)
        async with asyncio.timeout(60):
            while {message["type"] for message in said} != {"note", "event"}:
                said += [json.loads(text) for text in await tech.messages()]
    feed = (await office.ask(Role.PARTNER_TECH, "GET", "/events?name=note.left")).json()
    (job,) = (job for job in house.jobs() if job.name == "old_notes")
    return {
        "left": left.status_code,
        "listed": [item["text"] for item in (await office.ask(Role.PARTNER_TECH, "GET", "/notes")).json()["items"]],
        "refused": (await office.ask(Role.CLIENT_CONTACT, "GET", "/notes")).status_code,
        "permissions": [each.name for each in declared.permissions.all() if each.name.startswith("notes.")],
        "feed": [item["text"] for item in feed["items"]],
        "feed_of_a_contact": (await office.ask(Role.CLIENT_CONTACT, "GET", "/events")).json()["total"],
        "live": sorted([message["type"], message["item"]["text"]] for message in said),
        "live_of_a_contact": await said_so_far(contact),
        "job": await Schedule(house.db).run_once(job),
    }


async def said_so_far(session: LiveSession) -> int:
    """How many messages a browser would be sent."""
    session.say({"type": "end"})
    return len(await session.messages()) - 1


async def main(database_url: str, nats_url: str, tenant_id: str, client_id: str, folder: str) -> None:
    settings = ProcessSettings(database_url, nats_url, **audit_settings(Path(folder)))
    db, bus, stop = Database(database_url), Bus(nats_url, name="newcomer"), asyncio.Event()
    await db.open()
    await bus.open()
    api = Api(settings, db, bus, b"k" * 32)
    await api.open()
    house = House(COMPONENTS, settings, db, bus)
    house.give(KeyScope(db.worker))
    working = asyncio.create_task(process.run(house, stop))
    try:
        print(json.dumps(await look(Office(api, UUID(tenant_id), UUID(client_id)), house)))  # noqa: T201
    finally:
        stop.set()
        await working
        await api.close()
        await bus.close()
        await db.close()


asyncio.run(main(*sys.argv[1:]))
