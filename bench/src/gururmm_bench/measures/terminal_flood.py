"""`cat` of 50 MB in a terminal: browser socket, audit, recording, gateway, agent and PTY, byte for byte."""

import asyncio
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Final

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from gururmm_bench.bench import Bench
from gururmm_bench.clocks import Meter
from gururmm_bench.figures import Figure
from gururmm_bench.stack import ENGINES, SERVER_PROCESSES

_ROUNDS: Final = 3
_LIMIT_S: Final = 120.0
_ACKNOWLEDGE_BYTES: Final = 64 * 1024
"""As the dashboard does it."""
_HEAD: Final = 9
_TARGET: Final = 40.0


class _Tab(WSListener):  # type: ignore[misc,unused-ignore]
    """A browser that draws at once. From `begin` on it counts and hashes what comes after a line that says GO."""

    def __init__(self) -> None:
        self._transport: WSTransport | None = None
        self._typed = 0
        self._seen = self._acknowledged = 0
        self._before = bytearray()
        self._hash = hashlib.sha256()
        self._count = -1
        self._news = asyncio.Event()
        self.problem = ""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._tell(type="attach", channel=1, output_offset=0, parameters={"columns": 120, "rows": 32})

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.BINARY:
            self._take(frame.get_payload_as_memoryview()[_HEAD:])
        elif frame.msg_type == WSMsgType.CLOSE:
            self.problem = frame.get_payload_as_bytes()[2:].decode("utf-8", "replace")
            transport.disconnect()

    async def run(self, command: bytes, size: int) -> str:
        """Run a command; the SHA-256 of its first `size` bytes after GO."""
        self._before.clear()
        self._hash, self._count = hashlib.sha256(), -1
        self._type(b"printf 'G''O'; " + command + b"\n")
        async with asyncio.timeout(_LIMIT_S):
            while self._count < size:
                self._news.clear()
                await self._news.wait()
        return self._hash.hexdigest()

    def close(self) -> None:
        self._tell(type="close")

    def _take(self, data: memoryview) -> None:
        self._seen += len(data)
        if self._count >= 0:
            self._hash.update(data)
            self._count += len(data)
        else:
            self._before += data
            found = self._before.find(b"GO")
            if found >= 0:
                rest = bytes(self._before[found + 2 :])
                self._hash.update(rest)
                self._count = len(rest)
        if self._seen - self._acknowledged >= _ACKNOWLEDGE_BYTES:
            self._acknowledged = self._seen
            self._tell(type="ack", channel=1, output_offset=self._seen)
        self._news.set()

    def _type(self, keys: bytes) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.BINARY, b"\x01" + self._typed.to_bytes(8, "big") + keys)
        self._typed += len(keys)

    def _tell(self, **message: object) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, json.dumps(message).encode())


def measure(bench: Bench) -> list[Figure]:
    """The best of three, beside the best of three of a bare PTY with a reader that does nothing."""
    stack, size = bench.stack, bench.sizes.flood_mb * 1024 * 1024
    source = stack.scratch("flood") / "source"
    source.write_bytes(os.urandom(size // 2).hex().encode())
    expected = hashlib.sha256(source.read_bytes()).hexdigest()
    floor, sockets = bench.floors.pty_cat(source), bench.floors.two_sockets()
    opened = stack.rest.post("/tunnel/open", {"agent_id": stack.agent_id, "columns": 120, "rows": 32}).body
    address = f"ws://{stack.rest.host}:{stack.rest.port}{opened['stream_url']}"
    meter = Meter(stack.processes, (*SERVER_PROCESSES, *ENGINES, "agent"))
    rates = uvloop.run(_through(address, stack.url, source, expected))
    spent = meter.spent()
    (channel,) = stack.rest.get(f"/tunnel/status/{opened['session_id']}").body["channels"]
    kept = 1 - channel["left_out_bytes"] / channel["output_bytes"]
    details: dict[str, float | str] = {f"{sockets.name} MB/s": sockets.value, "part recorded": kept}
    megabytes = _ROUNDS * size / 1e6
    details |= {f"{process} CPU-ms a MB": seconds * 1e3 / megabytes for process, seconds in spent.items()}
    details["CPU-ms a MB of all"] = sum(spent.values()) * 1e3 / megabytes
    note = f"{_ROUNDS} × {bench.sizes.flood_mb} MB of hex digits, SHA-256 equal, typed line audited, real agent"
    name = f"`cat` of {bench.sizes.flood_mb} MB in a terminal"
    return [Figure(name, "MB/s", _TARGET, "at least", max(rates), note, details, floor)]


async def _through(address: str, origin: str, source: Path, expected: str) -> list[float]:
    size = source.stat().st_size
    tab = _Tab()
    await ws_connect(lambda: tab, address, extra_headers={"Origin": origin}, max_redirects=0, use_aiofastnet=False)
    try:
        await tab.run(b"stty raw -echo; printf ready", len(b"ready"))
        rates = []
        for _ in range(_ROUNDS):
            await asyncio.sleep(0.5)
            began = time.perf_counter()
            found = await tab.run(f"cat '{source}'; sleep 0.3".encode(), size)
            rates.append(size / (time.perf_counter() - began) / 1e6)
            if found != expected:
                raise RuntimeError("what the browser got is not what was printed")
    except TimeoutError as error:
        raise RuntimeError(f"The terminal did not print it all in {_LIMIT_S:.0f} s ({tab.problem})") from error
    finally:
        tab.close()
        await asyncio.sleep(0.1)
    return rates
