"""Who is connected, and where: the truth of `core.agent_state.online`, written in batches by gateways."""

from dataclasses import dataclass, field
from time import time
from typing import Self
from uuid import UUID

from gururmm_wire.v2.agent import Authenticate

from gururmm_server.core.agents import record
from gururmm_server.core.agents.os_family import os_family
from gururmm_server.core.component import House
from gururmm_server.core.events.event import Event
from gururmm_server.core.presence import _repository as repository
from gururmm_server.core.presence.events import AgentOffline, AgentOnline
from gururmm_server.core.presence.gateways import ThisGateway
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.infra.database import Database
from gururmm_server.infra.outbox import publish_many

_NOBODY = UUID(int=0)
"""The Client of a machine that was removed: it gets no further than its proof."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent that claims an id: what is on record about it."""

    session: AgentSession
    public_key: bytes
    revoked: bool
    agent_version: str
    last_order: bytes | None = None
    """What a removed machine is told before it is sent away."""
    machine_id: str = ""
    doubled: bool = False
    """Several machines prove its key, so it is not known which of them it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """An agent session began (`reason` None) or ended."""

    session: AgentSession
    reason: str | None = None
    proof: Authenticate | None = None
    """For a beginning whose version, system or architecture differ from what is on record."""


@dataclass(slots=True)
class ChangesRecorded:
    """What a batch of changes came to, once it is committed."""

    online: list[AgentSession] = field(default_factory=list)
    """Were offline before."""
    offline: list[AgentSession] = field(default_factory=list)
    superseded: list[AgentSession] = field(default_factory=list)
    """Have a newer connection elsewhere, or are no longer on record: to be closed."""
    elsewhere: list[AgentSession] = field(default_factory=list)
    """Have an older connection on another gateway, which should let go."""


class Presence:
    """Reads who may connect and writes who is connected."""

    def __init__(self, db: Database, gateway_id: str) -> None:
        self._db = db
        self._gateway_id = gateway_id
        self._ids: dict[UUID, UUID] = {}

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's service."""
        return cls(house.db, house.given(ThisGateway).gateway_id)

    async def candidates(self, agent_ids: set[bytes]) -> dict[bytes, Candidate]:
        """Returns the machines on record with those ids, each with the session it would get. Raises `Unavailable`."""
        async with self._db.ingest() as tx:
            rows = await repository.candidates(tx, [UUID(bytes=agent_id) for agent_id in agent_ids])
        now_us = int(time() * 1_000_000)
        found: dict[bytes, Candidate] = {}
        for row in rows:
            session = AgentSession(
                row.agent_id,
                self._shared(row.tenant_id),
                self._shared(row.client_id or _NOBODY),
                row.hostname,
                # Later than the one on record even where that gateway's clock was ahead.
                max(now_us, (row.connection_id or 0) + 1),
            )
            found[session.agent_id] = Candidate(
                session, row.public_key, row.revoked, row.agent_version, row.last_order, row.machine_id, row.doubled
            )
        return found

    async def record(self, changes: list[Change]) -> ChangesRecorded:
        """Writes a batch, of several changes of one agent the last. Raises `Unavailable` with nothing written."""
        last = {change.session.agent_id: change for change in changes}
        came = [change for change in last.values() if change.reason is None]
        left = [change for change in last.values() if change.reason is not None]
        recorded = ChangesRecorded()
        async with self._db.ingest() as tx:
            await repository.lock(tx, [change.session for change in last.values()])
            if came:
                rows = {
                    row.agent_id.bytes: row
                    for row in await repository.arrive(tx, self._gateway_id, [change.session for change in came])
                }
                for change in came:
                    session = change.session
                    row = rows.get(session.agent_id)
                    if row is None:
                        recorded.superseded.append(session)
                        continue
                    session.changed_at = row.changed_at
                    session.client_id = self._shared(row.client_id)  # it may have been moved since it was read
                    if not row.was_online:
                        recorded.online.append(session)
                    elif row.old_gateway is not None and row.old_gateway != self._gateway_id:
                        recorded.elsewhere.append(session)
                described = [_described(change.session, change.proof) for change in came if change.proof is not None]
                if described:
                    await record.describe_all(tx, described)
            if left:
                gone = await repository.depart(tx, self._gateway_id, [change.session for change in left])
                now = time()
                for change in left:
                    if change.session.agent_id in gone:
                        change.session.changed_at = now
                        change.session.client_id = self._shared(gone[change.session.agent_id])
                        recorded.offline.append(change.session)
            reasons = {change.session.agent_id: change.reason or "" for change in left}
            await publish_many(tx, _events(recorded, reasons))
        return recorded

    def _shared(self, value: UUID) -> UUID:
        """Returns one and the same object for equal ids: a tenant's agents share it."""
        return self._ids.setdefault(value, value)


def _described(session: AgentSession, proof: Authenticate) -> record.Described:
    """Returns what an agent says of itself, without what PostgreSQL's text cannot hold."""
    return record.Described(
        session.tenant_id,
        session.agent_uuid,
        proof.agent_version.replace("\0", ""),
        proof.arch.replace("\0", ""),
        os_family(proof.os),
        "".join(each for each in proof.machine_id if each.isprintable()),
    )


def _events(recorded: ChangesRecorded, reasons: dict[bytes, str]) -> list[tuple[UUID, Event]]:
    online: list[tuple[UUID, Event]] = [
        (s.tenant_id, AgentOnline(agent_id=s.agent_uuid, client_id=s.client_id, hostname=s.hostname))
        for s in recorded.online
    ]
    return online + [
        (
            s.tenant_id,
            AgentOffline(agent_id=s.agent_uuid, client_id=s.client_id, hostname=s.hostname, reason=reasons[s.agent_id]),
        )
        for s in recorded.offline
    ]
