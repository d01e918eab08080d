"""From two readings of counters to one sample. Pure."""

import msgspec
from gururmm_wire.v2.agent import Fault, FilesystemUse, Heartbeat, Metrics, SensorReading

from gururmm_agent.adapters.ports import Counters, Pulse, TemperatureReading
from gururmm_agent.printable import printable


def cpu_permille(before: Counters | Pulse, after: Counters | Pulse) -> int:
    """Busy share of all cores between two readings, 0 to 1000."""
    total = after.cpu_total - before.cpu_total
    return _permille(after.cpu_busy - before.cpu_busy, total)


def memory_permille(reading: Counters | Pulse) -> int:
    """Used share of memory, 0 to 1000."""
    return _permille(reading.memory_used, reading.memory_total)


def heartbeat(at: int, before: Pulse, after: Pulse) -> Heartbeat:
    """A heartbeat from two pulses."""
    return Heartbeat(at, cpu_permille(before, after), memory_permille(after))


class Moment(msgspec.Struct, frozen=True):
    """When a sample was taken: `at` by the server's clock as far as it is known, `clock` by the machine's own."""

    at: int
    clock: int


def metrics(
    moment: Moment,
    before: Counters,
    after: Counters,
    *,
    disks: list[FilesystemUse],
    temperatures: list[TemperatureReading],
    faults: list[Fault],
) -> Metrics:
    """A sample from two readings. A counter that went back (an interface vanished) counts as no traffic."""
    seconds = max(after.at - before.at, 0.001)
    return Metrics(
        at=moment.at,
        cpu=cpu_permille(before, after),
        memory_used=after.memory_used,
        memory_total=after.memory_total,
        swap_used=after.swap_used,
        load=after.load_hundredths,
        receive_rate=_rate(after.received - before.received, seconds),
        send_rate=_rate(after.sent - before.sent, seconds),
        read_rate=_rate(after.disk_read - before.disk_read, seconds),
        write_rate=_rate(after.disk_written - before.disk_written, seconds),
        disks=disks,
        temperatures=[SensorReading(printable(reading.label)[:256], reading.tenths) for reading in temperatures],
        uptime=after.uptime_s,
        clock=moment.clock if abs(moment.clock - moment.at) > 1 else None,
        faults=faults,
    )


def _rate(difference: int, seconds: float) -> int:
    return max(0, round(difference / seconds))


def _permille(part: float, whole: float) -> int:
    return 0 if whole <= 0 else min(1000, max(0, round(part * 1000 / whole)))
