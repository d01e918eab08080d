"""The live stream: real sockets, real broker, and exactly what each browser may see."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec
import pytest
import uvicorn
import websockets
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.commands.live import CommandUpdate, OutputPiece
from gururmm_server.core.events.live import FeedItem
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.identity import messages
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.revocation import Revocations
from gururmm_server.core.post import traffic
from gururmm_server.core.post.hub import LiveHub
from gururmm_server.core.post.live import LiveBatch, LiveItem
from gururmm_server.core.post.live import encode as encode_live
from gururmm_server.core.post.service import Post
from gururmm_server.core.telemetry.live import Sample
from gururmm_server.entrypoints.tech_stream.live import PING_AFTER_S, LiveStreams, build_router
from gururmm_server.entrypoints.tech_stream.live_session import QUEUE_ITEMS, LiveSession
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import decode_from_server, encode
from gururmm_wire.v2.agent import Metrics
from gururmm_wire.v2.server import Watch

from packages.server.tests.waiting import until
from packages.server.tests.world import DECLARED, Api, Partner, batch, plant

_deliver = msgspec.msgpack.Decoder(traffic.Deliver)


class Server:
    """The live routes on a port."""

    def __init__(self, api: Api, port: int, bus: Bus, frames: asyncio.Semaphore) -> None:
        self.api = api
        self.port = port
        self.bus = bus
        self.frames = frames
        """Released for each frame that a browser's session was told of."""

    async def ticket(self, person: Principal) -> str:
        async with self.api.as_(person) as client:
            answer = await client.post("/live/ticket")
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert body["stream_url"] == f"/api/v1/live/stream?ticket={body['ticket']}"
            ticket: str = body["ticket"]
            return ticket

    def connect(self, ticket: str, origin: str | None = None) -> Any:
        return websockets.connect(
            f"ws://127.0.0.1:{self.port}/api/v1/live/stream?ticket={ticket}",
            origin=websockets.Origin(origin or f"http://127.0.0.1:{self.port}"),
        )

    @asynccontextmanager
    async def looking(self, person: Principal, *frames: dict[str, Any]) -> AsyncIterator[Any]:
        """A browser that said hello and these frames."""
        async with self.connect(await self.ticket(person)) as socket:
            assert (await said(socket))["type"] == "hello"
            await self.say(socket, *(frames or [{"type": "visible", "agent_ids": []}]))
            yield socket

    async def say(self, socket: Any, *frames: dict[str, Any]) -> None:
        """Send frames and wait until the session has them, which it takes once it hears the Partner's traffic."""
        for frame in frames:
            await socket.send(json.dumps(frame))
            await asyncio.wait_for(self.frames.acquire(), 5)

    async def tell(self, partner: Partner, *items: LiveItem) -> None:
        await self.bus.publish(traffic.live(partner.tenant_id), encode_live(items))


async def said(socket: Any, seconds: float = 5) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), seconds))
    return message


async def nothing_but(socket: Any, server: Server, partner: Partner, agent: int = 0) -> None:
    """Tell an event and a machine's change: the browser hears of them next, and of nothing that was told before."""
    mark = {"name": "agent.online", "id": str(new_id())}
    client = partner.clients[agent % 2].bytes
    await server.tell(partner, row(partner, agent, changed=True), FeedItem(client, "agents.read", mark))
    heard = {message["type"]: message for message in [await said(socket), await said(socket)]}
    assert heard["event"]["item"] == mark, heard
    assert [item["id"] for item in heard["agents"]["items"]] == [str(partner.agents[agent])], heard


@pytest.fixture
async def partner(owner_url: str) -> Partner:
    return await plant(owner_url)


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> asyncio.Semaphore:
    """Counts the frames that sessions were told of."""
    told = asyncio.Semaphore(0)

    def counted(act: Callable[[LiveSession, Any], None]) -> Callable[[LiveSession, Any], None]:
        def acting(session: LiveSession, what: Any) -> None:
            act(session, what)
            told.release()

        return acting

    for name in ("show", "watch", "follow"):
        monkeypatch.setattr(LiveSession, name, counted(getattr(LiveSession, name)))
    return told


