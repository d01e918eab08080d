"""What each kind of process may say and hear on the bus, tried on a real nats-server with each kind's own user.

Once on the embedded broker, once on one that is configured as `deploy/nats` and `gururmm nats-users` say.
"""

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import nats
import pytest
from gururmm_server.core.post import traffic
from gururmm_server.infra import subjects
from gururmm_server.infra.embedded.data_dir import DataDir, free_port
from gururmm_server.infra.embedded.nats import EmbeddedNats
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.nats import Bus

from packages.server.tests.conftest import Engines
from packages.server.tests.waiting import wait_until

_ROOT = Path(__file__).parents[4]
_ID = "0189" + "0" * 28
A, G, W = Kind.API, Kind.GATEWAY, Kind.WORKER

# Every subject, who may publish on it, and who may hear it. Whoever is not named is refused.
_MAY: dict[str, tuple[set[Kind], set[Kind]]] = {
    "gateway.g1.deliver": ({A, W}, {G}),
    "gateway.g1.tunnel": ({A}, {G}),
    "gateway.g1.kick": ({A}, {G}),
    "gateway.g1.moved": ({A}, {G}),
    "gateway.g1.*": (set(), {G}),
    f"settings.{_ID}.changed": ({A, W}, {G}),
    f"agent.{_ID}.connected": ({G}, {A}),
    f"agent.{_ID}.replaced": ({G}, {G}),
    f"agent.{_ID}.removed": ({A}, {G}),
    f"tunnel.{_ID}.up": ({G}, {A}),
    f"tunnel.{_ID}.notice": ({A, W}, {A}),
    f"tunnel.{_ID}.*": (set(), {A}),
    f"answer.{_ID}": ({G}, {A}),
    f"live.{_ID}.said": ({A, W}, {A}),
    f"live.{_ID}.machines": ({G}, {A}),
    f"live.{_ID}.*": (set(), {A}),
    "identity.revoked": ({A}, {A}),
    "outbox.wake": ({A, G, W}, {W}),
    f"events.{_ID}.agent.online": ({W}, set()),
    "$JS.API.STREAM.CREATE.EVENTS": ({W}, set()),
    "$JS.API.STREAM.INFO.EVENTS": ({W}, set()),
    "$JS.API.CONSUMER.INFO.EVENTS.activity": ({W}, set()),
    "$JS.API.CONSUMER.CREATE.EVENTS.activity.events.>": ({W}, set()),
    "$JS.API.CONSUMER.MSG.NEXT.EVENTS.activity": ({W}, set()),
    "$JS.ACK.EVENTS.activity.1.1.1.1.1": ({W}, set()),
    "_INBOX_worker.x.y": (set(), {W}),
    # What no process needs.
    "gateway.g1.planted": (set(), {G}),
    "gateway.g1.deliver.more": (set(), set()),
    "agent.planted": (set(), set()),
    "identity.planted": (set(), set()),
    "live": (set(), set()),
    f"live.{_ID}": (set(), set()),
    f"live.{_ID}.planted": (set(), {A}),
    ">": (set(), set()),
    "*.>": (set(), set()),
    "gateway.>": (set(), set()),
    "events.>": (set(), set()),
    "_INBOX.x.y": (set(), set()),
    "_INBOX_api.x.y": (set(), set()),
    "_INBOX_gateway.x.y": (set(), set()),
    "$SYS.REQ.SERVER.PING": (set(), set()),
    "$SYS.>": (set(), set()),
    "$JS.API.INFO": (set(), set()),
    "$JS.API.STREAM.NAMES": (set(), set()),
    "$JS.API.STREAM.CREATE.PLANTED": (set(), set()),
    "$JS.API.STREAM.UPDATE.EVENTS": (set(), set()),
    "$JS.API.STREAM.DELETE.EVENTS": (set(), set()),
    "$JS.API.STREAM.PURGE.EVENTS": (set(), set()),
    "$JS.API.STREAM.MSG.DELETE.EVENTS": (set(), set()),
    "$JS.API.STREAM.MSG.GET.EVENTS": (set(), set()),
    "$JS.API.DIRECT.GET.EVENTS": (set(), set()),
    "$JS.API.CONSUMER.DELETE.EVENTS.activity": (set(), set()),
    "$JS.API.CONSUMER.CREATE.PLANTED.activity.>": (set(), set()),
}


