"""Thousands of hostile conversations with a living gateway: it stays, it leaks nothing, it serves the honest."""

import asyncio
import os
import random
from contextlib import suppress

from agent_end import Fleet
from gururmm_server.entrypoints.agent_gateway.frames import FrameReader, FrameRefused
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import (
    Answer,
    CommandAccepted,
    CommandOutput,
    CommandResult,
    Goodbye,
    Heartbeat,
    InventoryDelta,
    InventoryHashes,
    InventorySection,
    Message,
    MetricsBacklog,
    SettingsApplied,
    TunnelClosed,
    TunnelInputAck,
    TunnelOpened,
    TunnelOutput,
)

from packages.server.tests.waiting import until

SEED = 20_261_123
STRANGERS = 1500
INSIDERS = 1500
_UPGRADE = (
    b"GET /agent/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def _messages() -> list[Message]:
    one = bytes(16)
    return [
        Heartbeat(at=1, cpu=2, memory=3),
        MetricsBacklog(samples=[]),
        InventoryHashes(hashes={"system": one}),
        InventorySection(section="system", hash=one, items={"os": {"a": [1]}}),
        InventoryDelta(section="users", base_hash=one, hash=one, changed={"x": None}, removed=["y"]),
        CommandAccepted(command_id=one, started_at_ms=1),
        CommandOutput(command_id=one, seq=0, stream=1, data=b"x"),
        CommandResult(command_id=one, outcome="failed", exit_code=1, duration_ms=1, chunks=1),
        TunnelOpened(session_id=one, channel=1, half=None, signature=None),
        TunnelOutput(session_id=one, channel=1, offset=0, data=b"x"),
        TunnelInputAck(session_id=one, channel=1, offset=0),
        TunnelClosed(session_id=one, channel=1),
        Answer(query_id=one, ok=True, data={"x": 1}),
        Goodbye(),
        SettingsApplied(version=1),
    ]


def _spoil(data: bytes, source: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(source.randrange(3)):
        place = source.randrange(len(spoiled))
        match source.randrange(4):
            case 0:
                spoiled[place] = source.randrange(256)
            case 1:
                del spoiled[place:]
                spoiled += b"\x00"
            case 2:
                spoiled[place:place] = source.randbytes(4)
            case _:
                spoiled *= 2
    return bytes(spoiled)


def _frame(payload: bytes, source: random.Random) -> bytes:
    opcode = source.choice([2, 2, 2, 2, 2, 0, 1, 8, 9, 10, 3, 15])
    first = (
        opcode | (0x80 if source.random() < 0.9 else 0) | (source.choice([0x10, 0x40]) if source.random() < 0.05 else 0)
    )
    size = len(payload)
    head = bytes((first, 0x80 | min(size, 125) if size < 126 else 0xFE)) + (
        size.to_bytes(2, "big") if size > 125 else b""
    )
    return head + bytes(4) + payload


def test_a_hundred_thousand_broken_streams() -> None:
    """The frame reader alone: any bytes in any pieces give messages or `FrameRefused`."""
    source = random.Random(SEED)
    corpus = [encode(message) for message in _messages()]
    refused = 0
    for _ in range(100_000):
        stream = b"".join(_frame(_spoil(source.choice(corpus), source), source) for _ in range(source.randrange(1, 3)))
        stream = _spoil(stream, source)
        reader = FrameReader()
        cut = source.randrange(len(stream) + 1)
        try:
            for piece in (stream[:cut], stream[cut:]):
                reader.feed(memoryview(piece))
        except FrameRefused:
            refused += 1
    assert 10_000 < refused < 90_000, "what is spoilt is refused, and not everything was spoilt beyond reading"


async def test_strangers_of_every_kind(gateway: Gateway, fleet: Fleet) -> None:
    source = random.Random(SEED)
    tasks = len(asyncio.all_tasks())
    (honest,) = await fleet.enrol()
    await honest.join(gateway.port)

    async def stranger(kind: int, noise: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        match kind:
            case 0:
                writer.write(noise)
            case 1:
                writer.write(_UPGRADE[: source.randrange(len(_UPGRADE))])
            case 2:
                writer.write(_UPGRADE + noise)  # on the heels of the request
            case _:
                writer.write(_UPGRADE)
                await reader.read(200)
                writer.write(noise)
        with suppress(TimeoutError, OSError):
            await asyncio.wait_for(reader.read(4096), 0.05)
        if source.random() < 0.5:
            writer.close()
        else:
            writer.transport.abort()

    corpus = [encode(message) for message in _messages()]
    for start in range(0, STRANGERS, 50):
        await asyncio.gather(
            *(
                stranger((start + n) % 5, _frame(_spoil(source.choice(corpus), source), source) + os.urandom(n % 40))
                for n in range(50)
            )
        )
    await _quiet(gateway, tasks, 1)
    honest.send(Heartbeat(at=1, cpu=1, memory=1))
    assert len(gateway.roster.agents) == 1


async def test_agents_that_turned_hostile(gateway: Gateway, fleet: Fleet) -> None:
    """Authenticated, then anything: whole messages with hostile content, and spoilt ones."""
    source = random.Random(SEED)
    tasks = len(asyncio.all_tasks())
    agents = await fleet.enrol(10)
    corpus = [encode(message) for message in _messages()]
    sent = 0
    while sent < INSIDERS:
        await asyncio.gather(*(agent.join(gateway.port) for agent in agents))
        for agent in agents:
            for _ in range(source.randrange(1, 30)):
                agent.send_sealed(
                    _spoil(source.choice(corpus), source) if source.random() < 0.3 else source.choice(corpus)
                )
                sent += 1
        if source.random() < 0.5:  # half of them are cut while they are still being read
            await asyncio.sleep(0.02)  # sleep: whoever was closed answers nothing that could be waited for
        for agent in agents:
            agent.cut()
    await _quiet(gateway, tasks, 0)
    await agents[0].join(gateway.port)


async def _quiet(gateway: Gateway, tasks: int, agents: int) -> None:
    """Nothing is left of the hostile ones: no connection, no task."""
    roster = gateway.roster

    def left() -> list[int]:
        """Tasks too many, and sockets in each state."""
        for socket in roster.waiting:
            roster.waiting[socket] -= 10  # their time is over
        states = (roster.waiting, roster.checking, roster.closing, roster.throttled)
        return [len(asyncio.all_tasks()) - tasks, *(len(state) for state in states), len(roster.agents) - agents]

    try:
        await until(lambda: not any(count > 0 for count in left()) and len(roster.agents) == agents, 20)
    except TimeoutError:
        raise AssertionError(left()) from None
