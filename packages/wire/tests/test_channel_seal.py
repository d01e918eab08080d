"""A channel's key: agreed by api and agent alone, however much whoever carries their messages tries."""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from channel_vector import AGENT_PUBLIC, AGENT_RANDOM, API_RANDOM, both, vector
from gururmm_wire.channel_seal import CHANGE, INPUT, OUTPUT, ChannelOffer, NoAgreement, accept
from gururmm_wire.codec import MalformedMessage, decode_from_agent, encode
from gururmm_wire.sealing import BrokenSeal
from gururmm_wire.v2.agent import TunnelClosed, TunnelOutput
from gururmm_wire.v2.limits import CHANNEL_SEAL_BYTES, MAX_MESSAGE_BYTES, TUNNEL_OUTPUT_BYTES
from hypothesis import given
from hypothesis import strategies as st
from links import AGENT_SECRET, SERVER_SECRET
from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_sign,
    crypto_sign_open,
)
from samples import ID
from test_handshake import LOW_ORDER

VECTOR = json.loads((Path(__file__).parent / "golden" / "link" / "channel.json").read_text())


def sign(signed: bytes) -> bytes:
    return crypto_sign(signed, AGENT_SECRET)[:64]


def answer(**changes: Any) -> tuple[ChannelOffer, dict[str, Any]]:
    """An offer, and the agent's answer to it with something changed."""
    offer = ChannelOffer(API_RANDOM)
    half, signature, _ = accept(ID, 1, offer.half, random=AGENT_RANDOM, sign=sign)
    said = {"session_id": ID, "channel": 1, "half": half, "signature": signature, "agent_key": AGENT_PUBLIC}
    return offer, said | changes


def test_both_ends_read_each_other_and_nobody_else() -> None:
    api, agent = both()
    assert agent.open(INPUT, 7, api.seal(INPUT, 7, b"ls\r")) == b"ls\r"
    assert api.open(OUTPUT, 0, agent.seal(OUTPUT, 0, b"file")) == b"file"
    other_api, other_agent = both(api_random=bytes([5]) * 32)
    for stranger in (other_api, other_agent, agent):
        with pytest.raises(BrokenSeal):
            stranger.open(OUTPUT, 0, agent.seal(OUTPUT, 0, b"file"))


def test_output_may_be_said_again_in_other_pieces() -> None:
    api, agent = both()
    pieces = [(0, b"abcdef"), (2, b"cdef"), (0, b"abc"), (0, b"abcdef")]
    sealed = [agent.seal(OUTPUT, offset, data) for offset, data in pieces]
    assert len({piece[:8] for piece in sealed}) == len(pieces), "a number was used twice under one key"
    for (offset, data), piece in reversed(list(zip(pieces, sealed, strict=True))):
        assert api.open(OUTPUT, offset, piece) == data


