"""The handshake: who an agent is, proved by its key; who the server is, proved by ours; and the seal on what follows.

Proofs are gathered for ten milliseconds and their keys read together, so that ten thousand agents that come back at
once cost the database a few dozen queries.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Final
from uuid import UUID

from gururmm_wire import capabilities
from gururmm_wire.capabilities import IDENTITY_ORDERS
from gururmm_wire.codec import MalformedMessage, encode
from gururmm_wire.handshake import RANDOM_BYTES, HandshakeFailed, ServerHandshake
from gururmm_wire.v2.agent import PURPOSE_TUNNEL, Authenticate
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import Welcome
from nacl.bindings import crypto_sign_seed_keypair

from gururmm_server.core.orders.chain import KeyChain
from gururmm_server.core.presence.service import Candidate, Presence
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.settings.told import Told
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket, Phase
from gururmm_server.entrypoints.agent_gateway.configurations import Configurations, tell
from gururmm_server.entrypoints.agent_gateway.shares import FULL, Shares
from gururmm_server.entrypoints.agent_gateway.twins import Twins, is_other_machine
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.fair_queue import FairQueue
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import AGENT_UNKNOWN
from gururmm_server.infra.peer_log import PeerLog
from gururmm_server.infra.visitors import visitor

log = get_logger(__name__)
about_peers = PeerLog(log)

GATHER_S: Final = 0.01
BATCH: Final = 256
_REMEMBERED: Final = 100_000
_Proof = tuple[AgentSocket, ServerHandshake]

Joined = Callable[[AgentSocket, AgentSession, Authenticate | None], None]
"""Told of each authenticated agent; with its proof when that says something new about the machine."""


class Authenticator:
    """Checks proofs one batch after the other."""

    def __init__(
        self,
        presence: Presence,
        configurations: Configurations,
        order_keys: KeyChain,
        link_key_seed: bytes,
        *,
        joined: Joined,
        twins: Twins,
        shares: Shares,
    ) -> None:
        self._presence = presence
        self._configurations = configurations
        self._order_keys = order_keys
        self._public_key, self._secret_key = crypto_sign_seed_keypair(link_key_seed)
        self._joined = joined
        self._twins = twins
        self._shares = shares
        self._doubled: list[tuple[AgentSocket, ServerHandshake, Candidate]] = []
        self._send_offs = FairQueue(4, most=256, most_each=16, share=1, limit_s=20)
        """Each costs a transaction, and whoever proves one key twice may come as often as they like."""
        self._sending: set[asyncio.Task[None]] = set()
        self._known = frozenset(capabilities.said_by("agent"))
        self._said = capabilities.said_by("server")
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        self._lines: dict[UUID | str, deque[_Proof]] = {}
        """Proofs that wait: those of a Partner, or of a visitor of whom no Partner is known, in a line of their own."""
        self._tenants: dict[bytes, UUID] = {}
        """Whose agents those are that came here before."""
        self._wake = asyncio.Event()

    def check(self, socket: AgentSocket, data: bytes) -> None:
        """Take a proof; the socket is welcomed or closed soon."""
        try:
            handshake = ServerHandshake(socket.challenge, data)
        except MalformedMessage:
            socket.close(Close.UNAUTHENTICATED, "prove who you are first")
            return
        if handshake.claim.server_key != self._public_key:
            socket.close(Close.UNAUTHENTICATED, "this is not the server whose key was pinned")
            return
        self._wait(socket, handshake)
        self._wake.set()

    def _wait(self, socket: AgentSocket, handshake: ServerHandshake) -> None:
        who = self._tenants.get(handshake.claim.agent_id) or visitor(socket.address)
        self._lines.setdefault(who, deque()).append((socket, handshake))

    def _next(self) -> list[_Proof]:
        """Returns as many proofs as are looked at together, of each line in turn: a crowd waits behind itself."""
        batch: list[_Proof] = []
        while self._lines and len(batch) < BATCH:
            who = next(iter(self._lines))
            line = self._lines.pop(who)
            batch.append(line.popleft())
            if line:
                self._lines[who] = line
        return batch

    async def run(self) -> None:
        """Check for ever."""
        while True:
            await self._wake.wait()
            # The others of the loop get their turn also where there are enough: a batch costs some twenty milliseconds.
            await asyncio.sleep(GATHER_S if sum(map(len, self._lines.values())) < BATCH else 0)
            await self._check(self._next())
            if not self._lines:
                self._wake.clear()

    async def _check(self, batch: list[tuple[AgentSocket, ServerHandshake]]) -> None:
        try:
            found = await self._presence.candidates({handshake.claim.agent_id for _, handshake in batch})
            told = await self._configurations.of([candidate.session for candidate in found.values()])
        except Exception as error:
            # Whatever the reason, nobody may be left waiting without an answer.
            if not isinstance(error, GuruError):
                log.exception("agents could not be checked")
            for socket, _ in batch:
                socket.close(Close.UNAVAILABLE, "the server is not ready; come back in a moment")
            return
        welcomed: set[bytes] = set()
        for socket, handshake in batch:
            agent_id = handshake.claim.agent_id
            if agent_id in welcomed:
                self._wait(socket, handshake)  # its second connection needs a newer session
            elif socket.phase is Phase.CHECKING:
                self._decide(socket, handshake, found.get(agent_id), told)
                if socket.session is not None:
                    welcomed.add(agent_id)
        doubled, self._doubled = self._doubled, []
        for socket, handshake, candidate in doubled:
            task = asyncio.create_task(self._send_off(socket, handshake, candidate))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _decide(
        self,
        socket: AgentSocket,
        handshake: ServerHandshake,
        candidate: Candidate | None,
        told: dict[bytes, Told],
    ) -> None:
        claim = handshake.claim
        if candidate is None or not handshake.proves(candidate.public_key):
            about_peers.info(
                socket.address, "an agent failed to prove itself", agent_id=claim.agent_id.hex(), address=socket.address
            )
            socket.close(Close.UNAUTHENTICATED, "unknown agent or wrong key")
            return
        if claim.purpose not in {"", PURPOSE_TUNNEL}:
            socket.close(Close.UNAUTHENTICATED, "no connection has that purpose here")
            return
        socket.tunnel = claim.purpose == PURPOSE_TUNNEL
        session = candidate.session
        self._remember(session)
        if candidate.revoked:
            about_peers.info(
                session.agent_id,
                "a revoked agent came back",
                agent_id=str(session.agent_uuid),
                tenant_id=str(session.tenant_id),
            )
            self._send_away(socket, handshake, candidate)
            return
        if self._twins.holds_off(socket, handshake.claim, candidate):
            if candidate.doubled or is_other_machine(handshake.claim, candidate):
                self._doubled.append((socket, handshake, candidate))
            return
        if not self._shares.admits(session.tenant_id, (session.agent_id, socket.tunnel)):
            socket.close(Close.UNAVAILABLE, FULL)
            return
        if not self._welcome(socket, handshake, candidate):
            return
        session.instance = claim.instance
        if claim.hostname and claim.hostname != session.hostname:
            session.said_hostname = claim.hostname
        tell(socket, session, told[session.agent_id])
        self._joined(socket, session, claim if self._is_news(claim, candidate) else None)

    def _remember(self, session: AgentSession) -> None:
        if len(self._tenants) >= _REMEMBERED:
            self._tenants.clear()
        self._tenants[session.agent_id] = session.tenant_id

    @staticmethod
    def _is_news(claim: Authenticate, candidate: Candidate) -> bool:
        return claim.agent_version != candidate.agent_version or claim.machine_id not in ("", candidate.machine_id)

    def _welcome(self, socket: AgentSocket, handshake: ServerHandshake, candidate: Candidate) -> bool:
        """Prove ourselves too, and say what was ordered for all. Returns False where the handshake failed."""
        claim, session = handshake.claim, candidate.session
        try:
            proof, seal = handshake.accept(self._secret_key, os.urandom(RANDOM_BYTES))
        except HandshakeFailed as error:
            about_peers.warning(
                session.agent_id, "an agent's handshake failed", agent_id=str(session.agent_uuid), error=str(error)
            )
            socket.close(Close.UNAUTHENTICATED, str(error))
            return False
        session.capabilities = self._shared(claim.capabilities)
        socket.welcome(session, proof, seal, encode(Welcome(capabilities=self._said)))
        # Whatever is ordered may be signed by a key that this agent has yet to hear of.
        for change in self._order_keys.missing(claim.order_key):
            socket.send(change)
        return True

    def _send_away(self, socket: AgentSocket, handshake: ServerHandshake, candidate: Candidate) -> None:
        """Tell a removed machine the last that was signed for it, if there is something, and close."""
        order = candidate.last_order
        if order is not None and not socket.tunnel and IDENTITY_ORDERS in handshake.claim.capabilities:
            if not self._welcome(socket, handshake, candidate):
                return
            socket.send(order)
        socket.close(Close.REVOKED, "this agent was removed")

    async def _send_off(self, socket: AgentSocket, handshake: ServerHandshake, candidate: Candidate) -> None:
        """Note that one of several with one key is there, say who they are, and close; an order may wait for it."""
        try:
            async with self._send_offs.place(str(candidate.session.tenant_id)):
                words, order = await self._twins.knocks(socket, handshake.claim, candidate)
        except Exception as error:
            # Whatever the reason, nobody may be left waiting without an answer.
            if not isinstance(error, GuruError):
                log.exception("one of several with one key could not be noted")
            socket.close(Close.UNAVAILABLE, "the server is not ready; come back in a moment")
            return
        if socket.phase is not Phase.CHECKING:
            return
        if order is not None and not socket.tunnel and self._welcome(socket, handshake, candidate):
            socket.send(order)
        socket.close(Close.AMBIGUOUS, words)

    def _shared(self, names: list[str]) -> frozenset[str]:
        """Returns what is known of an agent's capabilities: one set for all that say the same, so few there are."""
        said = self._known.intersection(names)
        if unknown := len(set(names)) - len(said):
            AGENT_UNKNOWN.labels("capability").inc(unknown)
        return self._sets.setdefault(said, said)
