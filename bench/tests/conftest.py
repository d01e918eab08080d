"""The other end of a fleet, for the fleet's own tests: hello, enrolment and a gateway that does what a test says."""

import asyncio
import json
import os
import time
import uuid

import pytest
from gururmm_wire import codec, orders
from gururmm_wire.challenge import enrolment_bytes
from gururmm_wire.handshake import RANDOM_BYTES, ServerHandshake
from gururmm_wire.v2.server import Challenge, Order, Settings, SettingsPush, Welcome
from nacl.bindings import crypto_sign_keypair, crypto_sign_open
from picows import WSCloseCode, WSListener, WSMsgType, ws_create_server


class News:
    """Wakes whoever waits for something to become true."""

    def __init__(self):
        self._told = asyncio.Event()

    def tell(self):
        self._told.set()
        self._told = asyncio.Event()

    async def until(self, condition):
        """The condition's answer once it is true."""
        async with asyncio.timeout(30):
            while not (answer := condition()):
                await self._told.wait()
            return answer


class Peer(WSListener):
    """One machine's connection. `said` is everything after `Authenticate`."""

    def __init__(self, server):
        self.server = server
        self.said = []
        self.agent_id = None
        self.transport = None
        self.open = True
        self.challenge = codec.encode(Challenge(os.urandom(32), int(time.time())))
        self.seal = None

    def on_ws_connected(self, transport):
        self.transport = transport
        transport.send(WSMsgType.BINARY, self.challenge)

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type == WSMsgType.BINARY:
            data = frame.get_payload_as_bytes()
            if self.seal is None:
                self.welcome(ServerHandshake(self.challenge, data))
            else:
                self.said.append(codec.decode_from_agent(self.seal.open(data)))
                self.server.news.tell()

    def on_ws_disconnected(self, transport):
        self.open = False
        self.server.news.tell()

    def welcome(self, handshake):
        assert handshake.proves(self.server.agents[handshake.claim.agent_id])
        self.agent_id = handshake.claim.agent_id
        proof, self.seal = handshake.accept(self.server.secret, os.urandom(RANDOM_BYTES))
        self.transport.send(WSMsgType.BINARY, proof)
        self.tell(Welcome())
        self.tell(SettingsPush(self.server.settings))
        self.server.news.tell()

    def tell(self, message):
        """Say this; what counts only in an order is put into one (whose signature nobody here checks)."""
        if orders.kind_of(message) is not None:
            until = int(time.time()) + 600
            body = orders.encode_body(bytes(16), bytes(16), message, not_after=until, counter=time.time_ns())
            message = Order(bytes(8), body, bytes(64))
        self.transport.send(WSMsgType.BINARY, self.seal.seal(codec.encode(message)))

    async def until(self, kind, condition=lambda message: True):
        """The first message of this kind that fulfils the condition."""
        found = await self.server.news.until(lambda: [m for m in self.said if isinstance(m, kind) and condition(m)])
        return found[0]


class ScriptedServer:
    """`url` serves hello and enrolment; `peers` are the connections, oldest first."""

    def __init__(self):
        self.public_key, self.secret = crypto_sign_keypair()
        self.settings = Settings(version=7, heartbeat_s=5, metrics_s=5)
        self.agents = {}
        self.enrolments = []
        self.peers = []
        self.news = News()
        self.refuse_with = 0

    async def __aenter__(self):
        self._http = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self._gateway = await ws_create_server(self._peer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._http.sockets[0].getsockname()[1]}"
        self.gateway_url = f"ws://127.0.0.1:{self._gateway.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        for server in (self._http, self._gateway):
            server.close()
        for peer in self.peers:
            peer.transport.disconnect(False)
        await self.news.until(lambda: not any(peer.open for peer in self.peers))

    async def connected(self, count):
        """The newest `count` authenticated peers."""
        await self.news.until(lambda: len(self._proven()) >= count)
        return self._proven()[-count:]

    def _proven(self):
        return [peer for peer in self.peers if peer.agent_id]

    def _peer(self, request):
        assert request.path == b"/agent/v2"
        self.peers.append(Peer(self))
        self.news.tell()
        return self.peers[-1]

    async def _answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        status, answer = self._route(head.split(b" ")[1].decode(), body)
        data = json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nRetry-After: 0\r\n\r\n" % (status, len(data)) + data)
        writer.close()

    def _route(self, path, body):
        if self.refuse_with:
            return self.refuse_with, {"code": "refused", "message": "not today"}
        if path.endswith("/hello"):
            return 200, {
                "server_version": "1",
                "min_supported_protocol": 2,
                "latest_protocol": 2,
                "action": "proceed",
                "gateway_url": self.gateway_url,
                "server_public_key": self.public_key.hex(),
            }
        proof = enrolment_bytes(body["site_code"], body["public_key"], body["hostname"])
        crypto_sign_open(bytes.fromhex(body["signature"]) + proof, bytes.fromhex(body["public_key"]))
        self.enrolments.append(body)
        agent_id = uuid.uuid4()
        self.agents[agent_id.bytes] = bytes.fromhex(body["public_key"])
        return 200, {
            "agent_id": str(agent_id),
            "server_public_key": self.public_key.hex(),
            "gateway_url": self.gateway_url,
        }


@pytest.fixture
async def server():
    async with ScriptedServer() as running:
        yield running