@pytest.fixture
def ping_after_s() -> float:
    return PING_AFTER_S


@pytest.fixture
async def server(db: Database, bus: Bus, frames: asyncio.Semaphore, ping_after_s: float) -> AsyncIterator[Server]:
    hub = LiveHub(bus, linger_seconds=0.1)
    revocations = Revocations(db, bus, reload_s=0.2)
    await revocations.open()
    streams = LiveStreams(
        db,
        Post(bus.publish),
        hub,
        AgentService(db, Post(bus.publish)),
        revocations.revoked,
        kinds=DECLARED.live,
        ping_after_s=ping_after_s,
    )
    await streams.open()
    api = Api(build_router(streams))
    web = uvicorn.Server(uvicorn.Config(api.app, port=0, log_level="warning", ws="websockets-sansio"))
    serving = asyncio.create_task(web.serve())
    await until(lambda: web.started)
    yield Server(api, web.servers[0].sockets[0].getsockname()[1], bus, frames)
    await streams.close()
    web.should_exit = True
    await serving
    await hub.close()
    await revocations.close()


def row(partner: Partner, agent: int, *, online: bool = True, changed: bool = False, cpu: int = 5) -> AgentRow:
    client = partner.clients[agent % 2].bytes
    return AgentRow(partner.agents[agent].bytes, client, online, changed, 1000.0, 2000.0, cpu, None, 905)


async def test_status_for_all_readings_for_visible_rows(server: Server, partner: Partner) -> None:
    visible = {"type": "visible", "agent_ids": [str(partner.agents[0])]}
    async with server.looking(partner.person(), visible) as socket:
        await server.tell(partner, row(partner, 1, online=False, changed=True), row(partner, 2))
        message = await said(socket)
        assert message == {
            "type": "agents",
            "items": [
                {
                    "id": str(partner.agents[1]),
                    "status": "offline",
                    "last_seen": "1970-01-01T00:33:20Z",
                    "cpu_percent": 0.5,
                    "memory_percent": None,
                    "disk_percent": 90.5,
                    "online_since": None,
                }
            ],
        }
        for cpu in range(100):
            await server.tell(partner, row(partner, 0, cpu=cpu), row(partner, 2, cpu=cpu))
        readings = [await said(socket)]
        while readings[-1]["items"][0]["cpu_percent"] != 9.9:
            readings.append(await said(socket))
        assert {item["id"] for message in readings for item in message["items"]} == {str(partner.agents[0])}
        assert len(readings) <= 10, "a hundred readings are merged, a second's into one"


@pytest.mark.parametrize("ping_after_s", [0.05])
async def test_an_idle_browser_is_told_that_the_server_lives(server: Server, partner: Partner) -> None:
    async with server.looking(partner.person()) as socket:
        for _ in range(3):
            assert await said(socket) == {"type": "ping"}


async def test_commands_output_and_events(server: Server, partner: Partner) -> None:
    followed, ignored = new_id(), new_id()
    async with server.looking(partner.person(), {"type": "commands", "ids": [str(followed)]}) as socket:
        update = CommandUpdate(
            ignored.bytes, partner.agents[0].bytes, partner.clients[0].bytes, "failed", 2, "oh", 1.0, 2.5, 1500
        )
        await server.tell(partner, update)
        assert await said(socket) == {
            "type": "command",
            "item": {
                "id": str(ignored),
                "agent_id": str(partner.agents[0]),
                "status": "failed",
                "exit_code": 2,
                "message": "oh",
                "started_at": "1970-01-01T00:00:01Z",
                "finished_at": "1970-01-01T00:00:02.5Z".replace("2.5Z", "2.500000Z"),
                "duration_ms": 1500,
            },
        }
        pieces = [
            OutputPiece(ignored.bytes, partner.clients[0].bytes, 0, 1, b"not wanted"),
            OutputPiece(followed.bytes, partner.clients[0].bytes, 0, 1, b"caf\xc3"),
            OutputPiece(followed.bytes, partner.clients[0].bytes, 1, 2, b"oops"),
            OutputPiece(followed.bytes, partner.clients[0].bytes, 2, 1, b"\xa9!"),
        ]
        await server.tell(partner, *pieces)
        got = [await said(socket) for _ in range(3)]
        assert [(piece["seq"], piece["stream"], piece["text"]) for piece in got] == [
            (0, "stdout", "caf"),
            (1, "stderr", "oops"),
            (2, "stdout", "é!"),
        ]
        item = {"id": "x", "name": "agent.online", "text": "host came online."}
        await server.tell(partner, FeedItem(None, "agents.read", item))
        assert await said(socket) == {"type": "event", "item": item}


