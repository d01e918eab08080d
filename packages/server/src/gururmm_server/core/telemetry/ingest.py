"""Heartbeats and metrics: from what arrived within a second to one statement each."""

from time import time
from typing import Final, Self

from gururmm_wire.v2.agent import Metrics

from gururmm_server.core.component import House
from gururmm_server.core.presence import readings
from gururmm_server.core.presence.gateways import ThisGateway
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.telemetry import _repository as repository
from gururmm_server.core.telemetry.sample import HistoryRow
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
    """Returns how full the fullest disk is (permille); None when there is none to read."""
    return max((_permille(disk.used, disk.total) for disk in metrics.disks if disk.total), default=None)


def history_row(
    session: AgentSession, metrics: Metrics, spacing_s: float, *, backlog: bool = False
) -> HistoryRow | None:
    """Returns the row to keep of a sample; None when it is too old, or follows the last kept one too closely.

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
        temperature=max((sensor.tenths for sensor in metrics.temperatures), default=None),
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

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's service."""
        return cls(house.db, house.given(ThisGateway).gateway_id)

    async def write(self, sessions: list[AgentSession], history: list[HistoryRow]) -> list[AgentSession]:
        """Write both, or neither. Returns the sessions that the table no longer counts as this gateway's.

        Raises `Unavailable` or `StorageFull`.
        """
        async with self._db.ingest() as tx:
            adrift = await readings.write(tx, self._gateway_id, sessions)
            if history:
                await repository.write_history(tx, history)
        return adrift


def _permille(part: int, whole: int) -> int:
    return min(1000, part * 1000 // whole) if whole else 0
