"""The handshake: who gets a seal, and that nobody in the middle can have a say in it."""

import json
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest
from gururmm_wire.codec import MalformedMessage, decode_authenticate, encode
from gururmm_wire.handshake import AgentHandshake, HandshakeFailed, ServerHandshake
from gururmm_wire.sealing import BrokenSeal, Seal
from gururmm_wire.v2.agent import Authenticate, Message
from gururmm_wire.v2.server import Challenge
from hypothesis import given
from hypothesis import strategies as st
from links import (
    AGENT_PUBLIC,
    AGENT_RANDOM,
    AGENT_SECRET,
    CHALLENGE,
    SERVER_PUBLIC,
    SERVER_RANDOM,
    SERVER_SECRET,
    Agent,
    accept,
    link,
)
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base, crypto_sign, crypto_sign_open
from samples import ID

VECTOR = json.loads((Path(__file__).parent / "golden" / "link" / "handshake.json").read_text())

# Points of small order and their other spellings: the product with them is known to everybody (RFC 7748, section 6.1).
LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


def test_both_sides_end_with_the_same_keys() -> None:
    agent, server = link()
    assert server.open(agent.seal(b"up")) == b"up"
    assert agent.open(server.seal(b"down")) == b"down"


def test_the_bytes_are_those_of_the_golden_handshake() -> None:
    given_, gives = VECTOR["given"], VECTOR["gives"]
    assert bytes.fromhex(given_["agent_random"]) == AGENT_RANDOM
    agent = Agent()
    frame, server_seal = accept(agent)
    agent_seal = agent.handshake.finish(frame)
    assert CHALLENGE.hex() == given_["challenge"]
    assert agent.frame.hex() == gives["authenticate_frame"]
    assert frame.hex() == gives["proof"]
    for number in range(1030):
        up, down = agent_seal.seal(b"up"), server_seal.seal(b"down")
        if str(number) in gives["sealed_up"]:
            assert up.hex() == gives["sealed_up"][str(number)], number
            assert down.hex() == gives["sealed_down"][str(number)], number


def test_the_golden_handshake_follows_from_the_documented_rules() -> None:
    """Derived by hand from docs/protocol.md, with none of the handshake's own code."""
    given_, gives = VECTOR["given"], VECTOR["gives"]
    assert given_["path"] == "/agent/v2"
    challenge = bytes.fromhex(given_["challenge"])
    first, second = bytes.fromhex(gives["authenticate_frame"]), bytes.fromhex(gives["proof"])
    signed = b"gururmm link v2 agent\0" + _said(challenge, first[64:])
    crypto_sign_open(first[:64] + signed, AGENT_PUBLIC)
    signed = b"gururmm link v2 server\0" + _said(challenge, first, second[64:])
    crypto_sign_open(second[:64] + signed, SERVER_PUBLIC)
    tag, agent_id, ephemeral, server_key, *_ = msgspec.msgpack.decode(first[64:])
    assert (tag, agent_id, server_key) == (1, ID, SERVER_PUBLIC)
    assert ephemeral == crypto_scalarmult_base(AGENT_RANDOM)
    assert second[64:] == crypto_scalarmult_base(SERVER_RANDOM)
    shared = crypto_scalarmult(SERVER_RANDOM, ephemeral)
    whole = _said(challenge, first, second)
    keys = blake2b(whole, key=shared, digest_size=64, person=b"gururmm keys v2").digest()
    by_hand = Seal(sealing=keys[:32], opening=keys[32:])
    assert by_hand.seal(b"up").hex() == gives["sealed_up"]["0"]
    assert by_hand.open(bytes.fromhex(gives["sealed_down"]["0"])) == b"down"