async def test_watching_a_machine_asks_it_for_fast_readings(server: Server, partner: Partner, bus: Bus) -> None:
    asked: asyncio.Queue[traffic.Deliver] = asyncio.Queue()
    gateway = await bus.subscribe(
        "gateway.gw-1.deliver", lambda _s, payload: asked.put_nowait(_deliver.decode(payload))
    )
    watch = {"type": "watch", "agent_id": str(partner.agents[0])}
    metrics = Metrics(100, 125, 4, 8, 1, 250, 10, 20, 30, 40, [("/", 5, 10)], [("cpu", 455)], 3600)
    async with server.looking(partner.person(), watch) as socket:
        told = await asyncio.wait_for(asked.get(), 5)
        assert told.agent_id == partner.agents[0].bytes
        assert decode_from_server(told.message) == Watch(2, 30)
        for agent in (2, 0):
            sample = Sample(partner.agents[agent].bytes, partner.clients[0].bytes, encode(metrics))
            await server.tell(partner, sample)
        message = await said(socket)
        assert (message["agent_id"], message["sample"]["cpu_percent"]) == (str(partner.agents[0]), 12.5)
        await server.tell(partner, row(partner, 0, changed=True))
        await asyncio.wait_for(asked.get(), 5)  # it came back through a new socket that knows of no watcher
        assert (await said(socket))["type"] == "agents"
        await server.say(socket, {"type": "watch", "agent_id": None})
        await server.tell(partner, sample)
        await nothing_but(socket, server, partner)
    await gateway.stop()


async def test_watching_another_partners_machine_does_nothing(
    server: Server, partner: Partner, bus: Bus, owner_url: str
) -> None:
    other = await plant(owner_url, "Somebody else", gateway_id="gw-2")
    asked: asyncio.Queue[bytes] = asyncio.Queue()
    gateway = await bus.subscribe("gateway.gw-2.deliver", lambda _s, payload: asked.put_nowait(payload))
    frames: list[dict[str, Any]] = [
        {"type": "watch", "agent_id": str(other.agents[0])},
        {"type": "visible", "agent_ids": [str(other.agents[0])]},
    ]
    async with server.looking(partner.person(), *frames) as socket:
        await server.tell(other, row(other, 0, changed=True))
        await nothing_but(socket, server, partner)
        assert asked.empty()
    await gateway.stop()


async def test_a_client_contact_sees_its_client_only(server: Server, partner: Partner) -> None:
    command = new_id()
    frames: list[dict[str, Any]] = [
        {"type": "visible", "agent_ids": [str(agent_id) for agent_id in partner.agents]},
        {"type": "commands", "ids": [str(command)]},
        {"type": "watch", "agent_id": str(partner.agents[0])},
    ]
    person = partner.person(Role.CLIENT_CONTACT, partner.clients[1])
    async with server.looking(person, *frames) as socket:
        mine, theirs = partner.clients[1].bytes, partner.clients[0].bytes
        await server.tell(
            partner,
            row(partner, 0, changed=True),
            row(partner, 1, changed=True),
            CommandUpdate(command.bytes, partner.agents[1].bytes, mine, "running"),
            OutputPiece(command.bytes, mine, 0, 1, b"secret"),
            Sample(partner.agents[0].bytes, theirs, b""),
            FeedItem(None, "sites.read", {"name": "site.created"}),
            FeedItem(theirs, "agents.read", {"name": "agent.online"}),
            FeedItem(mine, "commands.read", {"name": "command.queued"}),
            FeedItem(mine, "agents.read", {"name": "agent.offline"}),
        )
        got = [await said(socket) for _ in range(2)]
        by_type = {message["type"]: message for message in got}
        assert by_type["event"]["item"] == {"name": "agent.offline"}
        assert [item["id"] for item in by_type["agents"]["items"]] == [str(partner.agents[1])]
        await nothing_but(socket, server, partner, 1)


