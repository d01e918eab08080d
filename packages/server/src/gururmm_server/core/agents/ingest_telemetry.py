"""Heartbeats and metrics: from what arrived within a second to one statement each."""

from time import time
from typing import Final

from gururmm_wire.v2.agent import Metrics

from gururmm_server.core.agents import _ingest_repository as repository
from gururmm_server.core.agents.ingest_session import AgentSession, HistoryRow
from gururmm_server.infra.database import Database

OLDEST_S: Final = 7 * 86400 - 3600
FUTURE_S: Final = 300
_INT4: Final = 2**31 - 1


def note_metrics(session: AgentSession, metrics: Metrics, raw: bytes) -> None:
    """Make a sample the session's newest readings; `raw` is the message as it came."""
    session.cpu = metrics.cpu
    session.memory = _permille(metrics.memory_used, metrics.memory_total)
    session.disk = fullest_disk(metrics)
    session.uptime = metrics.uptime
    session.latest = raw


def fullest_disk(metrics: Metrics) -> int | None:
    """Permille of the fullest disk; None when there is none to read."""
    return max((_permille(used, total) for _, used, total in metrics.disks if total), default=None)


def history_row(
    session: AgentSession, metrics: Metrics, spacing_s: float, *, backlog: bool = False
) -> HistoryRow | None:
    """The row to keep of a sample: None when it is too old, or follows the last kept one too closely.

    A moment in the future is taken for now. Samples have to move forward, so a repetition is not kept twice; those of
    a backlog, which come after newer ones, among themselves.
    """
    now = int(time())
    at = now if metrics.at > now + FUTURE_S else metrics.at
    after = session.backlog_at if backlog else session.history_at
    if at < now - OLDEST_S or at < after + spacing_s:
        return None
    if backlog:
        session.backlog_at = at
    else:
        session.history_at = at
    return HistoryRow(
        tenant_id=session.tenant_id,
        agent_id=session.agent_uuid,
        at=at,
        cpu=metrics.cpu,
        memory=_permille(metrics.memory_used, metrics.memory_total),
        disk=fullest_disk(metrics),
        temperature=max((value for _, value in metrics.temperatures), default=None),
        load=min(metrics.load, _INT4),
        receive_rate=metrics.receive_rate,
        send_rate=metrics.send_rate,
        read_rate=metrics.read_rate,
        write_rate=metrics.write_rate,
    )


class TelemetryIngest:
    """Writes one second's readings of all agents of a gateway."""

    def __init__(self, db: Database, gateway_id: str) -> None:
        self._db = db
        self._gateway_id = gateway_id

    async def write(self, sessions: list[AgentSession], history: list[HistoryRow]) -> list[AgentSession]:
        """Write both, or neither. Answers with the sessions that the table no longer counts as this gateway's.

        A session whose machine was moved to another Client learns it here, should it not have heard: that reading is
        left out. Raises `Unavailable` or `StorageFull`.
        """
        brief = [session for session in sessions if session.latest is None]
        full = [session for session in sessions if session.latest is not None]
        async with self._db.ingest() as tx:
            touched = 0
            if brief:
                touched += await repository.write_heartbeats(tx, self._gateway_id, brief)
            if full:
                touched += await repository.write_metrics(tx, self._gateway_id, full)
            if history:
                await repository.write_history(tx, history)
            if touched == len(sessions):
                return []
            mine = await repository.connected_here(tx, self._gateway_id, [session.agent_uuid for session in sessions])
        adrift: list[AgentSession] = []
        for session in sessions:
            connection_id, client_id = mine.get(session.agent_id, (None, session.client_id))
            session.client_id = client_id
            if connection_id != session.connection_id:
                adrift.append(session)
        return adrift


def _permille(part: int, whole: int) -> int:
    return min(1000, part * 1000 // whole) if whole else 0
