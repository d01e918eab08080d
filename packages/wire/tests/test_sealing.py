"""A seal opens the other side's next message and nothing else, ever."""

from hashlib import blake2b

import pytest
from gururmm_wire.sealing import REKEY_AFTER, SEAL_BYTES, BrokenSeal, Seal
from gururmm_wire.v2.limits import MAX_MESSAGE_BYTES, MAX_SEALED_BYTES
from hypothesis import given
from hypothesis import strategies as st
from links import link
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_decrypt

UP, DOWN = b"\x05" * 32, b"\x06" * 32
conversations = st.lists(st.tuples(st.booleans(), st.binary(max_size=300)), min_size=2, max_size=30)


def ends() -> tuple[Seal, Seal]:
    return Seal(sealing=UP, opening=DOWN), Seal(sealing=DOWN, opening=UP)


def refuses(end: Seal, sealed: bytes) -> bool:
    try:
        end.open(sealed)
    except BrokenSeal:
        return True
    return False


@given(conversations)
def test_both_sides_hear_what_was_said_in_order(said: list[tuple[bool, bytes]]) -> None:
    agent, server = ends()
    sealed = [((agent if up else server).seal(message), up) for up, message in said]
    assert [(server if up else agent).open(each) for each, up in sealed] == [message for _, message in said]
    assert [len(each) for each, _ in sealed] == [len(message) + SEAL_BYTES for _, message in said]


@given(st.data(), st.lists(st.binary(max_size=40), min_size=1, max_size=12))
def test_whatever_the_middle_does_with_the_messages_only_the_untouched_beginning_is_opened(
    data: st.DataObject, said: list[bytes]
) -> None:
    """Repeats, leaves out, swaps, cuts short, lengthens, changes, sends back, invents: any number of times."""
    agent, server = ends()
    honest = [agent.seal(message) for message in said]
    others = [server.seal(message) for message in said]  # what goes the other way, sent back
    invented = st.one_of(
        st.sampled_from(honest),
        st.sampled_from(others),
        st.sampled_from(said),
        st.binary(max_size=60),
        st.builds(_flip, st.sampled_from(honest), st.integers(0, 1 << 20)),
        st.builds(lambda each, end: each[:end], st.sampled_from(honest), st.integers(0, 60)),
        st.builds(lambda each, more: each + more, st.sampled_from(honest), st.binary(min_size=1, max_size=20)),
    )
    arriving = data.draw(st.lists(invented, max_size=20))
    whole = 0
    while whole < min(len(arriving), len(honest)) and arriving[whole] == honest[whole]:
        whole += 1
    opened = []
    for each in arriving:
        if refuses(server, each):
            break
        opened.append(each)
    assert opened == arriving[:whole]
    if whole < len(arriving):
        # And that is the end: also what would have been right no longer is.
        assert all(refuses(server, each) for each in honest[whole:] + arriving)


def _flip(sealed: bytes, place: int) -> bytes:
    changed = bytearray(sealed)
    changed[place // 8 % len(changed)] ^= 1 << place % 8
    return bytes(changed)


def test_every_bit_of_a_sealed_message_counts() -> None:
    sealed = ends()[0].seal(b"a heartbeat")
    for place in range(len(sealed) * 8):
        server = ends()[1]
        assert refuses(server, _flip(sealed, place)), place
        assert refuses(server, sealed), place


@pytest.mark.parametrize("size", [0, 1, SEAL_BYTES - 1, SEAL_BYTES])
def test_what_is_too_short_to_be_sealed_is_broken(size: int) -> None:
    agent, server = ends()
    assert refuses(server, bytes(size))
    assert refuses(server, agent.seal(b"x"))


def test_the_directions_have_keys_of_their_own() -> None:
    agent, server = link()
    sealed = agent.seal(b"said by the agent")
    assert refuses(agent, sealed)
    assert server.open(sealed) == b"said by the agent"
    assert agent.seal(b"once") != link()[1].seal(b"once")


def test_the_same_message_never_looks_the_same() -> None:
    agent, _ = ends()
    assert len({agent.seal(b"the same") for _ in range(3 * REKEY_AFTER)}) == 3 * REKEY_AFTER


def test_a_key_is_replaced_in_time_by_one_that_does_not_lead_back() -> None:
    """The documented rule, done by hand: number as nonce, and BLAKE2b of nothing under the old key."""
    agent, server = ends()
    key = UP
    for number in range(2 * REKEY_AFTER + 2):
        if number and number % REKEY_AFTER == 0:
            key = blake2b(b"", key=key, digest_size=32, person=b"gururmm rekey v2").digest()
        sealed = agent.seal(b"%d" % number)
        nonce = number.to_bytes(8, "little") + bytes(4)
        assert crypto_aead_chacha20poly1305_ietf_decrypt(sealed, None, nonce, key) == b"%d" % number
        assert server.open(sealed) == b"%d" % number
    assert key != UP


def test_the_largest_message_fits_sealed() -> None:
    agent, server = ends()
    sealed = agent.seal(bytes(MAX_MESSAGE_BYTES))
    assert len(sealed) == MAX_SEALED_BYTES
    assert server.open(sealed) == bytes(MAX_MESSAGE_BYTES)