def _deployed(home: Path) -> Iterator[Mapping[Kind, str]]:
    """A broker as an operator sets one up: the example's configuration, and what the command prints beside it."""
    example = (_ROOT / "deploy" / "nats" / "nats-server.conf").read_text()
    (home / "nats-server.conf").write_text(example.replace("/var/lib/nats", str(home / "store")))
    port = free_port(set())
    for kind in Kind:
        (home / f"{kind}-url").write_text(f"nats://{kind}:secret-of-{kind}@127.0.0.1:{port}\n")
    command = [Path(sys.executable).parent / "gururmm", "nats-users", "--nats-url", f"file:{home}/{{kind}}-url"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    (home / "gururmm-users.conf").write_text(printed)
    binary = EmbeddedNats(DataDir(home)).argv()[0]
    with (home / "log").open("wb") as log:
        running = subprocess.Popen(
            [binary, "-c", home / "nats-server.conf", "-a", "127.0.0.1", "-p", str(port)], stderr=log
        )
    try:
        wait_until(lambda: "Server is ready" in (home / "log").read_text() or running.poll() is not None, 20)
        assert running.poll() is None, (home / "log").read_text()
        yield {kind: (home / f"{kind}-url").read_text().strip() for kind in Kind}
    finally:
        running.terminate()
        running.wait(20)


@pytest.fixture(params=["embedded", "deployed"])
def broker(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> Iterator[Mapping[Kind, str]]:
    """What each kind signs in with."""
    if request.param == "embedded":
        yield engines.bus_urls
    else:
        yield from _deployed(tmp_path)


class Client:
    """A connection whose refusals are noted."""

    def __init__(self, inner: Any, refused: list[str]) -> None:
        self.inner = inner
        self._refused = refused

    async def publish(self, subject: str, payload: bytes) -> bool:
        """Whether the broker took it."""
        await self.inner.publish(subject, payload)
        return await self._taken()

    async def hears(self, subject: str, take: Any = None) -> bool:
        """Whether the broker let it subscribe."""
        await self.inner.subscribe(subject, cb=take or _ignore)
        return await self._taken()

    async def _taken(self) -> bool:
        # The broker answers in order. The client's first question may overtake what it has not sent yet.
        await self.inner.flush()
        await self.inner.flush()
        refused = bool(self._refused)
        assert all("permissions violation" in each for each in self._refused), self._refused
        self._refused.clear()
        return not refused


async def _ignore(_message: Any) -> None:
    return


@pytest.fixture
async def clients(broker: Mapping[Kind, str]) -> AsyncIterator[dict[Kind, Client]]:
    opened = {}
    for kind in Kind:
        refused: list[str] = []

        async def note(error: Exception, refused: list[str] = refused) -> None:
            refused.append(str(error).lower())

        opened[kind] = Client(await nats.connect(broker[kind], error_cb=note, allow_reconnect=False), refused)
    yield opened
    for client in opened.values():
        await client.inner.close()


async def test_every_user_may_do_what_the_table_says_and_nothing_else(clients: dict[Kind, Client]) -> None:
    found: dict[str, tuple[set[Kind], set[Kind]]] = {subject: (set(), set()) for subject in _MAY}
    for subject, kind in itertools.product(_MAY, Kind):
        if await clients[kind].publish(subject, b""):
            found[subject][0].add(kind)
        if await clients[kind].hears(subject):
            found[subject][1].add(kind)
    assert found == _MAY


async def test_what_is_said_reaches_those_who_may_hear_it(clients: dict[Kind, Client]) -> None:
    heard: set[tuple[str, str, Kind]] = set()
    for kind, client in clients.items():

        async def take(message: Any, kind: Kind = kind) -> None:
            heard.add((message.subject, message.data.decode(), kind))

        for pattern in subjects.permitted(kind).subscribe:
            assert await client.hears(pattern, take), pattern
    for subject in _MAY:
        if "*" not in subject and ">" not in subject and not subject.startswith("$"):
            for kind, client in clients.items():
                await client.publish(subject, kind.encode())
    for client in clients.values():
        await client.inner.drain()  # what came is taken before it ends
    assert heard == {
        (subject, str(publisher), hearer)
        for subject, (publishers, hearers) in _MAY.items()
        for publisher, hearer in itertools.product(publishers, hearers)
        if "*" not in subject and ">" not in subject
    }


async def test_a_gateway_gives_orders_to_no_gateway_and_does_not_speak_as_the_api(clients: dict[Kind, Client]) -> None:
    """With the subjects that the code itself makes."""
    session, agent, tenant = (UUID(int=number) for number in range(3))
    for subject in (
        traffic.gateway_deliver("g2"),
        traffic.gateway_tunnel("g2"),
        traffic.gateway_kick("g2"),
        traffic.gateway_moved("g2"),
        traffic.agent_removed(agent),
        traffic.tunnel_notice(session),
        traffic.settings_changed(tenant),
        traffic.live(tenant),
        subjects.IDENTITY_REVOKED.of(),
    ):
        assert not await clients[Kind.GATEWAY].publish(subject, b""), subject
        assert await clients[Kind.API].publish(subject, b""), subject
    assert not await clients[Kind.GATEWAY].hears(traffic.live_all(tenant))
    assert not await clients[Kind.GATEWAY].hears(traffic.tunnel_all(session))


async def test_events_are_stored_and_read_by_the_worker_alone(broker: Mapping[Kind, str]) -> None:
    worker, gateway = (Bus(broker[kind], name="test", kind=kind) for kind in (Kind.WORKER, Kind.GATEWAY))
    await worker.open()
    await gateway.open()
    await worker.ensure_events_stream()
    await worker.ensure_events_stream()
    await worker.publish_event(subjects.EVENT.of(_ID, "test.stored"), b"kept", "one")
    reader = await worker.pull("test-rights", "events.*.test.stored")
    messages = await reader.fetch(10, 5)
    assert b"kept" in [message.data for message in messages]
    for message in messages:
        await message.ack()
    with pytest.raises(StartError, match="no usable JetStream"):
        await gateway.ensure_events_stream()
    await worker.close()
    await gateway.close()


async def test_nobody_signs_in_without_a_user_or_with_anothers_password(broker: Mapping[Kind, str]) -> None:
    place = urlsplit(broker[Kind.GATEWAY])
    for given in (
        {},
        {"auth_token": place.password},
        {"user": "api", "pass": place.password},
        {"user": "gateway", "pass": ""},
        {"user": "nobody", "pass": place.password},
    ):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(f"CONNECT {json.dumps(given)}\r\nPING\r\n".encode())
        assert b"Authorization Violation" in await reader.read(), given
        writer.close()
        await writer.wait_closed()


def test_each_row_of_the_table_is_tried() -> None:
    patterns = {row.pattern for row in subjects.ALL}
    tried = {pattern for pattern in patterns for subject in _MAY if _matches(pattern, subject)}
    assert tried == patterns


def _matches(pattern: str, subject: str) -> bool:
    wanted, words = pattern.split("."), subject.split(".")
    rest = wanted[-1] == ">"
    if rest:
        wanted.pop()
    same = len(words) > len(wanted) if rest else len(words) == len(wanted)
    return same and all(want in {"*", word} for want, word in zip(wanted, words, strict=False))


@pytest.mark.parametrize("password", ["", 'a"b', "a\\b", "a\nb"])
def test_a_password_cannot_leave_its_quotes(password: str) -> None:
    with pytest.raises(ValueError, match="gateway's password"):
        subjects.users({Kind.API: "a", Kind.GATEWAY: password, Kind.WORKER: "c"})
