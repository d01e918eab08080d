"""A key's echo through the whole chain (browser socket, audit, gateway, agent, PTY and back) beyond the PTY's own."""

import asyncio
import json
import os
import pty
import random
import subprocess
import time
from collections.abc import Callable
from typing import Final

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from gururmm_bench.figures import Figure, quantile
from gururmm_bench.stack import Stack

_ROUNDS: Final = 300
_WARM_UP: Final = 20
_PAUSE_S: Final = 0.03
_ECHO_PROGRAM: Final = "stty raw -echo; echo ready; exec cat"
_LIMIT_S: Final = 10.0
_ACKNOWLEDGE_S: Final = 0.25
"""As the dashboard does it."""


class _Echo:
    """Waits for bytes that come back. `got` is called with whatever arrives."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._news = asyncio.Event()

    def got(self, data: bytes) -> None:
        self.received += data
        self._news.set()

    async def until(self, end: bytes) -> None:
        async with asyncio.timeout(_LIMIT_S):
            while not self.received.endswith(end):
                self._news.clear()
                await self._news.wait()


class _Tab(WSListener):  # type: ignore[misc,unused-ignore]
    """The browser's side of a session, as far as an echo needs it."""

    def __init__(self, echo: _Echo) -> None:
        self._echo = echo
        self._transport: WSTransport | None = None
        self._sent = 0
        self._seen = 0
        self._acknowledged = 0.0
        self.problem = ""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._tell(type="attach", channel=1, output_offset=0, parameters={"columns": 120, "rows": 32})

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if frame.msg_type == WSMsgType.BINARY:
            self._seen = int.from_bytes(data[1:9], "big") + len(data) - 9
            self._echo.got(data[9:])
            if time.monotonic() - self._acknowledged > _ACKNOWLEDGE_S:
                self._acknowledged = time.monotonic()
                self._tell(type="ack", channel=1, output_offset=self._seen)
        elif frame.msg_type == WSMsgType.CLOSE:
            self.problem = f"closed: {data[2:].decode('utf-8', 'replace')}"
            transport.disconnect()

    def type(self, keys: bytes) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.BINARY, b"\x01" + self._sent.to_bytes(8, "big") + keys)
        self._sent += len(keys)

    def close(self) -> None:
        if self._transport is not None:
            self._tell(type="close")
            self._transport.disconnect()

    def _tell(self, **message: object) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, json.dumps(message).encode())


def measure(stack: Stack) -> list[Figure]:
    """The same keys at the same pace: first to a bare PTY in this process, then through the product."""
    bare = uvloop.run(_bare())
    opened = stack.rest.post("/tunnel/open", {"agent_id": stack.agent_id, "columns": 120, "rows": 32}).body
    address = f"ws://{stack.rest.host}:{stack.rest.port}{opened['stream_url']}"
    whole = uvloop.run(_through(address, stack.url))
    note = f"{_ROUNDS} keys, `cat` on a raw PTY, real agent, audit included"
    return [
        _figure("terminal key echo beyond the PTY's own, p50", 0.5, 2.5, whole=whole, bare=bare, note=note),
        _figure("terminal key echo beyond the PTY's own, p95", 0.95, 6.0, whole=whole, bare=bare, note=""),
    ]


def _figure(name: str, part: float, target: float, *, whole: list[float], bare: list[float], note: str) -> Figure:
    # The bare PTY's median is taken off both, so that a noisy moment of the bare one cannot flatter the product's p95.
    chain, own = quantile(whole, part), quantile(bare, 0.5)
    details: dict[str, float | str] = {"whole chain ms": chain, "bare PTY p50 ms": own}
    return Figure(name, "ms", target, "at most", chain - own, note, details)


async def _bare() -> list[float]:
    master, slave = pty.openpty()
    echo = _Echo()
    with subprocess.Popen(["sh", "-c", _ECHO_PROGRAM], stdin=slave, stdout=slave, stderr=slave) as program:
        os.close(slave)
        loop = asyncio.get_running_loop()
        loop.add_reader(master, lambda: echo.got(os.read(master, 65536)))
        try:
            await echo.until(b"ready\n")
            return await _keys(echo, lambda keys: os.write(master, keys))
        finally:
            loop.remove_reader(master)
            program.kill()
            os.close(master)


async def _through(address: str, origin: str) -> list[float]:
    echo = _Echo()
    tab = _Tab(echo)
    await ws_connect(lambda: tab, address, extra_headers={"Origin": origin}, max_redirects=0, use_aiofastnet=False)
    try:
        await asyncio.sleep(1.0)
        tab.type(_ECHO_PROGRAM.encode() + b"\n")
        await echo.until(b"ready\n")
        return await _keys(echo, tab.type)
    except TimeoutError as error:
        raise RuntimeError(f"No echo came back ({tab.problem}); last: {bytes(echo.received[-200:])!r}") from error
    finally:
        tab.close()
        await asyncio.sleep(0.1)


async def _keys(echo: _Echo, send: Callable[[bytes], object]) -> list[float]:
    milliseconds = []
    for number in range(_WARM_UP + _ROUNDS):
        key = bytes([97 + number % 26])
        echo.received.clear()
        began = time.perf_counter()
        send(key)
        await echo.until(key)
        if number >= _WARM_UP:
            milliseconds.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(_PAUSE_S * random.uniform(0.5, 1.5))
    return milliseconds