def _flip(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place // 8 % len(changed)] ^= 1 << place % 8
    return bytes(changed)


@given(st.integers(0, 8 * len(CHALLENGE) - 1))
def test_a_challenge_changed_on_the_way_ends_it(place: int) -> None:
    agent = Agent(challenge=_flip(CHALLENGE, place))
    assert not ServerHandshake(CHALLENGE, agent.frame).proves(AGENT_PUBLIC)


def test_every_bit_of_the_agents_frame_is_signed() -> None:
    frame = Agent().frame
    for place in range(8 * len(frame)):
        try:
            assert not ServerHandshake(CHALLENGE, _flip(frame, place)).proves(AGENT_PUBLIC), place
        except MalformedMessage:
            continue


def test_every_bit_of_the_servers_frame_is_signed() -> None:
    agent = Agent()
    frame, _ = accept(agent)
    for place in range(8 * len(frame)):
        with pytest.raises(HandshakeFailed):
            agent.handshake.finish(_flip(frame, place))
    agent.handshake.finish(frame)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 95])
def test_frames_that_are_too_short(size: int) -> None:
    with pytest.raises(MalformedMessage):
        ServerHandshake(CHALLENGE, Agent().frame[:size])
    with pytest.raises(HandshakeFailed):
        Agent().handshake.finish(accept(Agent())[0][:size])


def test_a_servers_proof_has_no_room_for_more() -> None:
    agent = Agent()
    with pytest.raises(HandshakeFailed):
        agent.handshake.finish(_signed_by_the_server(agent, crypto_scalarmult_base(SERVER_RANDOM) + b"\0"))


def test_whoever_holds_another_key_is_not_the_agent_or_not_the_server() -> None:
    agent = Agent()
    assert ServerHandshake(CHALLENGE, agent.frame).proves(AGENT_PUBLIC)
    assert not ServerHandshake(CHALLENGE, agent.frame).proves(SERVER_PUBLIC)
    frame, _ = accept(agent, secret_key=AGENT_SECRET)
    with pytest.raises(HandshakeFailed, match="pinned at enrolment"):
        agent.handshake.finish(frame)


def test_frames_of_another_connection_are_worth_nothing() -> None:
    recorded, now = Agent(), Agent(random=b"\x07" * 32, challenge=encode(Challenge(nonce=b"\x09" * 32, server_time=1)))
    assert not ServerHandshake(now.challenge, recorded.frame).proves(AGENT_PUBLIC)
    with pytest.raises(HandshakeFailed):
        now.handshake.finish(accept(recorded)[0])


def test_a_frame_for_one_socket_is_worth_nothing_on_another() -> None:
    agent = Agent(path="/agent/v2/tunnel")
    assert ServerHandshake(CHALLENGE, agent.frame, "/agent/v2/tunnel").proves(AGENT_PUBLIC)
    assert not ServerHandshake(CHALLENGE, agent.frame).proves(AGENT_PUBLIC)
    with pytest.raises(HandshakeFailed):
        agent.handshake.finish(accept(agent)[0])


def test_the_servers_signature_is_none_of_an_agents() -> None:
    """Also where somebody enrolled the server's own public key as an agent's."""
    agent = Agent()
    frame = _signed_by_the_server(agent, SERVER_PUBLIC)
    assert not ServerHandshake(CHALLENGE, frame[:64] + agent.frame[64:]).proves(SERVER_PUBLIC)
    frame = crypto_sign(b"gururmm link v2 server\0" + _said(CHALLENGE, agent.frame[64:]), AGENT_SECRET)[:64]
    assert not ServerHandshake(CHALLENGE, frame + agent.frame[64:]).proves(AGENT_PUBLIC)


@given(st.binary(max_size=300))
def test_noise_is_malformed_or_proves_nothing(noise: bytes) -> None:
    with suppress(MalformedMessage):
        assert not ServerHandshake(CHALLENGE, noise).proves(AGENT_PUBLIC)
    with pytest.raises(HandshakeFailed):
        Agent().handshake.finish(noise)


