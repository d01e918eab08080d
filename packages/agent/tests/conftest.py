"""A small server that speaks the real protocol, and real agent processes to point at it."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from gururmm_wire import codec, orders
from gururmm_wire.challenge import enrolment_bytes
from gururmm_wire.handshake import RANDOM_BYTES, ServerHandshake
from gururmm_wire.hello import EnrolRequest, EnrolResponse, HelloRequest, HelloResponse
from gururmm_wire.sealing import Seal
from gururmm_wire.v2 import agent as up
from gururmm_wire.v2 import server as down
from nacl.bindings import crypto_sign_open, crypto_sign_seed_keypair
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

# Peers of other ages are made where the samples of messages are.
sys.path.insert(0, str(Path(__file__).parents[2] / "wire" / "tests"))

from channel_ends import ApiChannels
from generations import Today
from order_key import OrderKey

AGENT_ID = "0190a0b0-0000-7000-8000-000000000001"
TENANT_ID = "0190a0b0-0000-7000-8000-0000000000aa"


class Connection(WSListener):
    """One agent's socket: authenticates it, then records what it says."""

    def __init__(self, gateway: "Gateway") -> None:
        self.gateway = gateway
        self.transport: WSTransport | None = None
        self.challenge = gateway.peer.encode(down.Challenge(os.urandom(32), int(time.time())))
        self.seal: Seal | None = None
        self.gone = asyncio.Event()
        self.bytes_received = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.gateway.connections.append(self)
        transport.send(WSMsgType.BINARY, self.challenge)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.gateway.close_codes.append(int(frame.get_close_code()))
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        if frame.msg_type != WSMsgType.BINARY:
            return
        self.bytes_received += frame.payload_size
        data = frame.get_payload_as_bytes()
        if self.seal is None:
            self._authenticate(data)
            return
        message = codec.decode_from_agent(self.seal.open(data))
        message = self.gateway.channels.opened(message, self.gateway.agent_public_key)
        if self.gateway.peer.knows(message):
            self.gateway.heard.append((self, message))
            self.gateway.take(message)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.gone.set()

    def say(self, message: up.Message) -> None:
        """Say this; what counts only in an order is put into one, and what a channel says is sealed."""
        message = self.gateway.channels.sealed(message)
        self.say_bare(message if orders.kind_of(message) is None else self.gateway.order(message))

    def say_bare(self, message: up.Message) -> None:
        self.say_bytes(self.gateway.peer.encode(message))

    def say_bytes(self, message: bytes) -> None:
        """Say something that need not be a message, sealed as one."""
        self.transport.send(WSMsgType.BINARY, self.seal.seal(message))

    def _authenticate(self, data: bytes) -> None:
        handshake = ServerHandshake(self.challenge, data)
        assert handshake.proves(self.gateway.agent_public_key)
        self.gateway.claims.append(handshake.claim)
        self.gateway.capabilities = handshake.claim.capabilities
        self.gateway.order_key = handshake.claim.order_key
        proof, self.seal = handshake.accept(self.gateway.secret, os.urandom(RANDOM_BYTES))
        self.transport.send(WSMsgType.BINARY, self.gateway.instead_of_proof or proof)
        self.say(self.gateway.instead_of_welcome or down.Welcome(self.gateway.peer.capabilities))
        if handshake.claim.purpose == up.PURPOSE_TUNNEL:
            self.gateway.tunnel = self
            self.gateway.tunnel_welcomed.set()
            return
        self.say(down.SettingsPush(self.gateway.settings))
        for prompt in self.gateway.right_after_welcome:
            self.say(prompt)
        self.gateway.current = self
        self.gateway.welcomed.set()


