"""The mutual challenge: who an agent is, proved by its key; who the server is, proved by ours.

Proofs are gathered for ten milliseconds and their keys read together, so that ten thousand agents that come back at
once cost the database a few dozen queries.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from gururmm_wire import capabilities
from gururmm_wire.challenge import agent_proof_bytes, server_proof_bytes
from gururmm_wire.codec import MalformedMessage, decode_authenticate, encode
from gururmm_wire.v2.agent import Authenticate
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import Settings, Welcome
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from gururmm_server.core.presence.service import Candidate, Presence
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket, Phase
from gururmm_server.entrypoints.agent_gateway.tenant_settings import TenantSettings
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import AGENT_UNKNOWN

log = get_logger(__name__)

GATHER_S: Final = 0.01
BATCH: Final = 256

Joined = Callable[[AgentSocket, AgentSession, Authenticate | None], None]
"""Told of each authenticated agent; with its proof when that says something new about the machine."""


class Authenticator:
    """Checks proofs one batch after the other."""

    def __init__(self, presence: Presence, settings: TenantSettings, link_key_seed: bytes, joined: Joined) -> None:
        self._presence = presence
        self._settings = settings
        self._secret_key = crypto_sign_seed_keypair(link_key_seed)[1]
        self._joined = joined
        self._known = frozenset(capabilities.said_by("agent"))
        self._said = capabilities.said_by("server")
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        self._waiting: list[tuple[AgentSocket, Authenticate]] = []
        self._wake = asyncio.Event()

    def check(self, socket: AgentSocket, data: bytes) -> None:
        """Take a proof; the socket is welcomed or closed soon."""
        try:
            proof = decode_authenticate(data)
        except MalformedMessage:
            socket.close(Close.UNAUTHENTICATED, "prove who you are first")
            return
        self._waiting.append((socket, proof))
        self._wake.set()

    async def run(self) -> None:
        """Check for ever."""
        while True:
            await self._wake.wait()
            # The others of the loop get their turn also where there are enough: a batch costs some twenty milliseconds.
            await asyncio.sleep(GATHER_S if len(self._waiting) < BATCH else 0)
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            await self._check(batch)
            if not self._waiting:
                self._wake.clear()

    async def _check(self, batch: list[tuple[AgentSocket, Authenticate]]) -> None:
        try:
            found = await self._presence.candidates({proof.agent_id for _, proof in batch})
            settings = await self._settings.of({candidate.session.tenant_id for candidate in found.values()})
        except Exception as error:
            # Whatever the reason, nobody may be left waiting without an answer.
            if not isinstance(error, GuruError):
                log.exception("agents could not be checked")
            for socket, _ in batch:
                socket.close(Close.UNAVAILABLE, "the server is not ready; come back in a moment")
            return
        welcomed: set[bytes] = set()
        for socket, proof in batch:
            if proof.agent_id in welcomed:
                self._waiting.append((socket, proof))  # its second connection needs a newer session
            elif socket.phase is Phase.CHECKING:
                self._decide(socket, proof, found.get(proof.agent_id), settings)
                if socket.session is not None:
                    welcomed.add(proof.agent_id)

    def _decide(
        self,
        socket: AgentSocket,
        proof: Authenticate,
        candidate: Candidate | None,
        settings: dict[object, Settings],
    ) -> None:
        nonce, socket.nonce = socket.nonce, None  # used once
        if candidate is None or nonce is None or not _proves(proof, nonce, candidate.public_key):
            log.info("an agent failed to prove itself", agent_id=proof.agent_id.hex(), address=socket.address)
            socket.close(Close.UNAUTHENTICATED, "unknown agent or wrong key")
            return
        session = candidate.session
        if candidate.revoked:
            log.info("a revoked agent came back", agent_id=str(session.agent_uuid), tenant_id=str(session.tenant_id))
            socket.close(Close.REVOKED, "this agent was removed")
            return
        message = server_proof_bytes(proof.agent_id, nonce, proof.nonce)
        signature = crypto_sign(message, self._secret_key)[:64]
        session.capabilities = self._shared(proof.capabilities)
        welcome = Welcome(signature=signature, settings=settings[session.tenant_id], capabilities=self._said)
        socket.welcome(session, encode(welcome))
        self._joined(socket, session, proof if proof.agent_version != candidate.agent_version else None)

    def _shared(self, names: list[str]) -> frozenset[str]:
        """Returns what is known of an agent's capabilities: one set for all that say the same, so few there are."""
        said = self._known.intersection(names)
        if unknown := len(set(names)) - len(said):
            AGENT_UNKNOWN.labels("capability").inc(unknown)
        return self._sets.setdefault(said, said)


def _proves(proof: Authenticate, nonce: bytes, public_key: bytes) -> bool:
    try:
        crypto_sign_open(proof.signature + agent_proof_bytes(proof.agent_id, nonce, proof.nonce), public_key)
    except BadSignatureError:
        return False
    return True