@given(st.binary(max_size=300), st.integers(0, 2**53), st.data())
def test_whatever_is_changed_on_the_way_does_not_open(data: bytes, offset: int, draw: st.DataObject) -> None:
    api, agent = both()
    sealed = api.seal(INPUT, offset, data)
    assert len(sealed) == len(data) + CHANNEL_SEAL_BYTES
    place = draw.draw(st.integers(0, 8 * len(sealed) - 1))
    changed = bytearray(sealed)
    changed[place // 8] ^= 1 << place % 8
    for what, where, piece in (
        (INPUT, offset, bytes(changed)),
        (INPUT, offset, sealed[:-1]),
        (INPUT, offset, sealed[: CHANNEL_SEAL_BYTES - 1]),
        (INPUT, offset, b""),
        (INPUT, offset + 1, sealed),
        (OUTPUT, offset, sealed),
        (CHANGE, offset, sealed),
    ):
        with pytest.raises(BrokenSeal):
            agent.open(what, where, piece)
    assert agent.open(INPUT, offset, sealed) == data


@pytest.mark.parametrize(
    "changes",
    [
        {"half": crypto_scalarmult_base(bytes([9]) * 32)},
        {"signature": bytes(64)},
        {"session_id": bytes(16)},
        {"channel": 2},
        {"agent_key": bytes(32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_half_that_the_machine_did_not_sign_for_this_is_refused(changes: dict[str, Any]) -> None:
    offer, said = answer(**changes)
    with pytest.raises(NoAgreement):
        offer.agree(**said)


def test_an_answer_to_another_offer_is_refused() -> None:
    _, said = answer()
    with pytest.raises(NoAgreement):
        ChannelOffer(bytes([7]) * 32).agree(**said)


def test_a_machine_in_the_middle_cannot_sign_for_another() -> None:
    offer = ChannelOffer(API_RANDOM)
    thief = lambda signed: crypto_sign(signed, SERVER_SECRET)[:64]  # noqa: E731
    half, signature, _ = accept(ID, 1, offer.half, random=AGENT_RANDOM, sign=thief)
    with pytest.raises(NoAgreement):
        offer.agree(ID, 1, half, signature, AGENT_PUBLIC)


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8])
def test_points_whose_product_everybody_knows_are_refused(point: bytes) -> None:
    with pytest.raises(NoAgreement):
        accept(ID, 1, point, random=AGENT_RANDOM, sign=sign)
    offer, said = answer()
    signed = b"gururmm channel v1\0" + ID + (1).to_bytes(4, "big") + offer.half + point
    with pytest.raises(NoAgreement):
        offer.agree(**said | {"half": point, "signature": sign(signed)})


def test_an_end_is_believed_only_as_it_was_said() -> None:
    api, agent = both()
    closed = TunnelClosed(ID, 1, 3, "", 4103)
    proof = agent.vouch(closed)
    assert api.vouches(TunnelClosed(ID, 1, 3, "", 4103, proof=proof))
    for other in (
        TunnelClosed(ID, 1, 0, "", 4103, proof=proof),
        TunnelClosed(ID, 1, 3, "well", 4103, proof=proof),
        TunnelClosed(ID, 1, 3, "", 4102, proof=proof),
        TunnelClosed(ID, 1, 3, "", 4103, "unknown_kind", proof=proof),
        TunnelClosed(ID, 1, 3, "", 4103),
    ):
        assert not api.vouches(other)


def test_a_whole_piece_fits_its_message() -> None:
    api, agent = both()
    said = TunnelOutput(ID, 1, 0, agent.seal(OUTPUT, 0, bytes(TUNNEL_OUTPUT_BYTES)))
    message = encode(said)
    assert len(message) <= MAX_MESSAGE_BYTES
    assert decode_from_agent(message) == said
    assert api.open(OUTPUT, 0, said.data) == bytes(TUNNEL_OUTPUT_BYTES)


def test_a_longer_piece_is_no_message() -> None:
    _, agent = both()
    with pytest.raises(MalformedMessage):
        decode_from_agent(encode(TunnelOutput(ID, 1, 0, agent.seal(OUTPUT, 0, bytes(TUNNEL_OUTPUT_BYTES + 1)))))


def test_the_bytes_are_those_of_the_golden_channel() -> None:
    assert vector() == VECTOR


def test_the_golden_channel_follows_from_the_documented_rules() -> None:
    """Derived by hand from docs/protocol.md, with none of the module's own code."""
    given_, gives = (
        {name: bytes.fromhex(value) for name, value in VECTOR[part].items()} for part in ("given", "gives")
    )
    offered, answered = crypto_scalarmult_base(given_["api_random"]), crypto_scalarmult_base(given_["agent_random"])
    signed = b"gururmm channel v1\0" + ID + (1).to_bytes(4, "big") + offered + answered
    crypto_sign_open(gives["signature"] + signed, AGENT_PUBLIC)
    shared = crypto_scalarmult(given_["api_random"], answered)
    keys = blake2b(signed, key=shared, digest_size=64, person=b"gururmm channel").digest()
    for name, key, what in (("input", keys[:32], b"input"), ("output", keys[32:], b"output")):
        number, rest = gives[name][:8], gives[name][8:]
        bound = what + (4096).to_bytes(8, "big")
        assert crypto_aead_chacha20poly1305_ietf_decrypt(rest, bound, bytes(4) + number, key) == what
