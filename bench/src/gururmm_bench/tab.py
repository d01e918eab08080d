"""The browser's side of a tech session, as far as an echo needs it, and the keys that are measured with it."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from typing import Final

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from gururmm_bench.rest import Rest

ECHO_PROGRAM: Final = "stty raw -echo; echo ready; exec cat"
_LIMIT_S: Final = 20.0
_ACKNOWLEDGE_S: Final = 0.25
"""As the dashboard does it."""


class Echo:
    """Waits for bytes that come back. `got` is called with whatever arrives."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._news = asyncio.Event()

    def got(self, data: bytes) -> None:
        """Take what came."""
        self.received += data
        self._news.set()

    async def until(self, end: bytes) -> None:
        """Wait until what came ends so. Raises `TimeoutError`."""
        async with asyncio.timeout(_LIMIT_S):
            while not self.received.endswith(end):
                self._news.clear()
                await self._news.wait()


class Tab(WSListener):  # type: ignore[misc,unused-ignore]
    """One session's stream, with one terminal in it."""

    def __init__(self) -> None:
        self.echo = Echo()
        self.problem = ""
        self._transport: WSTransport | None = None
        self._sent = 0
        self._seen = 0
        self._acknowledged = 0.0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._tell(type="attach", channel=1, output_offset=0, parameters={"columns": 120, "rows": 32})

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if frame.msg_type == WSMsgType.BINARY:
            self._seen = int.from_bytes(data[1:9], "big") + len(data) - 9
            self.echo.got(data[9:])
            if time.monotonic() - self._acknowledged > _ACKNOWLEDGE_S:
                self._acknowledged = time.monotonic()
                self._tell(type="ack", channel=1, output_offset=self._seen)
        elif frame.msg_type == WSMsgType.TEXT:
            said = json.loads(data)
            if said["type"] == "closed":
                self.problem = said["reason"]
        elif frame.msg_type == WSMsgType.CLOSE:
            self.problem = self.problem or data[2:].decode("utf-8", "replace")
            transport.disconnect()

    def type(self, keys: bytes) -> None:
        """Send keys, as the browser does while somebody types."""
        assert self._transport is not None
        self._transport.send(WSMsgType.BINARY, b"\x01" + self._sent.to_bytes(8, "big") + keys)
        self._sent += len(keys)

    async def start_echoing(self) -> None:
        """Have the shell give way to a program that returns every byte. Raises `RuntimeError`."""
        try:
            self.type(ECHO_PROGRAM.encode() + b"\n")
            await self.echo.until(b"ready\n")
        except TimeoutError as error:
            last = bytes(self.echo.received[-200:])
            raise RuntimeError(f"No echo came back (closed: {self.problem}); last: {last!r}") from error

    def close(self) -> None:
        """End the session."""
        if self._transport is not None:
            self._tell(type="close")
            self._transport.disconnect()

    def _tell(self, **message: object) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, json.dumps(message).encode())


def open_terminal(rest: Rest, agent_id: str) -> str:
    """Open a tech session with a terminal; returns the address of its stream."""
    opened = rest.post("/tunnel/open", {"agent_id": agent_id, "columns": 120, "rows": 32}).body
    return f"ws://{rest.host}:{rest.port}{opened['stream_url']}"


async def attach(address: str, origin: str) -> Tab:
    """A tab at a stream, attached to its terminal."""
    tab = Tab()
    await ws_connect(lambda: tab, address, extra_headers={"Origin": origin}, max_redirects=0, use_aiofastnet=False)
    return tab


async def key_times(
    echo: Echo,
    send: Callable[[bytes], object],
    *,
    rounds: int,
    pause_s: float,
    warm_up: int = 20,
    between: Callable[[], None] = lambda: None,
) -> list[float]:
    """Milliseconds from each key to its echo; a pause of 0.5 to 1.5 times `pause_s` and `between` after each."""
    milliseconds = []
    for number in range(warm_up + rounds):
        key = bytes([97 + number % 26])
        echo.received.clear()
        began = time.perf_counter()
        send(key)
        await echo.until(key)
        if number >= warm_up:
            milliseconds.append((time.perf_counter() - began) * 1000)
        between()
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
    return milliseconds
