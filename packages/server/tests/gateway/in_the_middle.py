"""Whoever sits between a real agent and a real gateway: passes on what it likes, changes it, and puts in its own.

What TLS would hide is open here, as behind an inspecting proxy, a rogue authority, or where there is no TLS at all.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

from gururmm_server.entrypoints.agent_gateway.frames import BINARY, CLOSE, frame
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway

UP: Final = "up"
DOWN: Final = "down"

Plan = Callable[["Relayed", str, bytes], list[bytes]]
"""What becomes of a message on its way up or down: the messages that go on in its place."""


def honest(_link: "Relayed", _way: str, message: bytes) -> list[bytes]:
    """Pass it on."""
    return [message]


class Relayed:
    """One agent's connection through the middle. `said` has the binary messages of each way, as they were sent."""

    def __init__(self, agent: asyncio.StreamWriter, gateway: asyncio.StreamWriter) -> None:
        self._agent = agent
        self._gateway = gateway
        self.said: dict[str, list[bytes]] = {UP: [], DOWN: []}
        self.closing = False

    def put_in(self, way: str, payload: bytes, opcode: int = BINARY) -> None:
        """Send this as if it came from the other side."""
        if way is UP:
            self._gateway.write(_masked(payload, opcode))
        else:
            self._agent.write(frame(payload, opcode))

    def end(self) -> None:
        self._agent.close()
        self._gateway.close()


class Middle:
    """Listens where the agent believes the gateway to be."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway_id = gateway.gateway_id
        self._gateway_port = gateway.port
        self._links: list[Relayed] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self.plan: Plan = honest
        self.closed: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        """Of each connection, which way its first close frame went, and the code."""
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for link in self._links:
            link.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def link(self, number: int, way: str = UP, messages: int = 4) -> Relayed:
        """The connection of this number, once so many messages went this way: with 4 it is in full use."""
        async with asyncio.timeout(30):
            while len(self._links) <= number or len(self._links[number].said[way]) < messages:
                self._news.clear()
                await self._news.wait()
        return self._links[number]

    async def _accept(self, agent_in: asyncio.StreamReader, agent_out: asyncio.StreamWriter) -> None:
        gateway_in, gateway_out = await asyncio.open_connection("127.0.0.1", self._gateway_port)
        link = Relayed(agent_out, gateway_out)
        self._links.append(link)
        with suppress(asyncio.IncompleteReadError):  # the test is over
            gateway_out.write(await agent_in.readuntil(b"\r\n\r\n"))
            agent_out.write(await gateway_in.readuntil(b"\r\n\r\n"))
        for way, source in ((UP, agent_in), (DOWN, gateway_in)):
            task = asyncio.create_task(self._relay(link, way, source))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _relay(self, link: Relayed, way: str, source: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                opcode, payload = await _read(source)
                if opcode == BINARY:
                    link.said[way].append(payload)
                    for message in self.plan(link, way, payload):
                        link.put_in(way, message)
                else:
                    if opcode == CLOSE and not link.closing:
                        link.closing = True
                        self.closed.put_nowait((way, int.from_bytes(payload[:2], "big")))
                    link.put_in(way, payload, opcode)
                self._news.set()
        link.end()


async def _read(source: asyncio.StreamReader) -> tuple[int, bytes]:
    """One whole frame: neither side here sends fragments."""
    first, second = await source.readexactly(2)
    size = second & 0x7F
    if size >= 126:
        size = int.from_bytes(await source.readexactly(2 if size == 126 else 8), "big")
    key = await source.readexactly(4) if second & 0x80 else bytes(4)
    payload = await source.readexactly(size)
    return first & 15, bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


def _masked(payload: bytes, opcode: int) -> bytes:
    """As a client sends it; the mask of zeros leaves it readable."""
    whole = frame(payload, opcode)
    head = len(whole) - len(payload)
    return bytes((whole[0], whole[1] | 0x80)) + whole[2:head] + bytes(4) + payload
