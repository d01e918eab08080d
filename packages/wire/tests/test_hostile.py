"""Whatever bytes arrive, decoding answers with a message or with `MalformedMessage`, and with nothing else."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from gururmm_wire.codec import (
    AGENT_TAGS,
    SERVER_TAGS,
    MalformedMessage,
    UnknownMessage,
    decode_authenticate,
    decode_from_agent,
    decode_from_server,
    encode,
)
from gururmm_wire.v2.agent import Answer, CommandResult, InventoryHashes, InventorySection, TunnelClosed
from gururmm_wire.v2.limits import CHUNK_BYTES
from samples import FROM_AGENT, FROM_SERVER, HASH, ID

ALL = [*FROM_AGENT.values(), *FROM_SERVER.values()]
INPUTS = 200_000
SEED = 20_261_123

# One value of each kind that MessagePack knows, and the extremes.
_KINDS: list[Any] = [None, True, -1, 0, 2**63, 2**64 - 1, -(2**63), 1.5, float("nan"), "", "x", "\0", b"", b"x", [], {}]
_KINDS += [[[]], {"a": {}}, {1: 2}, msgspec.msgpack.Ext(5, b"x"), "x" * 3000, b"x" * (CHUNK_BYTES + 1), [0] * 6000]


def survives(data: bytes) -> bool:
    """True when at least one side takes the bytes for a message."""
    taken = False
    for decode in (decode_from_agent, decode_from_server, decode_authenticate):
        try:
            decode(data)
            taken = True
        except MalformedMessage:
            continue
    return taken


@pytest.mark.parametrize("name", FROM_AGENT)
def test_an_agents_message_cut_at_any_byte_is_malformed(name: str) -> None:
    data = encode(FROM_AGENT[name])
    for end in range(len(data)):
        with pytest.raises(MalformedMessage):
            decode_from_agent(data[:end])
    with pytest.raises(MalformedMessage):
        decode_from_agent(data + b"\x00")


@pytest.mark.parametrize("name", FROM_SERVER)
def test_a_servers_message_cut_at_any_byte_is_malformed(name: str) -> None:
    data = encode(FROM_SERVER[name])
    for end in range(len(data)):
        with pytest.raises(MalformedMessage):
            decode_from_server(data[:end])
    with pytest.raises(MalformedMessage):
        decode_from_server(data + b"\x00")


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: type(sample).__name__)
def test_every_field_with_every_other_type(sample: Any) -> None:
    parts = msgspec.msgpack.decode(encode(sample))
    for place in range(len(parts)):
        for value in _KINDS:
            survives(msgspec.msgpack.encode([*parts[:place], value, *parts[place + 1 :]]))
        if place:
            survives(msgspec.msgpack.encode(parts[:place]))


@pytest.mark.parametrize("code", [2**63, 2**64 - 1, 2**33, -(2**31) - 1])
def test_an_exit_code_that_no_system_has_is_malformed(code: int) -> None:
    with pytest.raises(MalformedMessage):
        decode_from_agent(encode(TunnelClosed(session_id=ID, channel=1, exit_code=code)))


@pytest.mark.parametrize("tag", [-1, 0, 2**16, 2**32, "1", None, True, 1.0, [1]])
def test_what_is_no_tag_is_malformed(tag: object) -> None:
    data = msgspec.msgpack.encode([tag, ID, ID])
    for decode in (decode_from_agent, decode_from_server):
        with pytest.raises(MalformedMessage) as raised:
            decode(data)
        assert not isinstance(raised.value, UnknownMessage)


@pytest.mark.parametrize("tag", [max(AGENT_TAGS | SERVER_TAGS) + 1, 99, 200, 255, 2**16 - 1])
def test_a_tag_of_the_future_is_unknown_and_nothing_worse(tag: int) -> None:
    whole = msgspec.msgpack.encode([tag, ID, {"any": ["thing"]}])
    for decode in (decode_from_agent, decode_from_server):
        with pytest.raises(UnknownMessage) as raised:
            decode(whole)
        assert raised.value.tag == tag
        for torn in (whole[:-1], whole + b"\0", b"\x92" + msgspec.msgpack.encode(tag) + b"\xc1"):
            with pytest.raises(MalformedMessage) as refused:
                decode(torn)
            assert not isinstance(refused.value, UnknownMessage)
    with pytest.raises(MalformedMessage):
        decode_authenticate(whole)


def test_a_known_message_that_does_not_fit_is_malformed() -> None:
    for decode, tags in ((decode_from_agent, AGENT_TAGS), (decode_from_server, SERVER_TAGS)):
        for tag in tags:
            with pytest.raises(MalformedMessage) as raised:
                decode(msgspec.msgpack.encode([tag, 1.5]))
            assert not isinstance(raised.value, UnknownMessage)


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "a\n", "\0", "ünbekannt", "1st", "x" * 41])
def test_a_name_out_of_bounds_is_malformed(name: str) -> None:
    for message in (
        InventoryHashes(hashes={name: HASH}),
        InventorySection(section=name, hash=HASH, items={}),
        CommandResult(command_id=ID, outcome=name, exit_code=0, duration_ms=0, chunks=0),
        Answer(query_id=ID, ok=False, code=name),
    ):
        with pytest.raises(MalformedMessage):
            decode_from_agent(encode(message))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x80",
        b"\x90",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\x91" * 5000,
        b"\x9f\x0f" + b"\x91" * 200_000,
        b"\x95\x0f\xc4\x10" + bytes(16) + b"\xc3\xa0" + b"\x91" * 200_000,
        b"\x94\x02\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x92\x10\xa2\xff\xfe",
    ],
)
def test_known_traps_of_the_format(data: bytes) -> None:
    assert not survives(data)


def test_two_hundred_thousand_hostile_inputs() -> None:
    """Mutations of real messages and plain noise. Reproducible: the seed is fixed, and a failure prints its input."""
    taken = 0
    for data in _inputs(random.Random(SEED)):
        try:
            taken += survives(data)
        except BaseException as error:
            raise AssertionError(f"{type(error).__name__} on {data.hex()}") from error
    # The mutations are near enough to the truth that some are messages still, and far enough that most are not.
    assert 0.02 * INPUTS < taken < 0.9 * INPUTS


def _inputs(source: random.Random) -> Iterator[bytes]:
    corpus = [encode(message) for message in ALL]
    for number in range(INPUTS):
        if number % 8 == 0:
            yield source.randbytes(source.randrange(64))
            continue
        data = bytearray(source.choice(corpus))
        for _ in range(source.randrange(1, 4)):
            _mutate(data, corpus, source)
        yield bytes(data[:4096])


def _mutate(data: bytearray, corpus: list[bytes], source: random.Random) -> None:
    if not data:
        data += source.randbytes(8)
    place = source.randrange(len(data))
    match source.randrange(6):
        case 0:
            data[place] = source.randrange(256)
        case 1:
            data[place] ^= 1 << source.randrange(8)
        case 2:
            del data[place : place + source.randrange(1, 9)]
        case 3:
            data[place:place] = source.randbytes(source.randrange(1, 9))
        case 4:
            data[place:place] = data[: source.randrange(1, 33)]
        case _:
            other = source.choice(corpus)
            data[place:] = other[source.randrange(len(other)) :]
