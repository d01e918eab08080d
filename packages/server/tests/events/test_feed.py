"""The activity feed: a sentence for every event of the catalogue, pages, and what a Client contact may know."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.commands.events import CommandCompleted
from gururmm_server.core.events import schemas
from gururmm_server.core.events.event import Event
from gururmm_server.core.events.feed import FeedReader, FeedRow
from gururmm_server.core.events.live import FeedItem
from gururmm_server.core.events.routes import build_router
from gururmm_server.core.events.service import ActivityFeed
from gururmm_server.core.inventory.events import AgentInventoryChanged
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.service import Post
from gururmm_server.core.presence.events import AgentOffline
from gururmm_server.core.tunnel.events import TunnelClosed
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.outbox import Envelope
from gururmm_server.infra.paging import Page

from packages.server.tests.hearing import hearing
from packages.server.tests.world import DECLARED, Api, Partner, plant

EVENTS = DECLARED.events
read = FeedReader(EVENTS).read


def sample(event: type[Event], **values: Any) -> Event:
    """An event with something in every field."""
    fields: dict[str, Any] = {}
    for name, kind in get_type_hints(event).items():
        if name in {"name", "version", "audience"}:
            continue
        plain = next(part for part in get_args(kind)) if get_origin(kind) in {Union, type(int | None)} else kind
        samples: dict[Any, Any] = {UUID: new_id(), str: f"<{name}>", int: 3}
        fields[name] = values.get(name, samples.get(plain, ["a", "b", "c", "d"]))
    return event(**fields)


def on_the_bus(event: Event, tenant_id: UUID) -> bytes:
    moment = "2026-11-23T01:02:03.5Z"
    payload = msgspec.Raw(msgspec.json.encode(event))
    return msgspec.json.encode(Envelope(new_id(), tenant_id, event.name, event.version, moment, payload))


def test_no_event_says_what_is_not_seen() -> None:
    """A machine chooses the keys of its inventory, and they stand in sentences that people read."""
    keys = ["a\u202eb", "\x1b[2J", "c\u2066\nd", "never shown"]
    row = read(
        on_the_bus(sample(AgentInventoryChanged, hostname="pc\u200f-1", section="software", keys=keys), new_id())
    )
    assert row.text == r"Software of pc\u200f-1 changed: a\u202eb, \u001b[2J, c\u2066\u000ad …."
    assert row.hostname == r"pc\u200f-1"
    long = sample(AgentInventoryChanged, hostname="pc", section="software", keys=["k" * 5000])
    assert len(read(on_the_bus(long, new_id())).text) < 150
    # What is seen stays as it is, whatever the script, with spaces that do not break.
    plain = sample(AgentInventoryChanged, hostname="Büro\u00a01", section="users", keys=["李", "עברית"])
    assert read(on_the_bus(plain, new_id())).text == "Users of Büro\u00a01 changed: 李, עברית."


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_event_has_a_sentence(event: type[Event]) -> None:
    row = read(on_the_bus(sample(event), new_id()))
    assert row.name == event.name
    assert row.text != event.name, "not known to the feed"
    assert row.text.endswith(".")
    assert row.at == datetime(2026, 11, 23, 1, 2, 3, 500000, UTC)


def test_sentences() -> None:
    def text(event: type[Event], **values: Any) -> str:
        return read(on_the_bus(sample(event, **values), new_id())).text

    assert text(CommandCompleted, hostname="pc", status="failed", exit_code=2) == (
        "A command on pc failed with exit code 2."
    )
    assert text(CommandCompleted, hostname="pc", status="timed_out", exit_code=None) == (
        "A command on pc ran out of time."
    )
    assert text(AgentOffline, hostname="pc", reason="") == "pc went offline."
    assert text(AgentInventoryChanged, hostname="pc", section="software") == ("Software of pc changed: a, b, c ….")


def test_only_what_people_cause_names_one() -> None:
    tenant_id = new_id()
    assert read(on_the_bus(sample(TunnelClosed), tenant_id)).actor == "<actor>"
    forged = msgspec.to_builtins(sample(AgentOffline)) | {"actor": "anna@example.org"}
    payload = msgspec.Raw(msgspec.json.encode(forged))
    envelope = Envelope(new_id(), tenant_id, AgentOffline.name, 1, "2026-11-23T01:02:03.5Z", payload)
    assert read(msgspec.json.encode(envelope)).actor is None


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"event_id": 1}'])
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read(data)


def feed_row(partner: Partner, number: int, name: str = "agent.online", client: int | None = 0) -> FeedRow:
    return FeedRow(
        event_id=new_id(),
        tenant_id=partner.tenant_id,
        at=datetime(2026, 11, 23, 1, number, tzinfo=UTC),
        name=name,
        agent_id=partner.agents[client] if client is not None else None,
        client_id=None,
        site_id=None,
        actor="anna@example.org",
        hostname=f"host-{number}",
        subject_id=None,
        text=f"host-{number} 100% happened.",
        permission={event.name: event.audience.permission for event in EVENTS if event.audience}[name],
    )


async def test_the_feed(db: Database, bus: Bus, owner_url: str) -> None:
    partner, other = await plant(owner_url), await plant(owner_url, "Somebody else")
    feed = ActivityFeed(db, Post(bus.publish), EVENTS)
    rows = [feed_row(partner, number, client=number % 2) for number in range(6)]
    rows += [feed_row(partner, 6, "command.queued"), feed_row(partner, 7, "site.created", None), feed_row(other, 8)]
    assert await feed.add(rows) == 9
    assert await feed.add(rows) == 0, "an event comes again after a crash, and is there once"
    api = Api(build_router(feed))
    async with api.as_(partner.person()) as admin:
        answer = await admin.get("/events", params={"limit": 5})
        page = Page[schemas.Event].model_validate_json(answer.content)
        assert [event.hostname for event in page.items] == [f"host-{number}" for number in (7, 6, 5, 4, 3)]
        assert page.total == 8
        rest = (await admin.get("/events", params={"cursor": page.next_cursor})).json()
        assert [event["hostname"] for event in rest["items"]] == ["host-2", "host-1", "host-0"]
        assert (await admin.get("/events", params={"name": "site.created"})).json()["total"] == 1
        assert (await admin.get("/events", params={"agent_id": str(partner.agents[0])})).json()["total"] == 4
        assert (await admin.get("/events", params={"search": "HOST-3 100%"})).json()["total"] == 1
        assert (await admin.get("/events?name=%00")).status_code == 422
    async with api.as_(partner.person(Role.CLIENT_CONTACT, partner.clients[0])) as contact:
        seen = (await contact.get("/events")).json()
        assert [event["hostname"] for event in seen["items"]] == ["host-4", "host-2", "host-0"]
    async with api.as_(other.person()) as stranger:
        assert (await stranger.get("/events")).json()["total"] == 1


async def test_the_feed_names_what_an_event_tells_of(db: Database, bus: Bus, owner_url: str) -> None:
    """A command, a tech session: each by its id, on the page and live; a machine's coming names the machine alone."""
    partner = await plant(owner_url)
    feed = ActivityFeed(db, Post(bus.publish), EVENTS)
    kinds = {CommandCompleted: "command_id", TunnelClosed: "session_id", AgentOffline: None}
    told = [sample(kind, agent_id=partner.agents[0]) for kind in kinds]
    named = [str(getattr(event, field)) if field else None for event, field in zip(told, kinds.values(), strict=True)]
    async with hearing(bus, traffic.live(partner.tenant_id), LiveBatch) as live:
        await feed.take([on_the_bus(event, partner.tenant_id) for event in told])
        heard = [item.item["subject_id"] for batch in await live.everything() for item in batch.of(FeedItem)]
    assert sorted(heard, key=str) == sorted(named, key=str)
    async with Api(build_router(feed)).as_(partner.person()) as admin:
        items = (await admin.get("/events")).json()["items"]
    assert {item["name"]: item["subject_id"] for item in items} == {
        event.name: subject for event, subject in zip(told, named, strict=True)
    }


