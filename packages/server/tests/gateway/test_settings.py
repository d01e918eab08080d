"""Settings of a Site reach its machines and no others, at once or when they return, also those that move there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from agent_end import AgentEnd, Fleet, until
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.service import Post
from gururmm_server.core.settings.jobs import sign_settings, tell_all
from gururmm_server.core.settings.orders import settle_machine
from gururmm_server.core.settings.service import SettingsService, SiteAt
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire import orders
from gururmm_wire.v2.agent import SettingsApplied
from gururmm_wire.v2.server import Settings, SettingsPush

from packages.server.tests.world import DECLARED, person


@dataclass
class Desk:
    """An admin who changes settings of a Partner with two Sites, `here` and `there`."""

    fleet: Fleet
    db: Database
    signer: OrderSigner
    post: Post
    there: SiteAt

    @property
    def here(self) -> SiteAt:
        return SiteAt(self.fleet.site_id, "HQ", self.fleet.client_id)

    @property
    def caller(self) -> Scope:
        return person(self.fleet.tenant_id, email="anna@example.org").inside()

    @property
    def service(self) -> SettingsService:
        return SettingsService(self.db, self.post, self.signer, DECLARED.settings)

    async def change(self, site: SiteAt | None = None, **changes: Any) -> None:
        await self.service.change(self.caller, changes, site)

    async def enrolled(self, site: SiteAt) -> AgentEnd:
        """A new machine at a Site, as enrolment leaves it."""
        (agent,) = await self.fleet.enrol()
        await self.move(agent, site)
        return agent

    async def move(self, agent: AgentEnd, site: SiteAt) -> None:
        service = AgentService(self.db, self.post, signer=self.signer)
        await service.move(self.caller, agent.agent_id, site.site_id)

    async def sweep(self) -> int:
        return await sign_settings(self.db, self.post, self.signer)


@pytest.fixture
async def desk(fleet: Fleet, db: Database, bus: Bus, signer: OrderSigner) -> Desk:
    site_id = new_id()
    owner = await asyncpg.connect(fleet.owner_url)
    await owner.execute(
        "insert into core.sites (tenant_id, client_id, site_id, name) values ($1, $2, $3, 'Warehouse')",
        fleet.tenant_id,
        fleet.client_id,
        site_id,
    )
    await owner.close()
    made = Desk(fleet, db, signer, Post(bus.publish), SiteAt(site_id, "Warehouse", fleet.client_id))
    await made.sweep()
    return made


async def told(agent: AgentEnd) -> Settings:
    """The next settings that an agent is ordered, which it would follow: newer than those before."""
    before = [_body(order) for order in agent.orders]
    settings = (await agent.expect(SettingsPush)).settings
    body = _body(agent.orders[-1])
    assert all(body.counter > other.counter for other in before if other.kind == "settings")
    return settings


def _body(order: Any) -> orders.Body:
    return orders.read_body(order)


async def silent(agent: AgentEnd, gateway: Gateway, count: int) -> None:
    """Nothing came beside so many orders, once the gateway has said what it had to."""
    await agent.understood()
    assert len(agent.orders) == count


async def test_a_sites_settings_reach_its_machines_and_no_others(gateway: Gateway, desk: Desk) -> None:
    here, there = await desk.enrolled(desk.here), await desk.enrolled(desk.there)
    for agent in (here, there):
        await agent.join(gateway.port)
        assert (await told(agent)).heartbeat_s == 30
    await desk.change(desk.there, heartbeat_s=10)
    assert (await told(there)).heartbeat_s == 10
    assert _body(there.orders[-1]).addressee == there.agent_id.bytes
    await desk.change(metrics_s=120)
    seen = [await told(agent) for agent in (here, there)]
    assert [(each.heartbeat_s, each.metrics_s) for each in seen] == [(30, 120), (10, 120)]
    assert len({each.version for each in seen}) == 2
    # What the Site says otherwise anyway is no news to it.
    await desk.change(heartbeat_s=60)
    assert (await told(here)).heartbeat_s == 60
    await silent(there, gateway, 3)


async def test_a_site_that_says_nothing_of_its_own_any_more_hears_what_all_hear(gateway: Gateway, desk: Desk) -> None:
    here, there = await desk.enrolled(desk.here), await desk.enrolled(desk.there)
    await desk.change(desk.there, heartbeat_s=10, log_level="DEBUG")
    for agent in (here, there):
        await agent.join(gateway.port)
    assert (await told(here)).log_level == "INFO"
    assert (await told(there)).log_level == "DEBUG"
    await desk.change(desk.there, log_level=None)
    both = await told(there)
    assert (both.heartbeat_s, both.log_level) == (10, "INFO")
    await desk.change(desk.there, heartbeat_s=None)
    assert (await told(there)).heartbeat_s == 30
    assert _body(there.orders[-1]).addressee == desk.fleet.tenant_id.bytes
    await silent(here, gateway, 1)
    assert await desk.fleet.value("select count(*) from core.agent_settings") == 0


async def test_who_was_offline_hears_it_on_return(gateway: Gateway, desk: Desk) -> None:
    there = await desk.enrolled(desk.there)
    await there.join(gateway.port)
    assert (await told(there)).heartbeat_s == 30
    await there.gone()
    await desk.change(desk.there, heartbeat_s=10)
    await desk.change(metrics_s=90)
    await there.join(gateway.port)
    again = await told(there)
    assert (again.heartbeat_s, again.metrics_s) == (10, 90)


async def test_a_machine_that_moves_gets_the_settings_of_its_new_site(gateway: Gateway, desk: Desk) -> None:
    agent = await desk.enrolled(desk.here)
    await desk.change(desk.there, heartbeat_s=10)
    await agent.join(gateway.port)
    assert (await told(agent)).heartbeat_s == 30
    await desk.move(agent, desk.there)
    assert (await told(agent)).heartbeat_s == 10
    await desk.move(agent, desk.here)
    back = await told(agent)
    assert back.heartbeat_s == 30
    # Its own order stands until the one for all is newer: then it follows that one, also after a pause.
    assert await desk.sweep() == 1
    assert await desk.fleet.value("select count(*) from core.agent_settings") == 0
    await agent.gone()
    await agent.join(gateway.port)
    assert await told(agent) == back
    assert _body(agent.orders[-1]).addressee == desk.fleet.tenant_id.bytes


async def test_an_agent_that_goes_on_as_another_machine_gets_settings_newer_than_its_own(
    gateway: Gateway, desk: Desk
) -> None:
    """Its former machine's order was signed before those that the agent followed since: it would refuse it."""
    await desk.change(desk.there, heartbeat_s=10)
    former, since = await desk.enrolled(desk.there), await desk.enrolled(desk.there)
    await since.join(gateway.port)
    assert (await told(since)).heartbeat_s == 10
    followed = _body(since.orders[-1]).counter
    async with desk.db.scope(desk.caller) as tx:
        assert not await settle_machine(tx, desk.signer, former.agent_id)
        assert await settle_machine(tx, desk.signer, former.agent_id, anew=True)
    await former.join(gateway.port)
    assert (await told(former)).heartbeat_s == 10
    assert _body(former.orders[-1]).counter > followed


