"""Connections that have not proved who they are: they come whole and soon, and keep no machine out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from agent_end import Fleet, until
from gururmm_server.entrypoints.agent_gateway import door, gateway
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra import crowd

Start = Callable[..., Awaitable[Gateway]]

REQUEST = (
    b"GET /agent/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
)


class Strangers:
    """Connections that say something and no more; they hear all that they are told."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []
        self._hearing: list[asyncio.Task[bytes]] = []

    async def come(self, port: int, count: int, said: bytes) -> None:
        async def one() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            self._writers.append(writer)
            self._hearing.append(asyncio.create_task(reader.read()))

        await asyncio.gather(*(one() for _ in range(count)))

    @property
    def gone(self) -> int:
        """How many were let go."""
        return sum(each.done() for each in self._hearing)

    async def leave(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._hearing, return_exceptions=True)
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)


@pytest.fixture
async def strangers() -> AsyncIterator[Strangers]:
    crowd = Strangers()
    yield crowd
    await crowd.leave()


@pytest.mark.parametrize(
    "said", [b"", b"GET /agent/v2 HTTP/1.1\r\nHost:", REQUEST + b"\r\n"], ids=["silent", "half a request", "upgraded"]
)
async def test_a_crowd_of_silent_sockets_keeps_no_machine_out(
    start_gateway: Start, fleet: Fleet, strangers: Strangers, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Where as many wait as may, the oldest of the visitor with most of them is let go."""
    monkeypatch.setattr(gateway, "WAITING", 300)
    running = await start_gateway()
    agents = await fleet.enrol(2)
    await strangers.come(running.port, 500, said)
    for agent in agents:
        await agent.join(running.port)
    assert len(running.roster.agents) == 2
    await until(lambda: strangers.gone >= 200)


async def test_a_visitors_oldest_go_first(
    start_gateway: Start, fleet: Fleet, strangers: Strangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "FRESH_S", 0.0)
    running = await start_gateway()
    await strangers.come(running.port, crowd.MOST_EACH + 50, REQUEST + b"\r\n")
    await until(lambda: strangers.gone == 50)
    assert len(running.roster.waiting) == crowd.MOST_EACH
    (agent,) = await fleet.enrol()
    await agent.join(running.port)


@pytest.mark.parametrize("said", [b"", b"GET", REQUEST, b"x" * 100])
async def test_a_request_comes_soon_or_not_at_all(
    start_gateway: Start, strangers: Strangers, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(door, "HEAD_S", 0.2)
    running = await start_gateway()
    await strangers.come(running.port, 3, said)
    await until(lambda: strangers.gone == 3)


async def test_a_proof_comes_soon_or_not_at_all(gateway: Gateway, strangers: Strangers) -> None:
    """The challenge was sent; whoever does not answer it is let go by the sweeper."""
    await strangers.come(gateway.port, 3, REQUEST + b"\r\n")
    await until(lambda: len(gateway.roster.waiting) == 3)
    for socket in gateway.roster.waiting:
        gateway.roster.waiting[socket] -= 3600
    await until(lambda: strangers.gone == 3)
    assert not gateway.roster.waiting


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /agent/v1 HTTP/1.1\r\n" + REQUEST.partition(b"\r\n")[2], 404),
        (b"POST /agent/v2 HTTP/1.1\r\n" + REQUEST.partition(b"\r\n")[2], 405),
        (b"GET /agent/v2 HTTP/1.0\r\n" + REQUEST.partition(b"\r\n")[2], 400),
        (b"GET /agent/v2 HTTP/1.1\r\nHost: x\r\n", 426),
        (REQUEST.replace(b"AAAAAAAAAAAAAAAAAAAAAA==", b"AAAA"), 400),
        (REQUEST.replace(b"AAAAAAAAAAAAAAAAAAAAAA==", b"?"), 400),
        (REQUEST.replace(b"Version: 13", b"Version: 8"), 400),
        (REQUEST.replace(b"Host: x", b"Host x"), 400),
        (REQUEST.replace(b"Host: x", b" Host: x"), 400),
        (b"\xff\xfe\x00\r\n", 400),
        (b"\r\n", 400),
        (b"GET /agent/v2 HTTP/1.1\r\n" + b"x: y\r\n" * 2000, 431),
    ],
)
async def test_what_is_no_upgrade_is_refused(gateway: Gateway, request_: bytes, status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(request_ + b"\r\n")
    assert int((await asyncio.wait_for(reader.readline(), 10)).split()[1]) == status
    writer.close()


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_a_request_may_come_in_pieces_and_be_spelled_as_proxies_spell_it(gateway: Gateway, step: int) -> None:
    spelled = REQUEST.replace(b"Upgrade: websocket", b"upgrade: WebSocket")
    spelled = spelled.replace(b"Connection: Upgrade", b"CONNECTION: keep-alive, upgrade")
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    whole = spelled + b"\r\n"
    for start in range(0, len(whole), step):
        writer.write(whole[start : start + step])
        await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    # The key's answer as RFC 6455 says it is made.
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n" in head
    writer.close()
