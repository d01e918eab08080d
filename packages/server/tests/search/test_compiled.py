"""A query in PostgreSQL means the same machines as one that is asked of each machine in Python."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.agents.record import Facts
from gururmm_server.core.fleet.filter import FleetFilter
from gururmm_server.core.fleet.service import SORTS, AgentService
from gururmm_server.core.inventory.facts import facts
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence.problems import KINDS
from gururmm_server.core.search.kinds import version_key
from gururmm_server.core.search.parsing import parse
from gururmm_server.core.search.printing import printed
from gururmm_server.core.search.tree import Free, Node, Not, Operand, Term, all_of, any_of
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import parse_page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages.server.tests.search.naive import Machine, means
from packages.server.tests.world import DECLARED, Partner, plant

MACHINES = 80
HOSTNAMES = ("web-01", "WEB-02", "db 3", "pc.front", "Ärzte-PC", "50%_off", "back\\slash", "naïve")
SYSTEMS = (
    ("Debian GNU/Linux 12 (bookworm)", "linux"),
    ("Ubuntu 24.04.1 LTS", "linux"),
    ("Windows 10 Pro", "windows"),
    ("Windows Server 2022", "windows"),
    ("macOS 15", "macos"),
    ("", "other"),
)
ADDRESSES = ("10.0.0.1", "10.1.2.3", "10.12.0.9", "192.168.1.20", "fd00::1", "fd00:1::2", "2001:db8::7", "no address")
MACS = ("a4:bb:6d:0f:d5:c5", "00:1a:2b:3c:4d:5e", "a4:00:1a:00:00:01", "de:ad:be:ef:00:01")
MODELS = ("Dell Inc. OptiPlex 7090", "LENOVO ThinkPad", "QEMU Standard PC", "")
PROCESSORS = ("Intel(R) Core(TM) i5-8500", "AMD Ryzen 7 5800X", "")
VERSIONS = ("0.1.0", "0.2", "0.10.1", "1.0.0", "1.0", "")
CLIENTS = (("Client 0", "Site 0"), ("Client 1", "Site 1"))


def some_machine(chance: random.Random, now: datetime) -> Machine:
    """A machine by chance, its times between the whole hours that are asked for."""
    maybe = lambda value: None if chance.random() < 0.15 else value  # noqa: E731
    past = lambda: now - timedelta(hours=chance.choice((0, 5, 30, 200, 900)), minutes=30)  # noqa: E731
    system, family = chance.choice(SYSTEMS)
    client, site = chance.choice(CLIENTS)
    return Machine(
        hostname=chance.choice(HOSTNAMES),
        os_name=system,
        os_family=family,
        username=chance.choice(("anna", "Bert O'Hara", "")),
        serial=chance.choice(("5CG1234XYZ", "a4bb6d0fd5c5", "")),
        client=client,
        site=site,
        model=chance.choice(MODELS),
        processor=chance.choice(PROCESSORS),
        arch=chance.choice(("x86_64", "aarch64", "")),
        version=chance.choice(VERSIONS),
        addresses=tuple(chance.sample(ADDRESSES, chance.randint(0, 3))),
        macs=tuple(chance.sample(MACS, chance.randint(0, 2))),
        ram=maybe(chance.choice((2**32, 8_343_891_968, 2**33, 2**33 + 1, 2**40))),
        cores=maybe(chance.choice((1, 4, 16))),
        online=chance.random() < 0.5,
        cpu=maybe(chance.choice((0, 500, 505, 900))),
        memory=maybe(chance.choice((10, 949, 950, 951))),
        disk=maybe(chance.choice((899, 900, 901, 1000))),
        uptime=maybe(chance.choice((0, 59, 3600, 90_000))),
        seen=maybe(past()),
        enrolled=past(),
        problems=tuple(chance.sample(KINDS, chance.choice((0, 0, 1, 2)))),
    )


async def add(owner: Any, partner: Partner, machine: Machine) -> str:
    """Plants a machine. Returns its id."""
    agent_id, place = new_id(), CLIENTS.index((machine.client, machine.site))
    await owner.execute(
        """insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,
          hostname, os_name, os_family, username, serial, model, processor, arch, agent_version, addresses, macs,
          ram, cores, enrolled_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)""",
        partner.tenant_id,
        agent_id,
        partner.clients[place],
        partner.sites[place],
        machine.client,
        machine.site,
        agent_id.bytes * 2,
        machine.hostname,
        machine.os_name,
        machine.os_family,
        machine.username,
        machine.serial,
        machine.model,
        machine.processor,
        machine.arch,
        machine.version,
        machine.addresses,
        machine.macs,
        machine.ram,
        machine.cores,
        machine.enrolled,
    )
    await owner.execute(
        """insert into core.agent_state (tenant_id, agent_id, client_id, online, last_seen, cpu, memory, disk, uptime_s,
          problems) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        partner.tenant_id,
        agent_id,
        partner.clients[place],
        machine.online,
        machine.seen,
        machine.cpu,
        machine.memory,
        machine.disk,
        machine.uptime,
        machine.problems,
    )
    return str(agent_id)