async def test_a_machine_that_came_where_nobody_looked_is_found_by_the_sweep(gateway: Gateway, desk: Desk) -> None:
    await desk.change(desk.there, heartbeat_s=10)
    (agent,) = await desk.fleet.enrol()
    await agent.join(gateway.port)
    assert (await told(agent)).heartbeat_s == 30
    await desk.fleet.value(
        "update core.agents set site_id = $2 where agent_id = $1", agent.agent_id, desk.there.site_id
    )
    assert await desk.sweep() == 1
    assert (await told(agent)).heartbeat_s == 10
    assert await desk.sweep() == 0


async def test_what_the_platform_sets_is_signed_by_the_worker_and_told(
    gateway: Gateway, desk: Desk, worker_db: Database, worker_bus: Bus
) -> None:
    here, there = await desk.enrolled(desk.here), await desk.enrolled(desk.there)
    await desk.change(desk.there, metrics_s=5)
    for agent in (here, there):
        await agent.join(gateway.port)
        await told(agent)
    signer = OrderSigner(worker_db.worker)
    await signer.refresh()
    staff = person(None, email="root@example.org").subject
    await desk.service.change_platform(staff, {"inventory_s": 3600})
    envelopes = await _envelopes(desk)
    await tell_all(worker_db, Post(worker_bus.publish), signer, envelopes)
    seen = [await told(agent) for agent in (here, there)]
    assert [(each.inventory_s, each.metrics_s) for each in seen] == [(3600, 60), (3600, 5)]
    await tell_all(worker_db, Post(worker_bus.publish), signer, envelopes)
    await silent(here, gateway, 2)


async def test_a_machine_says_which_version_it_runs(gateway: Gateway, desk: Desk) -> None:
    agent = await desk.enrolled(desk.there)
    service = AgentService(desk.db, desk.post, signer=desk.signer)

    async def state() -> tuple[int | None, int | None]:
        found = (await service.get(desk.caller, agent.agent_id)).settings
        return found.version, found.newest

    assert await state() == (None, 1)
    await agent.join(gateway.port)
    agent.send(SettingsApplied((await told(agent)).version))

    def is_known(*wanted: int) -> Callable[[], Any]:
        async def known() -> bool:
            return await state() == wanted

        return known

    await until(is_known(1, 1))
    await desk.change(desk.there, heartbeat_s=10)
    assert await state() == (1, 2)
    agent.send(SettingsApplied((await told(agent)).version))
    await until(is_known(2, 2))


async def test_orders_of_machines_are_signed_anew_each_day_and_by_a_new_key(gateway: Gateway, desk: Desk) -> None:
    agent = await desk.enrolled(desk.there)
    await desk.change(desk.there, heartbeat_s=10)
    sql = "select signed_order from core.agent_settings where agent_id = $1"
    first = await desk.fleet.value(sql, agent.agent_id)
    assert await desk.sweep() == 0
    await desk.fleet.value("update core.agent_settings set signed_at = now() - interval '25 hours'")
    assert await desk.sweep() == 1
    assert await desk.fleet.value(sql, agent.agent_id) != first
    assert await desk.sweep() == 0
    await agent.join(gateway.port)
    assert (await told(agent)).heartbeat_s == 10


async def _envelopes(desk: Desk) -> list[bytes]:
    """The events of changes, as the stream has them."""
    owner = await asyncpg.connect(desk.fleet.owner_url)
    rows = await owner.fetch("select * from core.outbox where name = 'settings.changed' order by event_id")
    await owner.close()
    return [_envelope(row["event_id"], row["tenant_id"], row["payload"]) for row in rows]


def _envelope(event_id: UUID, tenant_id: UUID, payload: bytes) -> bytes:
    head = (
        f'{{"event_id":"{event_id}","tenant_id":"{tenant_id}","name":"settings.changed","version":1,"at":"","payload":'
    )
    return head.encode() + payload + b"}"
