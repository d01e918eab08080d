"""Bounds of a connection: sizes, fragments, speed, and a reader that does not read."""

import asyncio
import os
import struct
from collections import Counter
from time import monotonic

import pytest
from agent_end import AgentEnd, Fleet, until
from gururmm_server.entrypoints.agent_gateway.frames import BINARY, CLOSE, PING, FrameReader, FrameRefused, close_frame
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.peer_log import LINES
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Heartbeat
from gururmm_wire.v2.limits import MAX_FRAGMENTS, MAX_MESSAGE_BYTES, MAX_SEALED_BYTES, Close
from picows import WSMsgType
from structlog.testing import capture_logs


def client_frame(payload: bytes, opcode: int = BINARY, *, fin: bool = True, key: bytes = b"\x01\x02\x03\x04") -> bytes:
    size = len(payload)
    head = bytes((opcode | (0x80 if fin else 0),))
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 65536:
        head += bytes((0xFE,)) + struct.pack(">H", size)
    else:
        head += bytes((0xFF,)) + struct.pack(">Q", size)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 100_000])
def test_frames_arrive_whole_however_they_are_cut(step: int) -> None:
    reader = FrameReader()
    reader.limit = MAX_SEALED_BYTES
    payloads = [b"", b"a", os.urandom(125), os.urandom(126), os.urandom(5000), os.urandom(70_000)]
    stream = b"".join(client_frame(p) for p in payloads)
    stream += client_frame(b"ab", fin=False) + client_frame(b"ping", PING) + client_frame(b"cd", 0)
    found = []
    for start in range(0, len(stream), step):
        found += reader.feed(memoryview(stream)[start : start + step])
    assert found == [(BINARY, p) for p in payloads] + [(PING, b"ping"), (BINARY, b"abcd")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(b"x", 1), 1003),
        (client_frame(b"x", 3), 1002),
        (client_frame(b"x", 0), 1002),
        (client_frame(b"x", fin=False) + client_frame(b"x"), 1002),
        (client_frame(b"x", PING, fin=False), 1002),
        (client_frame(b"x" * 126, PING), 1002),
        (client_frame(b"x", 11), 1002),
        (b"\xc2" + client_frame(b"x")[1:], 1002),
        (b"\x82\x01x", 1002),
        (b"\x82\xfe\x00\x05", 1002),
        (b"\x82\xff" + (5).to_bytes(8, "big"), 1002),
        (b"\x82\xff" + (2**63).to_bytes(8, "big"), Close.TOO_LARGE),
        (b"\x82\xfe\x10\x01", Close.TOO_LARGE),  # 4097 bytes are refused before they are sent
        (client_frame(b"x" * 4000, fin=False) + client_frame(b"x" * 100, 0), Close.TOO_LARGE),
        (client_frame(b"", fin=False) + client_frame(b"", 0, fin=False) * MAX_FRAGMENTS, Close.TOO_LARGE),
    ],
)
def test_broken_frames_are_refused_with_their_code(data: bytes, code: int) -> None:
    with pytest.raises(FrameRefused) as refused:
        FrameReader().feed(memoryview(data))
    assert refused.value.code == code


def test_a_long_reason_fits_into_a_close_frame() -> None:
    data = close_frame(4003, "ä" * 200)
    assert data[0] == 0x80 | CLOSE
    assert data[1] <= 125
    data[4:].decode()


async def test_a_message_as_long_as_may_be(gateway: Gateway, fleet: Fleet) -> None:
    """The seal comes on top: it takes nothing from what a message may hold."""
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send_sealed(bytes(MAX_MESSAGE_BYTES))
    assert await agent.ended() == Close.MALFORMED  # it came as far as the decoder


@pytest.mark.parametrize("size", [MAX_SEALED_BYTES + 1, 2 * MAX_SEALED_BYTES])
async def test_a_message_beyond_the_limit(gateway: Gateway, fleet: Fleet, size: int) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send_raw(bytes(size))
    assert await agent.ended() == Close.TOO_LARGE


async def test_endless_fragments(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send_raw(b"x", fin=False)
    for _ in range(MAX_FRAGMENTS + 1):
        agent.send_raw(b"x", WSMsgType.CONTINUATION, fin=False)
    assert await agent.ended() == Close.TOO_LARGE


async def test_a_message_in_fragments_is_understood(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    assert agent.listener.seal is not None
    data = agent.listener.seal.seal(encode(Heartbeat(at=1, cpu=77, memory=78)))
    agent.send_raw(data[:2], fin=False)
    agent.send_raw(data[2:], WSMsgType.CONTINUATION)

    async def arrived() -> bool:
        return bool(await fleet.value("select cpu from core.agent_state where agent_id = $1", agent.agent_id) == 77)

    await until(arrived)


async def test_a_flood_is_slowed_down_and_delivered(gateway: Gateway, fleet: Fleet) -> None:
    """No disconnect, no loss: the socket is simply read more slowly."""
    flood, calm = await fleet.enrol(2)
    await flood.join(gateway.port)
    await calm.join(gateway.port)
    started = monotonic()
    for number in range(16_000):
        flood.send(Heartbeat(at=1, cpu=1 + number % 900, memory=1))
    flood.send(Heartbeat(at=1, cpu=999, memory=1))
    calm.send(Heartbeat(at=1, cpu=555, memory=1))

    def done(agent: object, cpu: int) -> object:
        async def check() -> bool:
            return bool(
                await fleet.value("select cpu from core.agent_state where agent_id = $1", agent.agent_id) == cpu
            )

        return check

    await until(done(calm, 555), 30)
    assert not await done(flood, 999)(), "the calm one does not wait for the flood"
    await until(done(flood, 999), 60)
    assert monotonic() - started > 1
    assert len(gateway.roster.agents) == 2


async def test_an_agent_that_does_not_read_is_let_go(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.transport.underlying_transport.pause_reading()
    (socket,) = gateway.roster.agents.values()
    for _ in range(2000):
        socket.send(bytes(32_768))
        if not gateway.roster.agents:
            break
        await asyncio.sleep(0)
    assert not gateway.roster.agents
    assert socket.code == Close.TOO_SLOW
    await until(lambda: not gateway.roster.closing)


async def test_a_crowd_of_strangers_does_not_keep_agents_out_for_long(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    strangers = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(200)]
    await agent.join(gateway.port)
    for _, writer in strangers:
        writer.close()


async def test_a_hostile_fleet_fills_no_log(gateway: Gateway, fleet: Fleet) -> None:
    """Enrolled machines that talk nonsense and come back at once, strangers that prove nothing: few lines of each."""
    hostile, other = await fleet.enrol(2)
    stranger = AgentEnd(new_id(), hostile.secret_key, fleet.server_key)
    with capture_logs() as lines:
        for _ in range(20):
            for agent in (hostile, other):
                await agent.join(gateway.port)
                agent.send_sealed(b"\xc1" * 200)
                assert await agent.ended() == Close.MALFORMED
            stranger.send_raw(stranger.proof(await stranger.open(gateway.port)))
            assert await stranger.ended() == Close.UNAUTHENTICATED
    of_each = Counter((line["event"], line.get("agent_id")) for line in lines if "agent_id" in line)
    assert {event for event, _ in of_each} >= {"malformed message", "agent disconnected"}
    assert max(of_each.values()) <= LINES