@dataclass
class Fleet:
    """Machines by chance in one Partner, and the service that lists them."""

    partner: Partner
    machines: dict[str, Machine]
    agents: AgentService
    now: datetime

    async def found(self, query: str, sort: str = "hostname") -> set[str]:
        """Returns the ids of all machines that the product finds."""
        page = parse_page(SORTS, sort=sort, limit=200)
        rows = await self.agents.page(system_scope(self.partner.tenant_id), FleetFilter(q=query), page)
        assert rows.total == len(rows.items)
        return {str(row.id) for row in rows.items}

    def meant(self, tree: Node | None) -> set[str]:
        return {agent_id for agent_id, machine in self.machines.items() if means(tree, machine, self.now)}


@pytest.fixture(params=[1, 2])
async def fleet(request: pytest.FixtureRequest, api_db: Database, bus: Bus, owner_url: str) -> Fleet:
    chance, now = random.Random(request.param), datetime.now(UTC)
    partner = await plant(owner_url, machines=0)
    other = await plant(owner_url, "Somebody else", machines=0)
    owner = await asyncpg.connect(owner_url)
    machines = {}
    for _ in range(MACHINES):
        machine = some_machine(chance, now)
        machines[await add(owner, partner, machine)] = machine
        await add(owner, other, machine)
    await owner.close()
    agents = AgentService(api_db, Post(bus.publish), fields=DECLARED.search_fields)
    return Fleet(partner, machines, agents, now)


def term(field: str, operator: str, value: str, upto: str | None = None) -> Term:
    return Term(field, operator, Operand(value), Operand(upto) if upto else None)  # type: ignore[arg-type]


def part_of(texts: tuple[str, ...]) -> st.SearchStrategy[str]:
    """A piece of one of the texts, in any case."""

    def cut(text: str, start: int, length: int, upper: bool) -> str:
        piece = text[start % (len(text) or 1) :][: length + 1]
        return piece.upper() if upper else piece

    whole = st.sampled_from([text for text in texts if text])
    return st.builds(cut, whole, st.integers(0, 20), st.integers(0, 12), st.booleans()).filter(str.strip)


ORDERED = st.sampled_from(["<", "<=", ">", ">="])
ANY_OPERATOR = st.sampled_from(["", "=", "<", "<=", ">", ">="])
NAMES, SYSTEM_NAMES = HOSTNAMES, tuple(name for name, _ in SYSTEMS)
TEXTS = {
    "name": HOSTNAMES,
    "host": HOSTNAMES,
    "os": (*SYSTEM_NAMES, "linux", "windows", "other"),
    "user": ("anna", "Bert O'Hara"),
    "serial": ("5CG1234XYZ", "a4bb6d0fd5c5"),
    "client": ("Client 0", "Client 1"),
    "site": ("Site 0", "Site 1"),
    "model": MODELS,
    "processor": PROCESSORS,
    "arch": ("x86_64", "aarch64"),
}
NUMBERS = {
    "ram": st.sampled_from(["4gb", "8gb", "7.8gb", "7.77gb", "8192mb", "1tb", "2.5gb", "999999999999tb"]),
    "cores": st.sampled_from(["1", "4", "4.0", "5"]),
    "cpu": st.sampled_from(["0", "50", "50%", "50.5%", "90%", "100"]),
    "memory": st.sampled_from(["1%", "95", "94.9%", "95.0%"]),
    "disk": st.sampled_from(["90%", "90", "90.1%", "100%"]),
    "uptime": st.sampled_from(["0s", "59s", "1m", "1h", "1d", "2w"]),
}
AGES = ("1h", "6h", "2d", "1w", "5w")
NETWORKS = ("10.0.0.0/8", "10.0.0.1", "10.1", "10.", "10.0.0.0/15", "10.8.0.0/13", "0.0.0.0/0", "fd00::/8", "fd00::/31")
NETWORKS += ("fd00::1", "::/0", "192.168.1.0/27", "2001:db8::/33")
PIECES_OF_MAC = ("00:1a", "001a", "00-1A", "a4bb.6d0f", "A4:BB:6D:0F:D5:C5", "a4bb6d0fd5c5", "1a", "d5:c")


def of_text(field: str) -> st.SearchStrategy[Term]:
    parts = st.builds(term, st.just(field), st.just(""), part_of(TEXTS[field]))
    return parts | st.builds(term, st.just(field), st.just("="), st.sampled_from([*TEXTS[field], ""]))


def of_number(field: str) -> st.SearchStrategy[Term]:
    ranges = st.tuples(NUMBERS[field], NUMBERS[field]).filter(lambda pair: pair[0] == pair[1])
    alone = st.builds(term, st.just(field), ANY_OPERATOR, NUMBERS[field])
    return alone | ranges.map(lambda pair: term(field, "", *pair))