async def test_a_hostile_event_is_passed_over_alone(worker_db: Database, worker_bus: Bus, owner_url: str) -> None:
    partner, other = await plant(owner_url), await plant(owner_url, "Somebody else")
    feed = ActivityFeed(worker_db, Post(worker_bus.publish), EVENTS)

    def hostile(payload: bytes) -> bytes:
        moment = "2026-11-23T01:02:03.5Z"
        return msgspec.json.encode(
            Envelope(new_id(), partner.tenant_id, "hostile.event", 1, moment, msgspec.Raw(payload))
        )

    good = [on_the_bus(sample(AgentOffline, agent_id=agent), partner.tenant_id) for agent in partner.agents[:2]]
    crossing = hostile(msgspec.json.encode({"agent_id": other.agents[0]}))
    deep = hostile(b'{"deep": ' + b"[" * 20_000 + b"]" * 20_000 + b"}")
    nul = hostile(rb'{"hostname": "a\u0000b"}')
    await feed.take([good[0], crossing, deep, nul, good[1]])
    async with worker_db.worker() as tx:
        rows = await tx.fetch("select name, hostname from core.activity where tenant_id = $1", partner.tenant_id)
    assert sorted(tuple(row) for row in rows) == [
        ("agent.offline", "<hostname>"),
        ("agent.offline", "<hostname>"),
        ("hostile.event", "ab"),
    ]


async def test_an_event_that_declares_no_audience_reaches_nobody(db: Database, bus: Bus, owner_url: str) -> None:
    partner = await plant(owner_url)
    unknown = Envelope(new_id(), partner.tenant_id, "backup.failed", 1, "2026-11-23T01:02:03.5Z", msgspec.Raw(b"{}"))
    feed = ActivityFeed(db, Post(bus.publish), EVENTS)
    heard: asyncio.Queue[LiveBatch] = asyncio.Queue()
    live = await bus.subscribe(
        traffic.live(partner.tenant_id),
        lambda _s, data: heard.put_nowait(msgspec.msgpack.decode(data, type=LiveBatch)),
    )
    await bus.settled()
    assert await feed.add([read(msgspec.json.encode(unknown))]) == 1
    assert await feed.add([feed_row(partner, 1)]) == 1
    async with Api(build_router(feed)).as_(partner.person()) as admin:
        assert (await admin.get("/events")).json()["total"] == 1
    shown = await asyncio.wait_for(heard.get(), 10)
    assert [item.item["name"] for item in shown.of(FeedItem)] == ["agent.online"]
    await live.stop()


async def test_an_event_from_before_a_move_is_the_new_clients(db: Database, bus: Bus, owner_url: str) -> None:
    partner = await plant(owner_url)
    old, new = partner.clients[1], partner.clients[0]  # the machine is under Client 0 by now
    stale = msgspec.structs.replace(feed_row(partner, 1), client_id=old, site_id=partner.sites[1])
    feed = ActivityFeed(db, Post(bus.publish), EVENTS)
    async with hearing(bus, traffic.live(partner.tenant_id), LiveBatch) as live:
        assert await feed.add([stale]) == 1
        heard = await live.everything()
    api = Api(build_router(feed))
    for client_id, count in ((old, 0), (new, 1)):
        async with api.as_(partner.person(Role.CLIENT_CONTACT, client_id)) as contact:
            assert (await contact.get("/events")).json()["total"] == count
    assert [item.client_id for batch in heard for item in batch.of(FeedItem)] == [new.bytes]
