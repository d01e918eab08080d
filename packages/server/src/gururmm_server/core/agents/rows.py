"""From what is stored to what the API says: plain values, in the shapes that `schemas` describes."""

from datetime import UTC, datetime
from typing import Any

from gururmm_wire.codec import MalformedMessage, decode_from_agent
from gururmm_wire.v2.agent import Metrics

from gururmm_server.core.agents.live import AgentRow, percent
from gururmm_server.infra.database import Row
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)


def agent_row(row: Row) -> dict[str, Any]:
    """A machine in a list, from the columns of `_fleet_repository.ROW_COLUMNS`."""
    online = row["online"]
    return {
        "id": row["agent_id"],
        "hostname": row["hostname"],
        "status": "online" if online else "offline",
        "os_name": row["os_name"],
        "os_family": row["os_family"],
        "agent_version": row["agent_version"],
        "client_id": row["client_id"],
        "client_name": row["client_name"],
        "site_id": row["site_id"],
        "site_name": row["site_name"],
        "addresses": row["addresses"],
        "user": row["username"] or None,
        "cpu_percent": percent(row["cpu"]),
        "memory_percent": percent(row["memory"]),
        "disk_percent": percent(row["disk"]),
        "last_seen": row["last_seen"],
        "online_since": row["changed_at"] if online else None,
        "uptime_s": row["uptime_s"],
        "problems": row["problems"],
    }


def live_row(row: Row) -> AgentRow:
    """The same machine as dashboards that are open hear of it."""
    return AgentRow(
        agent_id=row["agent_id"].bytes,
        client_id=row["client_id"].bytes,
        online=row["online"],
        changed=True,
        changed_at=row["changed_at"].timestamp(),
        last_seen=row["last_seen"].timestamp() if row["last_seen"] else 0.0,
        cpu=row["cpu"],
        memory=row["memory"],
        disk=row["disk"],
    )


def latest_metrics(encoded: bytes | None) -> dict[str, Any] | None:
    """The stored wire message as the API's Metrics; None where there is none or it is of another protocol."""
    if encoded is None:
        return None
    try:
        message = decode_from_agent(encoded)
    except MalformedMessage as error:
        log.warning("stored metrics cannot be read", error=str(error))
        return None
    return metrics(message) if isinstance(message, Metrics) else None


def metrics(sample: Metrics) -> dict[str, Any]:
    """A wire sample as the API says it."""
    return {
        "at": datetime.fromtimestamp(min(sample.at, _LAST_SECOND), UTC),
        "cpu_percent": sample.cpu / 10,
        "memory_used": sample.memory_used,
        "memory_total": sample.memory_total,
        "swap_used": sample.swap_used,
        "load": sample.load / 100,
        "receive_rate": sample.receive_rate,
        "send_rate": sample.send_rate,
        "read_rate": sample.read_rate,
        "write_rate": sample.write_rate,
        "disks": [{"mount": disk.mount, "used": disk.used, "total": disk.total} for disk in sample.disks],
        "temperatures": [{"label": sensor.label, "celsius": sensor.tenths / 10} for sensor in sample.temperatures],
        "uptime_s": sample.uptime,
    }


_LAST_SECOND = 253402300799
"""The end of the year 9999, beyond which Python has no times; an agent can claim any."""