TERMS = st.one_of(
    *map(of_text, TEXTS),
    *map(of_number, NUMBERS),
    st.builds(term, st.sampled_from(["seen", "enrolled"]), ORDERED, st.sampled_from(AGES)),
    st.sampled_from([term("seen", "", "1h", "2d"), term("seen", "", "6h", "5w"), term("ram", "", "4gb", "8gb")]),
    st.builds(term, st.just("online"), st.sampled_from(["", "="]), st.sampled_from(["true", "false", "yes", "0"])),
    st.builds(term, st.just("problem"), st.just(""), st.sampled_from(["any", "none", *KINDS])),
    st.builds(term, st.sampled_from(["ip", "address"]), st.just(""), st.sampled_from(NETWORKS)),
    st.builds(term, st.just("mac"), st.just(""), st.sampled_from(PIECES_OF_MAC)),
    st.builds(term, st.just("version"), ANY_OPERATOR, st.sampled_from([text for text in VERSIONS if text])),
    st.just(term("version", "", "0.2", "1.0")),
)
KNOWN_BY = (*HOSTNAMES, *SYSTEM_NAMES, "anna", "Client 1", "Site 0", "10.1.2.3", "a4:bb:6d", "x86_64", "nowhere")
TREES = st.recursive(
    TERMS | part_of(KNOWN_BY).map(lambda text: Free(text.strip())),
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=2, max_size=4).map(all_of)
        | st.lists(inner, min_size=2, max_size=4).map(any_of)
    ),
    max_leaves=6,
)


@pytest.mark.takes(20)
@given(tree=TREES, sort=st.sampled_from(["hostname", "-cpu", "last_seen"]))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_query_means_what_it_says_of_each_machine(fleet: Fleet, tree: Node, sort: str) -> None:
    query = printed(tree)
    assert parse(query) == tree
    assert await fleet.found(query, sort) == fleet.meant(tree), query


@pytest.mark.parametrize(
    "field", [field.name for field in DECLARED.search_fields.all() if field.name not in ("software", "tag")]
)
async def test_each_field_tells_machines_apart(fleet: Fleet, field: str) -> None:
    """No field means everything or nothing, or the property above would hold for one that asks nothing."""
    by_hand = {"online": "online:true", "seen": "seen:<6h", "enrolled": "enrolled:<6h", "problem": "problem:any"}
    by_hand |= {
        "ip": "ip:10.0.0.0/8",
        "mac": "mac:a4:bb",
        "version": "version:<0.2",
        "ram": "ram:>8gb",
        "cores": "cores:4",
    }
    by_hand |= {"cpu": "cpu:>10", "memory": "memory:95", "disk": "disk:>90%", "uptime": "uptime:<1m"}
    query = by_hand.get(field) or f"{field}:{ {'os': 'linux'}.get(field) or _piece(field) }"
    found = await fleet.found(query)
    assert found == fleet.meant(parse(query))
    assert set() < found < set(fleet.machines)


def _piece(field: str) -> str:
    return {
        "name": "web",
        "user": "anna",
        "serial": "5cg",
        "client": '"client 1"',
        "site": '"site 1"',
        "arch": "x86",
        "model": "dell",
        "processor": "ryzen",
    }[field]


VERSION_TEXT = st.text("0123456789.-+~: abZé", max_size=30)


@given(texts=st.lists(VERSION_TEXT, min_size=1, max_size=20))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_versions_have_the_same_key_here_and_there(db: Database, texts: list[str]) -> None:
    async with db.scope(system_scope(new_id())) as tx:
        keys = await tx.fetch("select core.version_key(given) as key from unnest($1::text[]) given", texts)
    assert [row["key"] for row in keys] == [version_key(text) for text in texts]


def test_a_machines_hardware_is_what_it_can_be_searched_by() -> None:
    told = {
        "serial": "X1",
        "manufacturer": "Dell Inc.",
        "model": "OptiPlex 7090",
        "memory": {"total": 8_343_891_968},
        "cpu": {"model": "Intel i5", "cores": 6},
    }
    assert facts("hardware", json.loads(json.dumps(told))) == Facts(
        serial="X1", ram=8_343_891_968, cores=6, model="Dell Inc. OptiPlex 7090", processor="Intel i5"
    )


@pytest.mark.parametrize("hostile", [None, "8gb", -1, 0, True, 1.5, 1 << 70, [8], {"most": 8}])
def test_hardware_of_another_shape_says_nothing(hostile: object) -> None:
    told = {"memory": {"total": hostile}, "cpu": {"cores": hostile, "model": 7}, "manufacturer": 7, "model": None}
    assert facts("hardware", told) == Facts()
    assert facts("hardware", {"memory": hostile, "cpu": hostile}) == Facts()
