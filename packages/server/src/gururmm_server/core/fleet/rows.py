"""From what is stored to what the API says."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, get_args

import msgspec
from gururmm_wire.codec import MalformedMessage, decode_from_agent
from gururmm_wire.v2 import agent as wire

from gururmm_server.core.agents import live
from gururmm_server.core.agents.live import percent
from gururmm_server.core.fleet._machine_repository import FormerRow, MachineRow, Section
from gururmm_server.core.fleet._repository import FleetRow
from gururmm_server.core.fleet.schemas import (
    Access,
    AgentDetail,
    AgentRow,
    DiskUse,
    Double,
    Former,
    Metrics,
    SettingsState,
    Temperature,
)
from gururmm_server.core.presence.problems import sentence
from gururmm_server.core.presence.state import DoubleRow
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)


def agent_row(row: FleetRow) -> AgentRow:
    """Returns a machine as the list shows it."""
    return AgentRow(
        id=row.agent_id,
        hostname=row.hostname,
        status="online" if row.online else "offline",
        os_name=row.os_name,
        os_family=row.os_family,
        agent_version=row.agent_version,
        client_id=row.client_id,
        client_name=row.client_name,
        site_id=row.site_id,
        site_name=row.site_name,
        addresses=row.addresses,
        user=row.username or None,
        cpu_percent=percent(row.cpu),
        memory_percent=percent(row.memory),
        disk_percent=percent(row.disk),
        last_seen=row.last_seen,
        online_since=row.changed_at if row.online else None,
        uptime_s=row.uptime_s,
        problems=row.problems,
    )


def agent_detail(
    row: MachineRow,
    inventory: Iterable[Section],
    former: Iterable[FormerRow],
    doubles: Iterable[DoubleRow],
    settings: SettingsState,
) -> AgentDetail:
    """Returns a machine as its page shows it: the sections of its inventory, who it was before, who has its key."""
    return AgentDetail(
        **msgspec.structs.asdict(agent_row(row)),
        enrolled_at=row.enrolled_at,
        inventory={each.section: each.items for each in inventory},
        latest=latest_metrics(row.latest),
        problem_texts={kind: sentence(kind, row) for kind in row.problems},
        protocol=row.protocol,
        gateway=row.gateway_id is not None,
        former=[
            Former(
                id=each.agent_id,
                hostname=each.hostname,
                client_name=each.client_name,
                site_name=each.site_name,
                last_seen=each.last_seen,
            )
            for each in former
        ],
        doubles=[
            Double(
                instance=each.instance.hex(),
                hostname=each.hostname,
                address=each.address,
                last_seen=each.last_seen,
                ordered=each.ordered,
            )
            for each in doubles
        ],
        settings=settings,
    )


def live_row(row: MachineRow) -> live.AgentRow:
    """Returns the machine as dashboards that are open hear of it."""
    return live.AgentRow(
        agent_id=row.agent_id.bytes,
        client_id=row.client_id.bytes,
        online=row.online,
        changed=True,
        changed_at=row.changed_at.timestamp(),
        last_seen=row.last_seen.timestamp() if row.last_seen else 0.0,
        cpu=row.cpu,
        memory=row.memory,
        disk=row.disk,
    )


def latest_metrics(encoded: bytes | None) -> Metrics | None:
    """Returns the stored wire message as the API says it; None where there is none or it is of another protocol."""
    if encoded is None:
        return None
    try:
        message = decode_from_agent(encoded)
    except MalformedMessage as error:
        log.warning("stored metrics cannot be read", error=str(error))
        return None
    return metrics(message) if isinstance(message, wire.Metrics) else None


def metrics(sample: wire.Metrics) -> Metrics:
    """Returns a wire sample as the API says it."""
    return Metrics(
        at=datetime.fromtimestamp(min(sample.at, _LAST_SECOND), UTC),
        cpu_percent=sample.cpu / 10,
        memory_used=sample.memory_used,
        memory_total=sample.memory_total,
        swap_used=sample.swap_used,
        load=sample.load / 100,
        receive_rate=sample.receive_rate,
        send_rate=sample.send_rate,
        read_rate=sample.read_rate,
        write_rate=sample.write_rate,
        disks=[_disk_use(disk) for disk in sample.disks],
        temperatures=[Temperature(label=each.label, celsius=each.tenths / 10) for each in sample.temperatures],
        uptime_s=sample.uptime,
    )


def _disk_use(disk: wire.FilesystemUse) -> DiskUse:
    access = _ACCESS.get(disk.access or "", "writable")
    return DiskUse(mount=disk.mount, used=disk.used, total=disk.total, free=disk.available, access=access)


_ACCESS: Final[dict[str, Access]] = {name: name for name in get_args(Access)}

_LAST_SECOND = 253402300799
"""The end of the year 9999, beyond which Python has no times; an agent can claim any."""
