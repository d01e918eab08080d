"""Two ends of a link, for tests: everything in it follows from a few fixed bytes unless a test says otherwise."""

from dataclasses import dataclass, field

import msgspec
from gururmm_wire.codec import encode
from gururmm_wire.handshake import AgentHandshake, ServerHandshake
from gururmm_wire.protocol import SOCKET_PATH
from gururmm_wire.sealing import Seal
from gururmm_wire.v2.agent import Authenticate
from gururmm_wire.v2.server import Challenge
from nacl.bindings import crypto_sign_seed_keypair
from samples import ID, NONCE

AGENT_PUBLIC, AGENT_SECRET = crypto_sign_seed_keypair(b"\x01" * 32)
SERVER_PUBLIC, SERVER_SECRET = crypto_sign_seed_keypair(b"\x02" * 32)
_ITEMS = 10
AGENT_RANDOM, SERVER_RANDOM = b"\x03" * 32, b"\x04" * 32
CHALLENGE = encode(Challenge(nonce=NONCE, server_time=1_795_000_000))


@dataclass
class Agent:
    """The agent's side, up to its signed frame."""

    random: bytes = AGENT_RANDOM
    server_key: bytes = SERVER_PUBLIC
    path: str = SOCKET_PATH
    challenge: bytes = CHALLENGE
    handshake: AgentHandshake = field(init=False)
    frame: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.handshake = AgentHandshake(AGENT_SECRET, self.server_key, self.random, self.path)
        self.frame = self.handshake.authenticate(self.challenge, self.claim())

    def claim(self) -> bytes:
        """As an agent of the day said it on which the golden handshake was closed: it has grown since."""
        claim = Authenticate(ID, self.handshake.ephemeral, self.server_key, "0.1.0", "linux", "x86_64")
        return msgspec.msgpack.encode(msgspec.msgpack.decode(encode(claim))[:_ITEMS])


def accept(
    agent: Agent, *, secret_key: bytes = SERVER_SECRET, random: bytes = SERVER_RANDOM, path: str = SOCKET_PATH
) -> tuple[bytes, Seal]:
    """The server's signed frame and its seal."""
    return ServerHandshake(agent.challenge, agent.frame, path).accept(secret_key, random)


def link() -> tuple[Seal, Seal]:
    """Both ends of a link: the agent's seal and the server's."""
    agent = Agent()
    frame, seal = accept(agent)
    return agent.handshake.finish(frame), seal
