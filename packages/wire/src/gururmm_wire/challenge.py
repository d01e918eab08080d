"""The bytes that agent and server sign to prove themselves to each other.

Each context string belongs to one purpose, so a signature made for one can never be replayed as another.
"""

from typing import Final

_AGENT: Final = b"gururmm link v2 agent\0"
_SERVER: Final = b"gururmm link v2 server\0"
_ENROL: Final = b"gururmm enrolment v1\0"


def agent_proof_bytes(transcript: bytes) -> bytes:
    """What the agent signs: 32 bytes for all that was said on the socket, its own `Authenticate` included."""
    return _AGENT + transcript


def server_proof_bytes(transcript: bytes) -> bytes:
    """What the server signs, with the key that the agent pinned: the same, its own ephemeral key included."""
    return _SERVER + transcript


def enrolment_bytes(site_code: str, public_key_hex: str, hostname: str) -> bytes:
    """What a new agent signs with the key it asks to register."""
    return b"\0".join((_ENROL, site_code.encode(), public_key_hex.encode(), hostname.encode()))