class Gateway:
    """Hello, enrolment and the socket, with knobs for every fault a test needs."""

    def __init__(self) -> None:
        self.public_key, self.secret = crypto_sign_seed_keypair(os.urandom(32))
        self.order_signer = OrderKey(UUID(AGENT_ID).bytes, UUID(TENANT_ID).bytes)
        self.order_key: bytes | None = None
        """The newest order key of the agent, by its own word."""
        self.agent_public_key = b""
        self.peer = Today("server")
        """Of which age this server is."""
        self.capabilities: list[str] = []
        """What the agent says that it can do."""
        self.claims: list[up.Authenticate] = []
        """What each connection of an agent claimed to be."""
        self.settings = down.Settings(version=3, heartbeat_s=5, metrics_s=5)
        self.channels = ApiChannels()
        self.connections: list[Connection] = []
        self.close_codes: list[int] = []
        self.current: Connection | None = None
        self.welcomed = asyncio.Event()
        self.tunnel: Connection | None = None
        self.tunnel_welcomed = asyncio.Event()
        self.messages: list[Any] = []
        self.heard: list[tuple[Connection, Any]] = []
        """The same, with the connection that each message came by."""
        self.hellos: list[HelloRequest] = []
        self.enrolments: list[EnrolRequest] = []
        self.site_code = "SITE-1"
        self.right_after_welcome: list[up.Message] = []
        self.instead_of_proof = b""
        self.instead_of_welcome: up.Message | None = None
        self.hello_changes: dict[str, Any] = {}
        self.gateway_url = ""
        """What agents are told; empty is the truth."""
        self.enrol_changes: dict[str, Any] = {}
        self.tls: ssl.SSLContext | None = None
        self.host = "127.0.0.1"
        self.sockets: tuple[socket.socket, socket.socket] | None = None
        """Where it listens, if not at ports of `host`: for hello and for the agents' sockets."""
        self._news = asyncio.Event()
        self.ports: tuple[int, int] = (0, 0)
        """Of hello and enrolment, and of the sockets."""
        self._mark = 1_000_000

    async def start(self) -> None:
        tls = self.tls
        first, second = [{"host": self.host, "port": port} for port in self.ports]
        if self.sockets is not None:
            first, second = [{"sock": listening} for listening in self.sockets]
        self._http = await asyncio.start_server(self._serve_http, ssl=tls, **first)
        self._sockets = await ws_create_server(lambda _: Connection(self), ssl=tls, use_aiofastnet=False, **second)
        self.ports = (self._http.sockets[0].getsockname()[1], self._sockets.sockets[0].getsockname()[1])

    def stop_answering_hello(self) -> None:
        """Close the port of hello alone: connections stay, and new ones are taken."""
        self._http.close()

    async def stop(self) -> None:
        """Close the ports and every connection; `start` opens the same ports again."""
        self._http.close()
        self._sockets.close()
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.disconnect(graceful=False)
                await connection.gone.wait()
        self.connections.clear()
        self.welcomed.clear()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://{self.host}:{self.ports[0]}"

    def say(self, message: up.Message) -> None:
        """By the connection on which the server says it: what is about an open channel goes by the second one."""
        bytes_of_channels = down.TunnelInput | down.TunnelChange | down.TunnelOutputAck | down.TunnelResume
        if isinstance(message, bytes_of_channels) and self.tunnel is not None:
            self.tunnel.say(message)
        else:
            self.current.say(message)

    def drop_tunnel(self) -> None:
        """Cut the cable of the connection for channels."""
        self.tunnel_welcomed.clear()
        self.tunnel.transport.disconnect(graceful=False)
        self.tunnel = None

    def order(self, message: up.Message, **changes: Any) -> down.Order:
        """The message as an order for this agent, or one with something in it changed."""
        return self.order_signer.order(message, **changes)

    def drop(self) -> None:
        """Cut the cable."""
        self.welcomed.clear()
        self.current.transport.disconnect(graceful=False)

    def close(self, code: int) -> None:
        self.welcomed.clear()
        self.current.transport.send_close(code, b"as the test wishes")

    def take(self, message: Any) -> None:
        self.messages.append(message)
        self._news.set()

    def of(self, kind: type, **fields: Any) -> list[Any]:
        return [m for m in self.messages if isinstance(m, kind) and all(getattr(m, k) == v for k, v in fields.items())]

    async def wait_for(self, kind: type, *, count: int = 1, timeout: float = 10, **fields: Any) -> Any:
        """The `count`-th message of a kind with these fields."""
        return await self.wait_until(lambda: (self.of(kind, **fields) + [None] * count)[count - 1], timeout)

    async def understood(self) -> None:
        """Wait until the agent has taken all that was said by its own connection, and what it said before has come."""
        self._mark += 1
        self.say(down.SettingsPush(msgspec.structs.replace(self.settings, version=self._mark)))
        await self.wait_for(up.SettingsApplied, version=self._mark)

    async def wait_until(self, question: Callable[[], Any], timeout: float = 10) -> Any:
        async with asyncio.timeout(timeout):
            while not (answer := question()):
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.05)
            return answer

    async def _serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(
            next(line for line in head.split("\r\n") if line.lower().startswith("content-length")).split(":")[1]
        )
        body = await reader.readexactly(length)
        status, answer = self._answer(head.split()[1], body)
        data = msgspec.json.encode(answer)
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        await writer.drain()
        writer.close()

    def _answer(self, path: str, body: bytes) -> tuple[int, Any]:
        gateway_url = self.gateway_url or f"ws{'s' if self.tls else ''}://{self.host}:{self.ports[1]}/agent/v2"
        if path.endswith("/hello"):
            self.hellos.append(msgspec.json.decode(body, type=HelloRequest))
            answer = HelloResponse(
                server_version="1",
                min_supported_protocol=2,
                latest_protocol=2,
                action="proceed",
                gateway_url=gateway_url,
                server_public_key=self.public_key.hex(),
            )
            return 200, msgspec.structs.replace(answer, **self.hello_changes)
        request = msgspec.json.decode(body, type=EnrolRequest)
        if request.site_code != self.site_code:
            return 404, {"code": "site_code_unknown", "message": "This site code does not exist."}
        self.enrolments.append(request)
        self.agent_public_key = bytes.fromhex(request.public_key)
        signed = enrolment_bytes(request.site_code, request.public_key, request.hostname)
        crypto_sign_open(bytes.fromhex(request.signature) + signed, self.agent_public_key)
        answer = EnrolResponse(
            agent_id=AGENT_ID,
            server_public_key=self.public_key.hex(),
            gateway_url=gateway_url,
            order_public_key=self.order_signer.public_key.hex(),
            tenant_id=TENANT_ID,
        )
        return 200, msgspec.structs.replace(answer, **self.enrol_changes)


