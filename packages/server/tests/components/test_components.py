"""One list of components: what it folds, and what a process loads of it."""

import json
import subprocess
import sys
from pkgutil import iter_modules
from typing import ClassVar

import asyncpg
import pytest
from gururmm_server import core
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.access.audience import Audience
from gururmm_server.core.access.permissions import TECHNICIANS, Permission
from gururmm_server.core.component import Component, Declared, House
from gururmm_server.core.events.event import Event
from gururmm_server.core.post.hub import LiveHub
from gururmm_server.core.presence.gateways import ThisGateway
from gururmm_server.core.search.fields import SearchField
from gururmm_server.core.search.kinds import Number
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.sql import raw
from gururmm_server.infra.tables import TABLES
from gururmm_server.settings import ProcessSettings

WORDS = {"access", "post", "search"}
"""Folders of core that are no component: words, an outlet and a language for all of them."""
READ = Permission("things.read", "see things", TECHNICIANS)


def field(name: str, *aliases: str) -> SearchField:
    return SearchField(name=name, aliases=aliases, sentence="", examples=(), kind=Number(raw("a.size")))


SIZE, WIDTH = field("size"), field("width", "size")
FACE = field("face")
"""All of its letters are those of a MAC address."""


class ThingSeen(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "thing.seen"
    audience: ClassVar[Audience | None] = Audience("things.read")


def test_every_folder_of_core_is_in_the_list() -> None:
    folders = {module.name for module in iter_modules(core.__path__) if module.ispkg}
    assert {component.name for component in COMPONENTS} == folders - WORDS


async def test_every_table_is_owned_by_one_component_or_by_infra(owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    rows = await owner.fetch(
        "select relname from pg_class where relnamespace = 'core'::regnamespace and relkind in ('r', 'p')"
        " and not relispartition"
    )
    await owner.close()
    owned = [*TABLES, *(table for component in COMPONENTS for table in component.tables)]
    assert sorted(owned) == sorted(row[0] for row in rows)


@pytest.mark.parametrize(
    ("components", "wrong"),
    [
        ([Component(name="a"), Component(name="a")], "the component a is declared twice"),
        ([Component(name="a", tables=("t",)), Component(name="b", tables=("t",))], "the table t is declared twice"),
        ([Component(name="a", permissions=(READ, READ))], "the permission things.read is declared twice"),
        (
            [Component(name="a", permissions=(READ,), events=(ThingSeen,)), Component(name="b", events=(ThingSeen,))],
            "the event thing.seen is declared twice",
        ),
        (
            [Component(name="a", search_fields=(SIZE,)), Component(name="b", search_fields=(WIDTH,))],
            "the search field size is declared twice",
        ),
        ([Component(name="a", search_fields=(FACE,))], "face is no name for a search field"),
        ([Component(name="a", events=(ThingSeen,))], "ThingSeen is for who has things.read, which nobody declares"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_together_is_refused(components: list[Component], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Declared(components)


async def test_a_house_builds_a_service_once_and_ends_it(bus: Bus) -> None:
    house = House(COMPONENTS, ProcessSettings("", ""), Database(""), bus)
    hub = house.get(LiveHub)
    assert house.get(LiveHub) is hub
    with pytest.raises(LookupError, match="this process was given no ThisGateway"):
        house.given(ThisGateway)
    house.give(ThisGateway("g1"))
    assert house.given(ThisGateway).gateway_id == "g1"
    order: list[str] = []

    async def note(word: str) -> None:
        order.append(word)

    for name in ("lower", "upper"):
        house.at_start(lambda name=name: note(f"{name} starts"))
        house.at_end(lambda name=name: note(f"{name} ends"))
    await house.open()
    await house.close()
    assert order == ["lower starts", "upper starts", "upper ends", "lower ends"]


GATEWAY = """
import json, sys
from gururmm_server.bootstrap import gateway
from gururmm_server.bootstrap.components import COMPONENTS
from gururmm_server.core.component import House
from gururmm_server.core.presence.gateways import new_gateway
from gururmm_server.core.search.fields import SearchField
from gururmm_server.core.search.kinds import Number
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.tables import TABLES
from gururmm_server.settings import ProcessSettings
house = House(COMPONENTS, ProcessSettings("", ""), Database(""), Bus("", name=""))
house.give(new_gateway())
gateway.process.Gateway(house)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_a_gateway_loads_no_rest_frame() -> None:
    loaded = subprocess.run([sys.executable, "-c", GATEWAY], check=True, capture_output=True, timeout=100).stdout
    assert {"fastapi", "starlette", "uvicorn", "argon2", "joserfc"} & set(json.loads(loaded)) == set()
    assert "gururmm_wire" in json.loads(loaded)
