"""The bytes of a channel, sealed between the api and the agent: gateways and the bus carry them and read nothing.

The api puts an X25519 key made for this agreement into its signed `TunnelOpen`; the agent answers with one of its own
in `TunnelOpened`, which it signs with its lasting key. Both halves are thereby vouched for, and whoever passes them on
learns no key. What concerns a channel's content is then sealed with ChaCha20-Poly1305 (RFC 8439), each direction under
a key of its own: input, output, changes, and the word with which the agent ends it. Each seal has its own number, which
goes with it, so that output may be sent again in pieces of another size; an offset is bound to its piece. Whoever
carries a piece can leave it out, and can neither change it nor put it elsewhere.

Another api process that takes a session over sends an order of its own, and both sides agree anew: what was sealed
before does not open any more. Random bytes are handed in, for this package does no I/O.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

import msgspec
from nacl.bindings import (
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_scalarmult_SCALARBYTES,
    crypto_sign_open,
)
from nacl.exceptions import CryptoError

from gururmm_wire.aead import KEY_BYTES, decrypt, encrypt
from gururmm_wire.sealing import BrokenSeal
from gururmm_wire.v2.agent import TunnelClosed
from gururmm_wire.v2.limits import CHANNEL_SEAL_BYTES

RANDOM_BYTES: Final = crypto_scalarmult_SCALARBYTES
"""What each side needs for one agreement."""

INPUT: Final = b"input"
OUTPUT: Final = b"output"
CHANGE: Final = b"change"
CLOSED: Final = b"closed"

_NUMBER_BYTES: Final = 8
_SIGNED: Final = b"gururmm channel v1\0"
_KEYS: Final = b"gururmm channel"
_encode = msgspec.msgpack.Encoder().encode


class NoAgreement(Exception):
    """The agent's half is not signed by its key, or is none. The message says which."""


class ChannelSeal:
    """One end of a channel: seals what this side says, opens what the other side says."""

    __slots__ = ("_opening", "_sealed", "_sealing")

    def __init__(self, sealing: bytes, opening: bytes) -> None:
        """Begin with the two directions' keys, of 32 bytes each; the other end has them the other way round."""
        self._sealing = sealing
        self._opening = opening
        self._sealed = 0

    def seal(self, what: bytes, place: int, data: bytes) -> bytes:
        """Returns `data` sealed, by `CHANNEL_SEAL_BYTES` longer; it opens as `what` at this place (an offset) only."""
        number = self._sealed.to_bytes(_NUMBER_BYTES, "big")
        self._sealed += 1
        bound = what + place.to_bytes(8, "big")
        return number + encrypt(data, bound, bytes(4) + number, self._sealing)

    def open(self, what: bytes, place: int, sealed: bytes) -> bytes:
        """Returns what is in it. Raises `BrokenSeal` for whatever the other end did not seal as this."""
        if len(sealed) < CHANNEL_SEAL_BYTES:
            raise BrokenSeal
        bound, number = what + place.to_bytes(8, "big"), sealed[:_NUMBER_BYTES]
        try:
            return decrypt(sealed[_NUMBER_BYTES:], bound, bytes(4) + number, self._opening)
        except CryptoError as error:
            raise BrokenSeal from error

    def vouch(self, closed: TunnelClosed) -> bytes:
        """Returns the proof that this side says that the channel ended so."""
        return self.seal(CLOSED, closed.output_end, _end(closed))

    def vouches(self, closed: TunnelClosed) -> bool:
        """Returns whether the other side said that the channel ended so."""
        try:
            return self.open(CLOSED, closed.output_end, closed.proof) == _end(closed)
        except BrokenSeal:
            return False


class ChannelOffer:
    """The api's side of one agreement: `half` goes into its order, `agree` takes the agent's answer."""

    __slots__ = ("_random", "half")

    def __init__(self, random: bytes) -> None:
        """`random` is `RANDOM_BYTES` for this agreement alone."""
        self._random = random
        self.half = crypto_scalarmult_base(random)

    def agree(self, session_id: bytes, channel: int, half: bytes, signature: bytes, agent_key: bytes) -> ChannelSeal:
        """Returns the api's end. `agent_key` is the agent's lasting public key. Raises `NoAgreement`."""
        signed = _signed(session_id, channel, self.half, half)
        try:
            crypto_sign_open(signature + signed, agent_key)
        except CryptoError as error:
            raise NoAgreement("the machine's half is not signed by its key") from error
        to_agent, to_api = _keys(self._random, half, signed)
        return ChannelSeal(sealing=to_agent, opening=to_api)


def accept(
    session_id: bytes, channel: int, offered: bytes, *, random: bytes, sign: Callable[[bytes], bytes]
) -> tuple[bytes, bytes, ChannelSeal]:
    """Returns the agent's half, its signature, and the agent's end, for the half that came in a signed order.

    `random` is `RANDOM_BYTES` for this agreement alone, `sign` returns 64 bytes by the agent's lasting key. Raises
    `NoAgreement`.
    """
    half = crypto_scalarmult_base(random)
    signed = _signed(session_id, channel, offered, half)
    to_agent, to_api = _keys(random, offered, signed)
    return half, sign(signed), ChannelSeal(sealing=to_api, opening=to_agent)


def _signed(session_id: bytes, channel: int, offered: bytes, answered: bytes) -> bytes:
    return _SIGNED + session_id + channel.to_bytes(4, "big") + offered + answered


def _keys(random: bytes, half: bytes, signed: bytes) -> tuple[bytes, bytes]:
    """Returns the key of what the api says and that of what the agent says."""
    try:
        shared = crypto_scalarmult(random, half)
    except CryptoError as error:  # libsodium refuses the points whose product is the same whatever the other factor is
        raise NoAgreement("the other side's half is none") from error
    keys = blake2b(signed, key=shared, digest_size=2 * KEY_BYTES, person=_KEYS).digest()
    return keys[:KEY_BYTES], keys[KEY_BYTES:]


def _end(closed: TunnelClosed) -> bytes:
    return _encode((closed.exit_code, closed.message, closed.code))
