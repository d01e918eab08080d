"""The thin binding gives and takes what libsodium's own does, and hands C nothing of another length."""

import pytest
from gururmm_wire import aead
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_decrypt, crypto_aead_chacha20poly1305_ietf_encrypt
from nacl.exceptions import CryptoError

KEY, NONCE = bytes(range(32)), bytes(range(12))

# RFC 8439, section 2.8.2.
RFC_KEY = bytes(range(0x80, 0xA0))
RFC_NONCE = bytes.fromhex("070000004041424344454647")
RFC_BOUND = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
RFC_MESSAGE = (
    b"Ladies and Gentlemen of the class of '99: "
    b"If I could offer you only one tip for the future, sunscreen would be it."
)
RFC_TAG = bytes.fromhex("1ae10b594f09e26a7e902ecbd0600691")


def test_the_tag_is_the_rfcs() -> None:
    sealed = aead.encrypt(RFC_MESSAGE, RFC_BOUND, RFC_NONCE, RFC_KEY)
    assert sealed[:4] == bytes.fromhex("d31a8d34")
    assert sealed[-16:] == RFC_TAG
    assert aead.decrypt(sealed, RFC_BOUND, RFC_NONCE, RFC_KEY) == RFC_MESSAGE


@given(st.binary(max_size=5000), st.binary(max_size=40), st.binary(min_size=12, max_size=12))
def test_it_is_what_pynacl_does(message: bytes, bound: bytes, nonce: bytes) -> None:
    sealed = aead.encrypt(message, bound, nonce, KEY)
    assert sealed == crypto_aead_chacha20poly1305_ietf_encrypt(message, bound, nonce, KEY)
    assert crypto_aead_chacha20poly1305_ietf_decrypt(sealed, bound, nonce, KEY) == message
    assert aead.decrypt(sealed, bound, nonce, KEY) == message


@given(st.integers(0, 35), st.integers(1, 255))
def test_a_changed_byte_does_not_open(position: int, change: int) -> None:
    sealed = bytearray(aead.encrypt(bytes(20), b"bound", NONCE, KEY))
    sealed[position] ^= change
    with pytest.raises(CryptoError):
        aead.decrypt(bytes(sealed), b"bound", NONCE, KEY)


def test_another_place_another_nonce_and_another_key_do_not_open() -> None:
    sealed = aead.encrypt(b"message", b"bound", NONCE, KEY)
    for bound, nonce, key in ((b"other", NONCE, KEY), (b"bound", bytes(12), KEY), (b"bound", NONCE, bytes(32))):
        with pytest.raises(CryptoError):
            aead.decrypt(sealed, bound, nonce, key)


@pytest.mark.parametrize(("nonce", "key"), [(NONCE[1:], KEY), (NONCE + b"x", KEY), (NONCE, KEY[1:]), (NONCE, b"")])
def test_lengths_that_are_not_the_ciphers_are_refused(nonce: bytes, key: bytes) -> None:
    with pytest.raises(CryptoError):
        aead.encrypt(b"", b"", nonce, key)
    with pytest.raises(CryptoError):
        aead.decrypt(bytes(16), b"", nonce, key)


def test_what_is_shorter_than_its_tag_is_refused() -> None:
    for size in range(aead.TAG_BYTES):
        with pytest.raises(CryptoError):
            aead.decrypt(bytes(size), b"", NONCE, KEY)
