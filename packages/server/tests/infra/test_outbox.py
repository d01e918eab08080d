"""What a gateway's login may put into the outbox, and that nothing in it holds up the others' events."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest
from gururmm_server import core
from gururmm_server.core.events.event import Event
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus, Unpublishable
from gururmm_server.infra.outbox import PAYLOAD_BYTES, Envelope, OutboxRelay

from packages.server.tests.world import DECLARED, Partner, plant

_INSERT = "insert into core.outbox (event_id, tenant_id, name, version, payload) values ($1, $2, $3, 1, $4)"
_FIRST = UUID(int=0)


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url)


async def say(db: Database, partner: Partner, name: str, payload: bytes, event_id: UUID = _FIRST) -> None:
    async with db.ingest() as tx:
        await tx.execute(_INSERT, event_id, partner.tenant_id, name, payload)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("", b"{}"),
        ("a b", b"{}"),
        ("agent", b"{}"),
        ("agent.*", b"{}"),
        ("agent.online\n", b"{}"),
        ("a." + "b" * 99, b"{}"),
        ("agent.online", b" " * (PAYLOAD_BYTES + 1)),
    ],
    ids=["empty", "two words", "one noun", "a pattern", "two lines", "too long", "too much"],
)
async def test_what_no_broker_takes_is_refused(
    worker_db: Database, partner: Partner, name: str, payload: bytes
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with worker_db.worker() as tx:
            await tx.execute(_INSERT, _FIRST, partner.tenant_id, name, payload)


async def test_nobody_says_when_an_event_was_written(gateway_db: Database, partner: Partner) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with gateway_db.ingest() as tx:
            await tx.execute(
                "insert into core.outbox (event_id, tenant_id, name, version, payload, created_at)"
                " values ($1, $2, 'agent.online', 1, '{}', '4000-01-01 BC')",
                _FIRST,
                partner.tenant_id,
            )


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not JSON",
        b"[]",
        b'{}, "tenant_id": "00000000-0000-0000-0000-000000000001", "x": {}',
        b'{"deep": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
    ids=["empty", "text", "list", "another tenant", "deep"],
)
async def test_a_row_that_is_no_event_goes_alone(
    *, gateway_db: Database, worker_db: Database, worker_bus: Bus, bus: Bus, partner: Partner, payload: bytes
) -> None:
    await say(gateway_db, partner, "agent.online", payload)
    good = new_id()
    await say(gateway_db, partner, "agent.online", b"{}", good)
    reader = await bus.pull(f"test-{new_id().hex}", f"events.{partner.tenant_id.hex}.>")
    assert await OutboxRelay(worker_db, worker_bus).relay_once() == 2
    messages = await reader.fetch(10, 0.5)
    assert [msgspec.json.decode(message.data, type=Envelope).event_id for message in messages] == [good]
    async with worker_db.worker() as tx:
        assert await tx.fetchval("select count(*) from core.outbox") == 0


@pytest.mark.parametrize(
    ("subject", "payload"), [("events.a b", b""), ("events.a.b", b" " * (2 << 20))], ids=["no subject", "too long"]
)
async def test_what_the_broker_never_takes_is_told_from_its_absence(bus: Bus, subject: str, payload: bytes) -> None:
    with pytest.raises(Unpublishable):
        await bus.publish_event(subject, payload, str(new_id()))


def _said_by_gateways() -> Iterator[type[Event]]:
    """The kinds of event that the modules import which write in the gateway's scope."""
    folder = Path(core.__path__[0])
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text())
        if not any(isinstance(node, ast.Attribute) and node.attr == "ingest" for node in ast.walk(tree)):
            continue
        name = ".".join(("gururmm_server", "core", *path.relative_to(folder).with_suffix("").parts))
        for value in vars(import_module(name)).values():
            if inspect.isclass(value) and issubclass(value, Event) and value is not Event:
                yield value


async def test_a_gateway_may_say_what_it_says_and_nothing_that_people_did(owner_url: str) -> None:
    said = set(_said_by_gateways())
    assert not [kind.name for kind in said if "actor" in kind.__struct_fields__]
    owner = await asyncpg.connect(owner_url)
    policy = await owner.fetchval(
        "select with_check from pg_policies where tablename = 'outbox' and policyname = 'gururmm_ingest'"
    )
    await owner.close()
    assert set(re.findall(r"'([^']+)'", policy)) == {kind.name for kind in said}


@pytest.mark.parametrize("kind", DECLARED.events, ids=lambda kind: kind.name)
async def test_a_gateway_is_refused_the_events_of_others(
    gateway_db: Database, partner: Partner, kind: type[Event]
) -> None:
    if kind in set(_said_by_gateways()):
        await say(gateway_db, partner, kind.name, b"{}")
    else:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await say(gateway_db, partner, kind.name, b"{}")
