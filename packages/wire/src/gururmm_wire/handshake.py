"""How a link begins, both sides of it: each proves its lasting key, and both agree on keys that die with the link.

The server's `Challenge` comes in the clear. The agent answers with 64 bytes of Ed25519 signature and its `Authenticate`
behind them, the server with its signature and 32 bytes: in both there is an X25519 key made for this link alone. A
signature is over everything that was said on this socket up to it, and what it stands before; and so are the keys of
the `Seal` that both sides have from there on. Whoever passes the frames on learns nothing and can change nothing, and
keys taken later open nothing that was recorded.

The server does no more for a stranger than to send a nonce: one verification comes first, and the two multiplications
only once it has held. Random bytes are handed in, for this package does no I/O.
"""

from hashlib import blake2b
from typing import Final

from nacl.bindings import (
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_scalarmult_BYTES,
    crypto_scalarmult_SCALARBYTES,
    crypto_sign,
    crypto_sign_BYTES,
    crypto_sign_open,
)
from nacl.exceptions import CryptoError

from gururmm_wire.aead import KEY_BYTES
from gururmm_wire.challenge import agent_proof_bytes, server_proof_bytes
from gururmm_wire.codec import decode_authenticate
from gururmm_wire.protocol import SOCKET_PATH
from gururmm_wire.sealing import Seal

RANDOM_BYTES: Final = crypto_scalarmult_SCALARBYTES
"""What each side needs for one handshake."""

_PROOF_BYTES: Final = crypto_sign_BYTES + crypto_scalarmult_BYTES
_TRANSCRIPT: Final = b"gururmm link v2"
_KEYS: Final = b"gururmm keys v2"


class HandshakeFailed(Exception):
    """The other side did not prove its key, or its ephemeral key is none. The message says which."""


class AgentHandshake:
    """The agent's side of one handshake: `authenticate`, then `finish`."""

    __slots__ = ("_path", "_random", "_said", "_secret_key", "_server_key", "ephemeral")

    def __init__(self, secret_key: bytes, server_key: bytes, random: bytes, path: str = SOCKET_PATH) -> None:
        """`secret_key` is libsodium's 64 bytes, `server_key` the pinned one, `random` is for this handshake alone.

        `path` is the socket's: what was meant for one socket is worth nothing on another.
        """
        self._secret_key = secret_key
        self._server_key = server_key
        self._random = random
        self._path = path
        self._said: tuple[bytes, ...] = ()
        self.ephemeral = crypto_scalarmult_base(random)
        """What goes into `Authenticate`."""

    def authenticate(self, challenge: bytes, claim: bytes) -> bytes:
        """Returns the frame that answers the challenge (its bytes as they came) with an encoded `Authenticate`."""
        signed = agent_proof_bytes(_transcript(self._path, challenge, claim))
        frame = crypto_sign(signed, self._secret_key)[:crypto_sign_BYTES] + claim
        self._said = (challenge, frame)
        return frame

    def finish(self, frame: bytes) -> Seal:
        """Returns the link's seal, from the server's proof. Raises `HandshakeFailed`."""
        signature, ephemeral = frame[:crypto_sign_BYTES], frame[crypto_sign_BYTES:]
        signed = server_proof_bytes(_transcript(self._path, *self._said, ephemeral))
        if len(frame) != _PROOF_BYTES or not _holds(signature, signed, self._server_key):
            raise HandshakeFailed("the server could not prove the key pinned at enrolment")
        said = _transcript(self._path, *self._said, frame)
        to_server, to_agent = _agree(self._random, ephemeral, said)
        return Seal(sealing=to_server, opening=to_agent)


class ServerHandshake:
    """The server's side of one handshake: what an agent claims, whether it `proves` that, and `accept`."""

    __slots__ = ("_challenge", "_frame", "_path", "claim")

    def __init__(self, challenge: bytes, frame: bytes, path: str = SOCKET_PATH) -> None:
        """Read the agent's frame; nothing in it is proved yet. Raises `MalformedMessage`."""
        self._challenge = challenge
        self._frame = frame
        self._path = path
        self.claim = decode_authenticate(frame[crypto_sign_BYTES:])

    def proves(self, public_key: bytes) -> bool:
        """Returns whether the agent holds this key. Costs one verification."""
        signature, claim = self._frame[:crypto_sign_BYTES], self._frame[crypto_sign_BYTES:]
        signed = agent_proof_bytes(_transcript(self._path, self._challenge, claim))
        return _holds(signature, signed, public_key)

    def accept(self, secret_key: bytes, random: bytes) -> tuple[bytes, Seal]:
        """Returns the server's proof and the link's seal: for an agent that `proves` its key, and for no other.

        `secret_key` is libsodium's 64 bytes of the key that the agent pinned. Raises `HandshakeFailed`.
        """
        ephemeral = crypto_scalarmult_base(random)
        signed = server_proof_bytes(_transcript(self._path, self._challenge, self._frame, ephemeral))
        proof = crypto_sign(signed, secret_key)[:crypto_sign_BYTES] + ephemeral
        said = _transcript(self._path, self._challenge, self._frame, proof)
        to_server, to_agent = _agree(random, self.claim.ephemeral, said)
        return proof, Seal(sealing=to_agent, opening=to_server)


def _transcript(path: str, *said: bytes) -> bytes:
    """Returns 32 bytes for all that was said on one socket: BLAKE2b over the path and each part behind its length."""
    parts = (path.encode(), *said)
    data = b"".join([len(part).to_bytes(4, "big") + part for part in parts])
    return blake2b(data, digest_size=32, person=_TRANSCRIPT).digest()


def _holds(signature: bytes, signed: bytes, public_key: bytes) -> bool:
    try:
        crypto_sign_open(signature + signed, public_key)
    except CryptoError:
        return False
    return True


def _agree(random: bytes, ephemeral: bytes, said: bytes) -> tuple[bytes, bytes]:
    """Returns the key of what the agent says and that of what the server says."""
    try:
        shared = crypto_scalarmult(random, ephemeral)
    except CryptoError as error:  # libsodium refuses the points whose product is the same whatever the other factor is
        raise HandshakeFailed("the other side's ephemeral key is none") from error
    keys = blake2b(said, key=shared, digest_size=2 * KEY_BYTES, person=_KEYS).digest()
    return keys[:KEY_BYTES], keys[KEY_BYTES:]
