"""What goes over a proved link: every message sealed, in order, with a key for each direction.

A message is sealed with ChaCha20-Poly1305 (RFC 8439) under its number in its direction, so that a byte changed on the
way and a message repeated, left out, put elsewhere or sent back all show alike: it does not open. `handshake` agrees
the keys.
"""

from hashlib import blake2b
from typing import Final

from nacl.exceptions import CryptoError

from gururmm_wire.aead import KEY_BYTES, NONCE_BYTES, TAG_BYTES, decrypt, encrypt

SEAL_BYTES: Final = TAG_BYTES
"""By how much a sealed message is longer than what it holds."""

REKEY_AFTER: Final = 1024
"""Messages of one direction under one key; then a one-way function of it takes its place. Whoever reads a process's
memory learns nothing of what went before the key that is in it."""

_NEXT_KEY: Final = b"gururmm rekey v2"


class BrokenSeal(Exception):
    """The bytes are not the other side's next message: changed, repeated, left out, out of order or sent back."""


class Seal:
    """One end of a link: seals what this side says, opens what the other side says. 300 bytes with its keys."""

    __slots__ = ("_opened", "_opening", "_sealed", "_sealing")

    def __init__(self, sealing: bytes, opening: bytes) -> None:
        """Begin with the two directions' keys, of 32 bytes each; the other end has them the other way round."""
        self._sealing = sealing
        self._opening = opening
        self._sealed = 0
        self._opened = 0

    def seal(self, message: bytes) -> bytes:
        """Returns the message sealed, as the next one of this side."""
        nonce = self._sealed.to_bytes(NONCE_BYTES, "little")
        sealed = encrypt(message, b"", nonce, self._sealing)
        self._sealed += 1
        if not self._sealed % REKEY_AFTER:
            self._sealing = _next_key(self._sealing)
        return sealed

    def open(self, sealed: bytes) -> bytes:
        """Returns what the other side's next message holds. Raises `BrokenSeal`, and from then on always."""
        if len(sealed) < SEAL_BYTES:
            self._opening = b""  # without a key the library refuses whatever comes
        nonce = self._opened.to_bytes(NONCE_BYTES, "little")
        try:
            message = decrypt(sealed, b"", nonce, self._opening)
        except CryptoError as error:
            self._opening = b""
            raise BrokenSeal from error
        self._opened += 1
        if not self._opened % REKEY_AFTER:
            self._opening = _next_key(self._opening)
        return message


def _next_key(key: bytes) -> bytes:
    return blake2b(key=key, digest_size=KEY_BYTES, person=_NEXT_KEY).digest()
