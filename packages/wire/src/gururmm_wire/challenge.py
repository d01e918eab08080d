"""The bytes that agent and server sign to prove themselves to each other.

Each context string belongs to one purpose, so a signature made for one can never be replayed as another. Both
nonces are in both signatures: a recorded answer is worth nothing on any other connection.
"""

from typing import Final

NONCE_BYTES: Final = 32

_AGENT: Final = b"gururmm agent proof v2\0"
_SERVER: Final = b"gururmm server proof v2\0"
_ENROL: Final = b"gururmm enrolment v1\0"


def agent_proof_bytes(agent_id: bytes, server_nonce: bytes, agent_nonce: bytes) -> bytes:
    """What the agent signs: its 16-byte id and both 32-byte nonces."""
    return _AGENT + agent_id + server_nonce + agent_nonce


def server_proof_bytes(agent_id: bytes, server_nonce: bytes, agent_nonce: bytes) -> bytes:
    """What the server signs with the key that the agent pinned when it enrolled."""
    return _SERVER + agent_id + server_nonce + agent_nonce


def enrolment_bytes(site_code: str, public_key_hex: str, hostname: str) -> bytes:
    """What a new agent signs with the key it asks to register."""
    return b"\0".join((_ENROL, site_code.encode(), public_key_hex.encode(), hostname.encode()))