async def closed_with(socket: Any, seconds: float = 5) -> int | None:
    await asyncio.wait_for(socket.wait_closed(), seconds)
    code: int | None = socket.close_code
    return code


async def test_tickets_work_once_and_only_from_our_page(server: Server, partner: Partner) -> None:
    ticket = await server.ticket(partner.person())
    with pytest.raises(websockets.InvalidStatus):
        await server.connect(ticket, "http://evil.example")
    async with server.connect(ticket) as socket:
        assert (await said(socket))["type"] == "hello"
        for refused in (ticket, "nonsense", ""):
            async with server.connect(refused) as second:
                assert await closed_with(second) == 4401


async def test_signing_out_ends_the_stream(server: Server, partner: Partner, bus: Bus) -> None:
    person = partner.person()
    async with server.looking(person) as socket, server.looking(partner.person()) as colleague:
        revoked = messages.SessionsRevoked([person.session_id.bytes])
        await bus.publish(messages.SESSIONS_REVOKED, traffic.encode(revoked))
        assert await closed_with(socket) == 4401
        await nothing_but(colleague, server, partner)


async def test_a_session_that_ended_in_the_database_alone_ends_the_stream(
    server: Server, partner: Partner, owner_url: str
) -> None:
    """By the command line, which has no bus, or when the bus lost the message."""
    person, colleague_person = partner.person(), partner.person()
    owner = await asyncpg.connect(owner_url)
    for number, one in enumerate((person, colleague_person)):
        await owner.execute(
            "insert into core.users (user_id, email) values ($1, $2)", one.user_id, f"{number}@example.org"
        )
        await owner.execute(
            "insert into core.user_sessions (session_id, user_id, tenant_id, refresh_hash, expires_at)"
            " values ($1, $2, $3, $4, now() + interval '1 day')",
            one.session_id,
            one.user_id,
            partner.tenant_id,
            one.session_id.bytes,
        )
    # Two sockets of one sign-in: both end, the colleague's goes on.
    async with (
        server.looking(person) as socket,
        server.looking(person) as second,
        server.looking(colleague_person) as colleague,
    ):
        await owner.execute("update core.user_sessions set ended_at = now() where session_id = $1", person.session_id)
        assert [await closed_with(socket), await closed_with(second)] == [4401, 4401]
        await nothing_but(colleague, server, partner)
    await owner.close()


DEEP = '{"type":"visible","agent_ids":[],"x":' + "[" * 60_000


@pytest.mark.parametrize(
    "frame",
    ["", "[]", "{}", '{"type":"visible","agent_ids":["x"]}', '{"type":"bye"}', b"\0", "x" * 70_000, DEEP],
    ids=["empty", "list", "no type", "bad id", "unknown", "binary", "long", "deep"],
)
async def test_unknown_frames_end_the_stream(server: Server, partner: Partner, frame: Any) -> None:
    async with server.looking(partner.person()) as socket:
        await socket.send(frame)
        assert await closed_with(socket) == 1008


async def test_a_flood_of_frames_ends_the_stream(server: Server, partner: Partner) -> None:
    async with server.looking(partner.person()) as socket:
        for _ in range(60):
            await socket.send('{"type":"visible","agent_ids":[]}')
        assert await closed_with(socket) == 1008


async def test_a_slow_browser_is_told_to_resync() -> None:
    person = Partner(new_id()).person()
    session = LiveSession(person.inside(), DECLARED.live)
    update = CommandUpdate(new_id().bytes, new_id().bytes, new_id().bytes, "running")
    session.take(batch(*[update] * (QUEUE_ITEMS + 5)))
    messages = [json.loads(text) for text in await session.messages()]
    assert messages[0] == {"type": "resync"}
    assert len(messages) <= 6
    session.take(None)
    assert await session.messages() == ['{"type":"resync"}']


