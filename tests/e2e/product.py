"""A running GuruRMM as a test sees it: its processes, its API, its terminal socket."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import httpx

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


class Engines(Protocol):
    """PostgreSQL and NATS outside of the product."""

    def kill(self, name: str) -> None: ...


@dataclass
class Product:
    """What the ready file said, and the supervisor's process."""

    url: str
    email: str
    password: str
    tenant_id: str
    agent_id: str
    database_url: str
    nats_url: str
    ready_file: Path
    data: Path
    supervisor: "subprocess.Popen[bytes]"
    external: "Engines | None" = None
    """The engines that the test started itself, if it did."""

    def pids(self) -> dict[str, int]:
        """The processes as the ready file lists them now."""
        processes: dict[str, int] = json.loads(self.ready_file.read_text())["processes"]
        return processes


def start_demo(data: Path, *arguments: str, wait_s: float = 120) -> Product:
    """Start `gururmm demo` and wait until its real agent is online."""
    ready = data / "ready.json"
    data.mkdir(parents=True, exist_ok=True)
    ready.unlink(missing_ok=True)
    with (data / "supervisor.out").open("ab") as out:
        process = subprocess.Popen(
            [BIN / "gururmm", "demo", "--ready-file", ready, "--data", data / "data", *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=data,
        )
    try:
        until(ready.exists, wait_s, lambda: process.poll() is None or _tail(data / "supervisor.out"))
    except BaseException:
        process.kill()
        raise
    told = json.loads(ready.read_text())
    names = ("url", "email", "password", "tenant_id", "agent_id", "database_url", "nats_url")
    return Product(**{name: told[name] for name in names}, ready_file=ready, data=data, supervisor=process)


def stop(product: Product) -> None:
    """Ctrl-C, and proof that nothing stays."""
    pids = product.pids()
    product.supervisor.send_signal(signal.SIGINT)
    product.supervisor.wait(40)
    until(lambda: not [pid for pid in pids.values() if alive(pid)], 5)


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


BESIDE_OTHERS = 3
"""How much longer something may take than on a machine of its own: other tests run on the same two cores."""


def until(check: Callable[[], Any], seconds: float, still: Callable[[], Any] = lambda: True) -> Any:
    """Wait for a truthy answer. `still` says whether waiting makes sense: True, or the reason why not."""
    end = time.monotonic() + seconds * BESIDE_OTHERS
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if answer := check():
                return answer
        reason = still()
        assert reason is True, reason
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)  # sleep: nothing tells us when to ask again


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-3000:]


