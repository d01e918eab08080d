"""Heartbeats and metrics: from what arrived within a second to one statement each."""

from time import time
from typing import Final, Self

import msgspec
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import FilesystemUse, Metrics

from gururmm_server.core.component import House
from gururmm_server.core.presence import readings
from gururmm_server.core.presence.gateways import ThisGateway
from gururmm_server.core.presence.problems import CLOCK_SLACK_S, told_by
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.telemetry import _repository as repository
from gururmm_server.core.telemetry.sample import HistoryRow
from gururmm_server.infra.database import Database

OLDEST_S: Final = 7 * 86400 - 3600
FUTURE_S: Final = 300
_INT4: Final = 2**31 - 1


def note_clock(session: AgentSession, said: int) -> None:
    """Note by how much the machine's clock is ahead, when it has just said this."""
    session.clock_s = max(-_INT4, min(_INT4, said - int(time())))


def in_time(session: AgentSession, metrics: Metrics, raw: bytes) -> tuple[Metrics, bytes]:
    """Returns a sample that was just taken with the server's time, whatever the machine's clock is; also as bytes."""
    note_clock(session, metrics.at if metrics.clock is None else metrics.clock)
    now = int(time())
    if abs(metrics.at - now) <= CLOCK_SLACK_S:
        return metrics, raw
    metrics = msgspec.structs.replace(metrics, at=now)
    return metrics, encode(metrics)


def _kept_in_time(session: AgentSession, metrics: Metrics, now: int) -> int:
    """Returns when a sample of a backlog was taken.

    An agent that says its clock beside the moment has reckoned that by the server's. Of another the clock was as wrong
    then as it is now, unless that would put it where nothing can have come from.
    """
    off = session.clock_s or 0
    if metrics.clock is not None or abs(off) <= CLOCK_SLACK_S:
        return metrics.at
    moved = metrics.at - off
    return moved if now - OLDEST_S <= moved <= now else metrics.at


def note_metrics(session: AgentSession, metrics: Metrics, raw: bytes) -> None:
    """Make a sample the session's newest readings; `raw` is the message as it came."""
    session.faults = told_by(metrics)
    session.cpu = metrics.cpu
    session.memory = _permille(metrics.memory_used, metrics.memory_total)
    session.disk = fullest_disk(metrics)
    session.uptime = metrics.uptime
    session.latest = raw


def fullest_disk(metrics: Metrics) -> int | None:
    """Returns how full the fullest disk is for an ordinary user (permille); None when there is none to read.

    What is read-only is as full as it was made: nothing is left for anybody to do about it.
    """
    return max((_full(disk) for disk in metrics.disks if _can_fill(disk)), default=None)


def _can_fill(disk: FilesystemUse) -> bool:
    return disk.total > 0 and disk.access not in {"read_only", "became_read_only"}


def _full(disk: FilesystemUse) -> int:
    """As `df` reckons: what is kept for the system's own use is neither in use nor free. Full is rounded up."""
    room = disk.used + disk.available
    return min(1000, -(-disk.used * 1000 // room)) if room else 1000


def history_row(
    session: AgentSession, metrics: Metrics, spacing_s: float, *, backlog: bool = False
) -> HistoryRow | None:
    """Returns the row to keep of a sample; None when it is too old, or follows the last kept one too closely.

    A moment in the future is taken for now; `in_time` has seen to one that was just taken. Samples have to move
    forward, so a repetition is not kept twice; those of a backlog, which come after newer ones, among themselves.
    """
    now = int(time())
    at = _kept_in_time(session, metrics, now) if backlog else metrics.at
    if at > now + FUTURE_S:
        at = now
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
        may_be_there=backlog,
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