class Counted(Bus):
    """A bus that knows how many subscriptions it has."""

    subscriptions = 0

    async def subscribe(self, *arguments: Any, **options: Any) -> Any:
        made = await super().subscribe(*arguments, **options)
        stop, self.subscriptions = made.stop, self.subscriptions + 1

        async def stopped() -> None:
            await stop()
            self.subscriptions -= 1

        made.stop = stopped
        return made


async def test_one_subscription_however_many_look(nats_url: str, partner: Partner) -> None:
    bus = Counted(nats_url, name="counted")
    await bus.open()
    hub = LiveHub(bus, linger_seconds=0.05)
    got: list[LiveBatch | None] = []
    async with (
        hub.listening(partner.tenant_id, got.append),
        hub.listening(partner.tenant_id, lambda _: got.append(None)),
    ):
        assert bus.subscriptions == 1
        await bus.publish(traffic.live(partner.tenant_id), encode_live([]))
        await until(lambda: len(got) == 2)
    assert bus.subscriptions == 1, "a wait that comes soon finds it open"
    await until(lambda: bus.subscriptions == 0)
    await hub.close()
    await bus.close()


_HOSTILE = {
    "agents": [
        [b"abc", b"c" * 16, True, True, 1.0, 1.0],
        [b"a" * 16, b"c" * 16, True, True, 1.0, 1e300],
        [b"a" * 16, b"c" * 16, True, True, float("nan"), 1.0],
        [b"a" * 16, b"c" * 16, True, True, -1.0, 1.0],
        [],
    ],
    "command": [[b"a" * 16, b"b", b"c" * 16, "running"], "no list"],
    "output": [[b"a" * 17, b"c" * 16, 0, 1, b"x"], [b"a" * 16, b"c" * 16, 0, 3, b"x"]],
    "metrics": [[b"a" * 16, b"c", b"x"]],
    "event": [[None, "agents.read", {"x": msgspec.msgpack.Ext(5, b"")}], [b"", "agents.read", {}]],
}


async def test_hostile_messages_are_passed_over_and_the_others_are_shown(server: Server, partner: Partner) -> None:
    """Whoever has a gateway's user on the bus can say anything to every dashboard of every Partner."""
    good = row(partner, 0, changed=True)
    said_too = _HOSTILE | {"agents": [*_HOSTILE["agents"], msgspec.to_builtins(good, builtin_types=(bytes,))]}
    async with server.looking(partner.person()) as socket:
        for payload in (b"", b"\xc1", msgspec.msgpack.encode([said_too])):
            await server.bus.publish(traffic.live(partner.tenant_id), payload)
        shown = await said(socket)
        assert [item["id"] for item in shown["items"]] == [str(partner.agents[0])]
        await nothing_but(socket, server, partner)


async def test_a_gateway_is_believed_what_machines_do_and_nothing_else(server: Server, partner: Partner) -> None:
    """Whoever has a gateway's user on the bus makes up no row of anybody's feed."""
    planted = FeedItem(None, "agents.read", {"name": "user.invited", "text": "Ann made somebody an admin."})
    async with server.looking(partner.person()) as socket:
        told = encode_live([planted, row(partner, 1, changed=True)])
        await server.bus.publish(traffic.live_of_machines(partner.tenant_id), told)
        shown = await said(socket)
        assert (shown["type"], [item["id"] for item in shown["items"]]) == ("agents", [str(partner.agents[1])])
        await nothing_but(socket, server, partner)
    kinds = {kind.kind: kind.of_machines for kind in DECLARED.live}
    assert kinds == {"agents": True, "metrics": True, "command": True, "output": True, "event": False}


async def test_a_row_that_cannot_be_said_leaves_the_others(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = AgentRow.shown

    def faulty(item: AgentRow) -> dict[str, Any]:
        if item.agent_id == partner.agents[1].bytes:
            raise ValueError("planted")
        return shown(item)

    monkeypatch.setattr(AgentRow, "shown", faulty)
    session = LiveSession(partner.person().inside(), DECLARED.live)
    session.take(batch(row(partner, 1, changed=True), row(partner, 0, changed=True)))
    (text,) = await session.messages()
    assert [item["id"] for item in json.loads(text)["items"]] == [str(partner.agents[0])]