def test_what_a_newer_agent_adds_is_signed_too() -> None:
    class Newer(Message, frozen=True, tag=1):
        agent_id: bytes
        ephemeral: bytes
        server_key: bytes
        agent_version: str
        os: str
        arch: str
        purpose: str
        of_the_future: list[str]

    handshake = AgentHandshake(AGENT_SECRET, SERVER_PUBLIC, AGENT_RANDOM)
    newer = Newer(ID, handshake.ephemeral, SERVER_PUBLIC, "9", "linux", "x86_64", "", ["teleport"])
    frame = handshake.authenticate(CHALLENGE, encode(newer))
    assert ServerHandshake(CHALLENGE, frame).proves(AGENT_PUBLIC)
    assert not ServerHandshake(CHALLENGE, frame.replace(b"teleport", b"telegram")).proves(AGENT_PUBLIC)
    frame, seal = ServerHandshake(CHALLENGE, frame).accept(SERVER_SECRET, SERVER_RANDOM)
    assert seal.open(handshake.finish(frame).seal(b"x")) == b"x"


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8])
@pytest.mark.parametrize("top_bit", [0, 0x80])
def test_a_key_that_fixes_the_product_is_refused_by_both_sides(point: bytes, top_bit: int) -> None:
    point = point[:31] + bytes([point[31] | top_bit])
    agent = Agent()
    frame = agent.handshake.authenticate(CHALLENGE, encode(Authenticate(ID, point, SERVER_PUBLIC, "0.1.0")))
    server = ServerHandshake(CHALLENGE, frame)
    assert server.proves(AGENT_PUBLIC)
    with pytest.raises(HandshakeFailed, match="ephemeral"):
        server.accept(SERVER_SECRET, SERVER_RANDOM)
    agent = Agent()
    with pytest.raises(HandshakeFailed, match="ephemeral"):
        agent.handshake.finish(_signed_by_the_server(agent, point))


def _signed_by_the_server(agent: Agent, ephemeral: bytes) -> bytes:
    said = _said(CHALLENGE, agent.frame, ephemeral)
    return crypto_sign(b"gururmm link v2 server\0" + said, SERVER_SECRET)[:64] + ephemeral


def _said(*parts: bytes) -> bytes:
    """What stands for these parts on the agents' socket, by the documented rule."""
    data = b"".join(len(part).to_bytes(4, "big") + part for part in (b"/agent/v2", *parts))
    return blake2b(data, digest_size=32, person=b"gururmm link v2").digest()


def test_who_only_relays_both_proofs_has_no_key() -> None:
    """The middle knows every byte that went over the wire, and nothing that either side kept."""
    agent = Agent()
    frame, server = accept(agent)
    told = agent.handshake.finish(frame)
    everything = (CHALLENGE, agent.frame, frame, decode_authenticate(agent.frame[64:]).ephemeral)
    for key in (each[:32] for each in everything):
        for other in (each[:32] for each in everything):
            with pytest.raises(BrokenSeal):
                Seal(sealing=key, opening=other).open(server.seal(b"secret"))
    with pytest.raises(BrokenSeal):
        told.open(Seal(sealing=everything[3], opening=everything[3]).seal(b"\x96\x05injected"))


def test_a_strangers_frame_costs_no_multiplication(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a signature has held, the server computes nothing on the curve beyond checking it."""
    agent = Agent()

    def never(*_: object) -> bytes:
        raise AssertionError("a multiplication for somebody who proved nothing")

    monkeypatch.setattr("gururmm_wire.handshake.crypto_scalarmult", never)
    monkeypatch.setattr("gururmm_wire.handshake.crypto_scalarmult_base", never)
    server = ServerHandshake(CHALLENGE, agent.frame)
    assert not server.proves(SERVER_PUBLIC)
    assert server.proves(AGENT_PUBLIC)
    with pytest.raises(AssertionError):
        server.accept(SERVER_SECRET, SERVER_RANDOM)
