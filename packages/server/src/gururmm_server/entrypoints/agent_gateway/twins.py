"""Two machines with one key, as after a disk was copied: found before anything is said to the second one.

Each process of an agent names itself (`Authenticate.instance`). Where another one comes while one is connected, the
older connection is asked for a sign of life: if there is one, both live, and both are sent away until somebody decides
which of them is the machine. If there is none, the older one was only not missed yet.
"""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

from gururmm_wire.v2.agent import Authenticate
from gururmm_wire.v2.limits import Close

from gururmm_server.core.post.letters import cut_off
from gururmm_server.core.presence.doubles import Double, Doubles
from gururmm_server.core.presence.service import Candidate
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket, Phase
from gururmm_server.entrypoints.agent_gateway.roster import Roster
from gururmm_server.entrypoints.agent_gateway.uplink import Uplink
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

_TICK_S: Final = 0.1
PATIENCE_S: Final = 3.0
"""How long the older one may take to answer. A machine that was switched off and on waits for as long, once."""
UNNAMED: Final = bytes(16)
"""An older agent, which does not name its process."""


@dataclass(frozen=True, slots=True)
class _Question:
    """An older connection that was asked, since when, who came, and at which gateway (empty: it was sent away here)."""

    older: AgentSocket
    since: float
    newcomer: Double
    at: str


class Twins:
    """Watches over the roster, and asks older connections."""

    def __init__(self, roster: Roster, doubles: Doubles, uplink: Uplink) -> None:
        self._roster = roster
        self._doubles = doubles
        self._uplink = uplink
        self._asked: dict[bytes, _Question] = {}

    def holds_off(self, socket: AgentSocket, claim: Authenticate, candidate: Candidate) -> bool:
        """Returns whether an agent that proved its key is not let in, as it may be another machine.

        It is closed, to come back in a moment, while that is being found out; not where it is known by now.
        """
        if candidate.doubled or is_other_machine(claim, candidate):
            return True
        older = self._roster.agents.get(claim.agent_id)
        if older is None or older.session is None or older.phase is not Phase.WELCOMED:
            return False
        if older.session.instance in (None, claim.instance):
            return False
        self.ask(older, double_of(socket, claim))
        socket.close(Close.UNAVAILABLE, "another connection with this key is being looked at; come back in a moment")
        return True

    def ask(self, older: AgentSocket, newcomer: Double, at: str = "") -> None:
        """Ask an older connection for a sign of life, because somebody else came with its key, here or at a gateway."""
        assert older.session is not None
        if older.session.agent_id not in self._asked:
            now = monotonic()
            self._asked[older.session.agent_id] = _Question(older, now, newcomer, at)
            older.ping(now)

    async def knocks(self, socket: AgentSocket, claim: Authenticate, candidate: Candidate) -> tuple[str, bytes | None]:
        """Note one that is known to be one of several. Returns in words who they are, and an order that waits for it.

        Raises `Unavailable`.
        """
        double = double_of(socket, claim)
        if candidate.doubled:
            return await self._doubles.knocks(candidate.session, double)
        log.warning("an agent came from another machine", agent_id=str(candidate.session.agent_uuid))
        return await self._doubles.found(candidate.session, [double], [candidate.session.hostname]), None

    async def run(self) -> None:
        """Look for answers for ever."""
        while True:
            await asyncio.sleep(_TICK_S)
            for agent_id, asked in list(self._asked.items()):
                if asked.older.phase is Phase.CLOSED:
                    del self._asked[agent_id]
                elif asked.older.last_frame > asked.since:
                    await self._part(agent_id, asked)
                    del self._asked[agent_id]
                elif monotonic() - asked.since > PATIENCE_S:
                    del self._asked[agent_id]
                    asked.older.close(Close.SILENT, "silent when it was asked, and another connection came")

    async def _part(self, agent_id: bytes, asked: _Question) -> None:
        older, newcomer, session = asked.older, asked.newcomer, asked.older.session
        assert session is not None
        here = Double(session.instance or UNNAMED, session.said_hostname, "", older.address)
        try:
            words = await self._doubles.found(session, [here, newcomer], [])
        except Exception as error:
            if not isinstance(error, GuruError):
                log.exception("two machines have one key")
            log.warning("two machines have one key, and that could not be kept", error=str(error))
            return
        log.warning(
            "two machines have one key",
            agent_id=str(session.agent_uuid),
            tenant_id=str(session.tenant_id),
            names=words,
        )
        older.close(Close.AMBIGUOUS, words)
        if asked.at:
            self._uplink.send([cut_off(asked.at, UUID(bytes=agent_id), Close.AMBIGUOUS)])


def is_other_machine(claim: Authenticate, candidate: Candidate) -> bool:
    """Returns whether an agent says that it is on another machine than the one on record, by its id and by its name.

    A machine that is renamed keeps its id; one whose id was made anew, which is good advice for copies, its name.
    """
    said, hostname = printable(claim.machine_id), printable(claim.hostname)
    return (
        bool(said and candidate.machine_id and hostname)
        and said != candidate.machine_id
        and hostname != candidate.session.hostname
    )


def double_of(socket: AgentSocket, claim: Authenticate) -> Double:
    """Returns who came, as it is kept."""
    hostname = printable(claim.hostname) or "unnamed"
    return Double(claim.instance or UNNAMED, hostname, printable(claim.machine_id), socket.address)


def printable(text: str) -> str:
    """Returns what an agent says without what no line of text can hold."""
    return "".join(character for character in text if character.isprintable())