class Api:
    """A signed-in person at the REST API. Signs in again when the access token has run out."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.url = url
        self._credentials = {"email": email, "password": password}
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
        self.token = ""

    def sign_in(self) -> "Api":
        answer = self._http.post("/auth/sign-in", json=self._credentials)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return self

    def call(self, method: str, path: str, key: str = "", **keywords: Any) -> httpx.Response:
        """With a `key` the same request again is not carried out twice."""
        answer = self._http.request(method, path, headers=self._headers(key), **keywords)
        if answer.status_code == 401 and self.token:
            self.sign_in()
            answer = self._http.request(method, path, headers=self._headers(key), **keywords)
        return answer

    def _headers(self, key: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"}
        return headers | {"Idempotency-Key": key} if key else headers

    def get(self, path: str, **params: Any) -> Any:
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, key: str = "") -> Any:
        answer = self.call("POST", path, key, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def run(self, agent_id: str, script: str, key: str = "", **more: Any) -> str:
        """Queue a command; its id."""
        body = {"agent_ids": [agent_id], "shell": "sh", "script": script, "timeout_s": 60} | more
        command_id: str = self.post("/commands", body, key)["items"][0]["id"]
        return command_id

    def finished(self, command_id: str, seconds: float = 30) -> Any:
        """The command once it has ended."""
        done = ("succeeded", "failed", "timed_out", "cancelled", "expired")

        def check() -> Any:
            command = self.get(f"/commands/{command_id}", wait_s=1)
            return command if command["status"] in done else None

        return until(check, seconds)

    def close(self) -> None:
        self._http.close()


@dataclass
class Channel:
    """What the browser has of one channel, both ways."""

    number: int = 1
    output: bytearray = field(default_factory=bytearray)
    told: int = 0
    """How much output was acknowledged."""
    sent: bytearray = field(default_factory=bytearray)
    acknowledged: int = 0
    closed: dict[str, Any] | None = None
    attached: "asyncio.Future[int] | None" = None
    """Where input goes on, once the server says so."""


@dataclass
class Terminal:
    """The browser's half of a tech session, by the protocol: offsets both ways, attach again after a drop.

    It begins with channel 1, which is what is meant where no other channel is named.
    """

    api: Api
    session_id: str
    channels: dict[int, Channel] = field(default_factory=lambda: {1: Channel()})
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _socket: aiohttp.ClientWebSocketResponse | None = None
    _http: aiohttp.ClientSession | None = None
    _reader: "asyncio.Task[None] | None" = None
    _first_url: str = ""

    @classmethod
    async def open(cls, api: Api, agent_id: str) -> "Terminal":
        opened = await asyncio.to_thread(api.post, "/tunnel/open", {"agent_id": agent_id, "columns": 100, "rows": 30})
        terminal = cls(api, opened["session_id"], _first_url=opened["stream_url"])
        await terminal.attach()
        return terminal

    @property
    def output(self) -> bytearray:
        return self.channels[1].output

    @property
    def closed(self) -> dict[str, Any] | None:
        return self.channels[1].closed

    async def open_channel(self) -> Channel:
        """Open one more terminal in this session, and attach it on the session's socket."""
        path = f"/tunnel/sessions/{self.session_id}/channels"
        opened = await asyncio.to_thread(self.api.post, path, {"parameters": {"columns": 100, "rows": 30}})
        channel = self.channels[opened["channel"]] = Channel(opened["channel"])
        await self._attach_channel(channel)
        return channel

    async def close_channel(self, channel: Channel) -> None:
        """Close a channel over REST, and wait until the socket says so too."""
        path = f"/tunnel/sessions/{self.session_id}/channels/{channel.number}/close"
        await asyncio.to_thread(self.api.post, path)
        await self.until(lambda: channel.closed is not None)

    async def attach(self, seconds: float = 20) -> None:
        """Attach, with new tickets, until it works."""
        end = time.monotonic() + seconds * BESIDE_OTHERS
        while True:
            try:
                await self._attach_once()
                return
            except (aiohttp.ClientError, AssertionError, httpx.HTTPError, TimeoutError):
                await self.drop()
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.3)  # sleep: between two tries while the other side is away

    async def _attach_once(self) -> None:
        await self.drop()
        url, self._first_url = self._first_url, ""
        if not url:
            url = (await asyncio.to_thread(self.api.post, f"/tunnel/ticket/{self.session_id}"))["stream_url"]
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(self.api.url + url, origin=self.api.url, max_msg_size=1 << 20)
        self._reader = asyncio.create_task(self._read(self._socket))
        for channel in self._open_channels():
            await self._attach_channel(channel)

    def _open_channels(self) -> list[Channel]:
        return [channel for channel in self.channels.values() if channel.closed is None]

    async def _attach_channel(self, channel: Channel) -> None:
        assert self._socket is not None
        channel.attached = asyncio.get_running_loop().create_future()
        size = {"columns": 100, "rows": 30}
        seen = len(channel.output)
        await self._socket.send_json(
            {"type": "attach", "channel": channel.number, "output_offset": seen, "parameters": size}
        )
        offset = await asyncio.wait_for(channel.attached, 15)
        await self._send_from(channel, offset)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            await self._take(socket)
        finally:
            self._tell()
        for channel in self.channels.values():
            if channel.attached is not None and not channel.attached.done():
                channel.attached.set_exception(AssertionError(f"closed with {socket.close_code} before attached"))

    async def _take(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                channel = self.channels[message.data[0]]
                offset = int.from_bytes(message.data[1:9], "big")
                assert offset <= len(channel.output), "a gap in the output"
                channel.output[offset:] = message.data[9:]
                if len(channel.output) - channel.told > 32 * 1024:
                    channel.told = len(channel.output)
                    await socket.send_json({"type": "ack", "channel": channel.number, "output_offset": channel.told})
            elif message.type is aiohttp.WSMsgType.TEXT:
                self._hear(json.loads(message.data))
            self._tell()

    def _hear(self, told: dict[str, Any]) -> None:
        if told["type"] not in ("attached", "input_ack", "closed"):
            return
        channel = self.channels[told["channel"]]
        if told["type"] == "attached" and channel.attached is not None and not channel.attached.done():
            channel.attached.set_result(told["input_offset"])
        elif told["type"] == "input_ack":
            channel.acknowledged = max(channel.acknowledged, told["offset"])
        elif told["type"] == "closed":
            channel.closed = told

    async def _send_from(self, channel: Channel, offset: int) -> None:
        assert self._socket is not None
        for start in range(offset, len(channel.sent), 16 * 1024):
            while start - channel.acknowledged > 200 * 1024:
                await self._news.wait()
            piece = bytes(channel.sent[start : start + 16 * 1024])
            await self._socket.send_bytes(bytes((channel.number,)) + start.to_bytes(8, "big") + piece)

    async def type(self, data: bytes, channel: Channel | None = None) -> None:
        """Send input; what is lost on the way is sent again at the next attach."""
        channel = channel or self.channels[1]
        start = len(channel.sent)
        channel.sent += data
        if self._socket is not None and not self._socket.closed:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                await self._send_from(channel, start)

    async def expect(self, text: bytes, seconds: float = 15, channel: Channel | None = None) -> None:
        """Wait until the output holds this, attaching again when the socket is gone."""
        output = (channel or self.channels[1]).output
        try:
            await self.until(lambda: text in output, seconds)
        except TimeoutError:
            raise AssertionError(f"{text!r} not in …{bytes(output[-400:])!r}") from None

    async def until(self, check: Callable[[], Any], seconds: float = 15) -> None:
        """Wait until this is so, looking at every message, and attaching again when the socket is gone."""
        async with asyncio.timeout(seconds * BESIDE_OTHERS):
            while not check():
                if self._reader is not None and self._reader.done():
                    self._reader.result()  # says what was wrong with a message
                if (self._socket is None or self._socket.closed) and self._open_channels():
                    await self.attach(seconds)
                else:
                    await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def drop(self) -> None:
        """Lose the network: the socket ends without a closing frame."""
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._socket is not None:
            connection = self._socket.get_extra_info("socket")
            if connection is not None and not self._socket.closed:
                connection.shutdown(socket.SHUT_RDWR)
        if self._http is not None:
            await self._http.close()
        self._socket = self._http = self._reader = None

    async def close(self) -> None:
        """Close the tab."""
        if self._socket is not None:
            await self._socket.close(code=1000)
        await self.drop()


def start_agent(product: Product, state: Path, site_code: str) -> "subprocess.Popen[bytes]":
    """One more real agent, under the test's control."""
    with (product.data / "agents.out").open("ab") as out:
        return subprocess.Popen(
            [BIN / "gururmm-agent", "run", "--server", product.url, "--site-code", site_code, "--state-dir", state],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | {"GURURMM_HOSTNAME": ""},
        )
