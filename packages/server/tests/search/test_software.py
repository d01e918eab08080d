"""Machines by what is installed: from what an agent says to what a query finds."""

import random
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.fleet.filter import FleetFilter
from gururmm_server.core.fleet.service import SORTS, AgentService
from gururmm_server.core.inventory.ingest import InventoryIngest, Upload
from gururmm_server.core.inventory.jobs import forget_titles
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.search.errors import QueryError
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import parse_page
from gururmm_wire.codec import inventory_hash
from gururmm_wire.v2.agent import InventorySection

from packages.server.tests.world import DECLARED, Partner, plant

Installed = dict[str, str]
WORLD: tuple[tuple[str, str], ...] = (
    ("Google Chrome", "119.0.6045.200"),
    ("Google Chrome", "120.0.6099.71"),
    ("Google Chrome", "120"),
    ("Chrome Remote Desktop Host", "121.0"),
    ("vim", "2:9.0.1378-2"),
    ("vim-common", "2:8.2.2434-3+deb11u1"),
    ("Äpfel 100%", ""),
    ("back\\slash", "1.0"),
)


class Machines:
    """Machines of a Partner, and what is installed on each."""

    def __init__(self, ingest: InventoryIngest, agents: AgentService, partner: Partner) -> None:
        self._ingest = ingest
        self._agents = agents
        self._partner = partner
        self.held: dict[UUID, Installed] = {}

    async def have(self, agent_id: UUID, installed: Installed) -> None:
        items = {name: {"version": version, "source": "test"} for name, version in installed.items()}
        session = AgentSession(agent_id, self._partner.tenant_id, self._partner.clients[0], "host", 1)
        message = InventorySection(section="software", hash=inventory_hash(items), items=items)
        assert not (await self._ingest.store([Upload(session, message)])).wanted
        self.held[agent_id] = installed

    async def found(self, query: str, scope: Scope | None = None) -> set[UUID]:
        page = parse_page(SORTS, sort="hostname", limit=200)
        scope = scope or system_scope(self._partner.tenant_id)
        return {row.id for row in (await self._agents.page(scope, FleetFilter(q=query), page)).items}

    def which(self, *titles: tuple[str, str]) -> set[UUID]:
        return {agent_id for agent_id, held in self.held.items() if held.items() & set(titles)}


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url, machines=20)


@pytest.fixture
async def machines(db: Database, bus: Bus, partner: Partner) -> Machines:
    made = Machines(InventoryIngest(db), AgentService(db, Post(bus.publish), fields=DECLARED.search_fields), partner)
    chance = random.Random(4)
    for agent_id in partner.agents[:-1]:
        await made.have(agent_id, dict(chance.sample(WORLD, chance.randint(0, 4))))
    return made


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("software:chrome", WORLD[:4]),
        ("software:CHROME", WORLD[:4]),
        ('software:"google chrome"', WORLD[:3]),
        ("software:chrome<120", WORLD[:1]),
        ("software:chrome<=120", WORLD[:3]),
        ("software:chrome=120", WORLD[1:3]),
        ("software:chrome>120", WORLD[3:4]),
        ("software:chrome>=120.0", (WORLD[1], WORLD[3])),
        ("software:chrome=119..120", WORLD[:3]),
        ("software:vim>=9", WORLD[4:5]),
        ("software:=vim", WORLD[4:5]),
        ("software:apfel", WORLD[6:7]),
        ('software:"100%"', WORLD[6:7]),
        ("software:apfel<2", ()),
        (r'software:"k\\s"', WORLD[7:8]),
        ("software:nothing", ()),
    ],
)
async def test_software_is_found_by_name_and_version(
    machines: Machines, query: str, titles: tuple[tuple[str, str], ...]
) -> None:
    meant = machines.which(*titles)
    assert await machines.found(query) == meant
    assert bool(meant) == bool(titles), "somebody has it, or nothing is proved"
    assert await machines.found(f"not {query}") == {*machines.held, *await machines.found("name:host-0019")} - meant


async def test_what_is_gone_is_not_found_any_more(machines: Machines, partner: Partner) -> None:
    first = partner.agents[0]
    await machines.have(first, {"libreoffice": "24.2"})
    assert await machines.found("software:libreoffice") == {first}
    await machines.have(first, {"libreoffice": "24.8"})
    assert await machines.found("software:libreoffice<24.8") == set()
    await machines.have(first, {})
    assert await machines.found("software:libreoffice") == set()


async def test_a_name_that_many_titles_have_is_found_too(machines: Machines, partner: Partner) -> None:
    """Of more titles than are looked up one by one."""
    for number, agent_id in enumerate(partner.agents[:4]):
        await machines.have(agent_id, {f"library-{number}-{each}": "1.0" for each in range(200)})
    assert await machines.found("software:library") == set(partner.agents[:4])
    assert await machines.found("software:library-2") == {partner.agents[2]}


async def test_software_of_others_is_not_found(
    machines: Machines, partner: Partner, db: Database, bus: Bus, owner_url: str
) -> None:
    other = await plant(owner_url, "Somebody else", machines=1)
    await Machines(InventoryIngest(db), AgentService(db, Post(bus.publish)), other).have(
        other.agents[0], {"secret": "1"}
    )
    assert await machines.found("software:secret") == set()
    await machines.have(partner.agents[0], {"payroll": "1"})
    await machines.have(partner.agents[1], {"payroll": "1"})
    subject = system_scope(partner.tenant_id).subject
    contact = Scope(subject=subject, tenant_id=partner.tenant_id, client_ids=frozenset({partner.clients[1]}))
    assert await machines.found("software:payroll", contact) == {partner.agents[1]}
    async with db.scope(contact) as tx:
        rows = await tx.fetch("select core.machines_with_software('%payroll%', null, null) as agent_id")
    assert [row["agent_id"] for row in rows] == [partner.agents[1]], "the function itself is narrowed"


@pytest.mark.parametrize(
    ("query", "wrong"), [("software:<120", "<"), ("software:ab", "ab"), ('software:"  a "', '"  a "')]
)
async def test_a_name_belongs_to_it(machines: Machines, query: str, wrong: str) -> None:
    with pytest.raises(QueryError) as error:
        await machines.found(query)
    assert query[error.value.at.start : error.value.at.start + error.value.at.length] == wrong


async def test_hostile_software_is_kept_within_bounds(machines: Machines, partner: Partner) -> None:
    first = partner.agents[0]
    await machines.have(first, {"n" * 5000: "v" * 5000, "": "1", "'; drop table": "$1", "x\u202ey": "1"})
    assert await machines.found(f"software:{'n' * 100}") == {first}
    assert await machines.found('software:"\'; drop table"') == {first}


async def test_titles_that_nobody_has_are_forgotten_where_there_are_many(
    machines: Machines, partner: Partner, db: Database, owner_url: str
) -> None:
    first = partner.agents[0]
    await machines.have(first, {f"passing-{number}": "1" for number in range(50)})
    await machines.have(first, {"lasting": "1"})
    assert await forget_titles(db, crowded=1000) == 0
    assert await forget_titles(db, crowded=40) >= 50
    owner = await asyncpg.connect(owner_url)
    kept = await owner.fetch("select name from core.software_titles where name like '%ing%'")
    await owner.close()
    assert [row["name"] for row in kept] == ["lasting"]
    assert await machines.found("software:lasting") == {first}
