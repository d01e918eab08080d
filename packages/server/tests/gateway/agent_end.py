"""The other end of the socket, for tests: an agent that does exactly what it is told, good or bad."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from gururmm_server.infra.ids import new_id
from gururmm_wire import orders
from gururmm_wire.codec import decode_from_server, encode
from gururmm_wire.handshake import RANDOM_BYTES, AgentHandshake
from gururmm_wire.sealing import Seal
from gururmm_wire.v2.agent import Authenticate, Message
from gururmm_wire.v2.server import Order, Welcome
from nacl.bindings import crypto_sign_keypair, crypto_sign_open
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

# Peers of other ages are made where the samples of messages are.
sys.path.insert(0, str(Path(__file__).parents[3] / "wire" / "tests"))

from generations import Today
from order_key import OrderKey

from packages.server.tests.waiting import until  # noqa: F401  # the tests beside it take it from here

Expected = TypeVar("Expected", bound=Message)


class Ended(Exception):
    """The server closed the socket with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class _Listener(WSListener):
    def __init__(self) -> None:
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.handshake: AgentHandshake | None = None
        self.seal: Seal | None = None
        self.pings = 0
        self.answer_pings = True
        self.ponged = asyncio.Event()
        self.over = asyncio.Event()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.BINARY:
            self._take(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.PING:
            self.pings += 1
            if self.answer_pings:
                transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.PONG:
            self.ponged.set()
        elif frame.msg_type == WSMsgType.CLOSE:
            self.inbox.put_nowait(Ended(int(frame.get_close_code())))
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.inbox.put_nowait(Ended(0))
        self.over.set()

    def _take(self, data: bytes) -> None:
        if self.seal is not None:
            self.inbox.put_nowait(decode_from_server(self.seal.open(data)))
        elif self.handshake is not None:
            self.seal = self.handshake.finish(data)
        else:
            self.inbox.put_nowait(data)


class AgentEnd:
    """A connection to a gateway."""

    def __init__(self, agent_id: UUID, secret_key: bytes, server_key: bytes) -> None:
        self.agent_id = agent_id
        self.secret_key = secret_key
        self._server_key = server_key
        self.transport: Any = None
        self.listener = _Listener()
        self.welcome: Welcome | None = None
        self.orders: list[Order] = []
        """The orders that came, as they came."""
        self.order_keys: dict[bytes, bytes] = {}
        """Pinned at enrolment: key id to public key."""
        self.order_key: bytes | None = None
        """The newest of them, as the agent says it."""
        self.peer = Today("agent")
        """Of which age this agent is."""

    async def open(self, port: int) -> bytes:
        """Connect; the challenge as it came."""
        self.listener = _Listener()
        self.transport, _ = await ws_connect(
            lambda: self.listener,
            f"ws://127.0.0.1:{port}/agent/v2",
            enable_auto_pong=False,
            use_aiofastnet=False,
            max_frame_size=1 << 24,
        )
        challenge = await self.receive()
        assert isinstance(challenge, bytes)
        return challenge

    def proof(self, challenge: bytes, **changes: Any) -> bytes:
        """A valid signed proof, or one with something in it changed."""
        handshake = AgentHandshake(self.secret_key, self._server_key, os.urandom(RANDOM_BYTES))
        fields = {
            "agent_id": self.agent_id.bytes,
            "ephemeral": handshake.ephemeral,
            "server_key": self._server_key,
            "agent_version": "0.1.0",
            "os": "linux",
            "arch": "x86_64",
            "capabilities": self.peer.capabilities,
            "order_key": self.order_key,
        }
        self.listener.handshake = handshake
        return handshake.authenticate(challenge, self.peer.encode(Authenticate(**(fields | changes))))

    def second(self) -> "AgentEnd":
        """Another connection of the same agent."""
        return AgentEnd(self.agent_id, self.secret_key, self._server_key)

    async def join(self, port: int, **changes: Any) -> "AgentEnd":
        """Connect and authenticate. From then on nothing counts but what the pinned key's owner sealed."""
        self.send_raw(self.proof(await self.open(port), **changes))
        self.welcome = await self.expect(Welcome)
        return self

    def send(self, message: Message) -> None:
        """Say this, sealed."""
        self.send_sealed(self.peer.encode(message))

    def send_sealed(self, data: bytes) -> None:
        """Say something that need not be a message, sealed as one."""
        assert self.listener.seal is not None
        self.send_raw(self.listener.seal.seal(data))

    def send_raw(self, data: bytes, kind: WSMsgType = WSMsgType.BINARY, *, fin: bool = True) -> None:
        """Put these bytes into one frame, as they are."""
        self.transport.send(kind, data, fin=fin)

    async def receive(self, limit_s: float = 20) -> Any:
        """The next message; of an order what it says, once a pinned key has vouched for it. Raises `Ended`."""
        item = await asyncio.wait_for(self.listener.inbox.get(), limit_s)
        if isinstance(item, Ended):
            raise item
        if not isinstance(item, Order):
            return item
        self.orders.append(item)
        crypto_sign_open(item.signature + orders.signed_bytes(item.body), self.order_keys[item.key_id])
        return orders.read(item)[1]

    async def expect(self, kind: type[Expected], limit_s: float = 20) -> Expected:
        """The next message of this kind; others are passed over."""
        while True:
            message = await self.receive(limit_s)
            if isinstance(message, kind):
                return message

    async def ended(self, limit_s: float = 20) -> int:
        """The close code with which the server ends this connection."""
        while True:
            try:
                await self.receive(limit_s)
            except Ended as end:
                return end.code

    async def understood(self) -> None:
        """Wait until the gateway has taken all that was sent: it answers a ping in its turn."""
        self.listener.ponged.clear()
        self.transport.send_ping()
        await asyncio.wait_for(self.listener.ponged.wait(), 5)

    async def gone(self) -> None:
        """Drop the connection, if there was one, and wait until nothing is left of it here."""
        self.cut()
        if self.transport is not None:
            await self.listener.over.wait()

    def cut(self) -> None:
        """Drop the connection without a word."""
        if self.transport is not None:
            self.transport.disconnect(graceful=False)


class Fleet:
    """Enrolled machines of one Partner, with their keys."""

    def __init__(self, owner_url: str) -> None:
        self.owner_url = owner_url
        self.tenant_id = new_id()
        self.client_id = new_id()
        self.site_id = new_id()
        self.server_key = b""
        self.order_key = OrderKey(b"", self.tenant_id.bytes)
        self.ends: list[AgentEnd] = []

    async def plant(self) -> None:
        """The Partner with a Client and a Site."""
        owner = await asyncpg.connect(self.owner_url)
        await owner.execute("insert into core.tenants (tenant_id, name) values ($1, 'Northwind IT')", self.tenant_id)
        await owner.execute("insert into core.tenant_settings (tenant_id) values ($1)", self.tenant_id)
        await owner.execute(
            "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Contoso')",
            self.tenant_id,
            self.client_id,
        )
        await owner.execute(
            "insert into core.sites (tenant_id, client_id, site_id, name) values ($1, $2, $3, 'HQ')",
            self.tenant_id,
            self.client_id,
            self.site_id,
        )
        self.server_key = await owner.fetchval(
            "select value from core.server_secrets where name = 'agent_link_public_key'"
        )
        seed = await owner.fetchval("select value from core.server_secrets where name like 'order_key_%'")
        self.order_key = self.order_key.another(seed)
        await owner.close()

    def order(self, agent_id: UUID, message: Message, **changes: Any) -> bytes:
        """What the api would have signed for a machine."""
        return encode(self.order_key.order(message, **{"addressee": agent_id.bytes} | changes))

    def pin(self, end: AgentEnd) -> None:
        """Give an agent what its enrolment would have given it."""
        end.order_keys = {self.order_key.key_id: self.order_key.public_key}
        end.order_key = self.order_key.key_id

    async def enrol(self, count: int = 1) -> list[AgentEnd]:
        """New machines, none of them connected."""
        ends = []
        rows = []
        for _ in range(count):
            public_key, secret_key = crypto_sign_keypair()
            ends.append(AgentEnd(new_id(), secret_key, self.server_key))
            self.ends.append(ends[-1])
            self.pin(ends[-1])
            rows.append(
                (self.tenant_id, ends[-1].agent_id, self.client_id, self.site_id, public_key, ends[-1].agent_id.hex)
            )
        owner = await asyncpg.connect(self.owner_url)
        await owner.executemany(
            "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
            " hostname, agent_version) values ($1, $2, $3, $4, 'Contoso', 'HQ', $5, 'host-' || left($6, 8), '0.1.0')",
            rows,
        )
        await owner.executemany(
            "insert into core.agent_state (tenant_id, agent_id, client_id) values ($1, $2, $3)",
            [row[:3] for row in rows],
        )
        await owner.close()
        return ends

    async def open_channel(self, end: AgentEnd, session_id: UUID, number: int = 1) -> None:
        """What the api writes down before it orders a machine to open a channel."""
        owner = await asyncpg.connect(self.owner_url)
        await owner.execute(
            "insert into core.tunnel_sessions (tenant_id, session_id, agent_id, opened_by, opened_by_id, hostname)"
            " values ($1, $2, $3, 'tech@northwind.example', $4, 'host') on conflict do nothing",
            self.tenant_id,
            session_id,
            end.agent_id,
            new_id(),
        )
        await owner.execute(
            "insert into core.tunnel_channels (tenant_id, session_id, channel, kind) values ($1, $2, $3, 'terminal')",
            self.tenant_id,
            session_id,
            number,
        )
        await owner.close()

    async def value(self, sql: str, *values: Any) -> Any:
        """One value, seen from above all tenants."""
        owner = await asyncpg.connect(self.owner_url)
        try:
            return await owner.fetchval(sql, *values)
        finally:
            await owner.close()

    async def row(self, sql: str, *values: Any) -> Any:
        """One row, seen from above all tenants."""
        owner = await asyncpg.connect(self.owner_url)
        try:
            return await owner.fetchrow(sql, *values)
        finally:
            await owner.close()

    async def online(self, end: AgentEnd) -> bool:
        """What the table says of a machine."""
        return bool(await self.value("select online from core.agent_state where agent_id = $1", end.agent_id))

    async def events(self, name: str) -> int:
        """How many such events wait in the outbox (no relay runs in these tests)."""
        return int(await self.value("select count(*) from core.outbox where name = $1", name))