class AgentProcess:
    """The real agent as a process."""

    def __init__(self, state: Path, gateway: Gateway) -> None:
        self.state = state
        self.gateway = gateway
        self.log = state.with_suffix(".log")
        self.program = ("-m", "gururmm_agent")
        """What the interpreter is told to run."""
        self.prefix: tuple[str, ...] = ()
        """What runs the interpreter on a machine apart."""
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *, wait: bool = True, arguments: tuple[str, ...] | None = None) -> None:
        if arguments is None:
            arguments = ("--server", self.gateway.url, "--site-code", self.gateway.site_code)
        command = [*self.prefix, sys.executable, *self.program, "run", "--state-dir", str(self.state), *arguments]
        environment = os.environ | {"HOME": str(self.state.parent)}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(*command, stderr=log, stdout=log, env=environment)
        if wait:
            async with asyncio.timeout(15):
                await self.gateway.welcomed.wait()

    async def kill(self) -> None:
        self.gateway.welcomed.clear()
        self.process.kill()
        await self.process.wait()

    async def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 5)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    server = Gateway()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def agent(gateway: Gateway, tmp_path: Path) -> AsyncIterator[AgentProcess]:
    """Not started yet. Its log is printed when the test fails."""
    process = AgentProcess(tmp_path / "state", gateway)
    yield process
    if process.process is not None and process.process.returncode is None:
        process.process.kill()
        await process.process.wait()
    if process.log.exists():
        print(process.log.read_text())  # noqa: T201


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    """Whether a process lives; a zombie does not."""

    def question(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return question
