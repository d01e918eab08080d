"""Readings that move as an office does: pure functions of a profile and the time."""

import math
from typing import Final

from gururmm_wire.v2.agent import FilesystemUse, Heartbeat, Metrics, SensorReading

from gururmm_bench.simulator.profile import Profile

_DAY: Final = 86400
_MIB: Final = 1024 * 1024


def office(profile: Profile, at: float) -> float:
    """0 at night and at weekends, near 1 in the working day, with a dip at noon; the machine's own time zone."""
    local = at + profile.utc_offset_h * 3600
    weekday = int(local // _DAY + 3) % 7  # the epoch was a Thursday; 0 is Monday
    if weekday >= 5:
        return 0.06
    hour = local % _DAY / 3600 + (profile.phase - 0.5) * 1.5
    morning = 1 / (1 + math.exp(-(hour - 8.3) * 2.2))
    evening = 1 / (1 + math.exp((hour - 17.6) * 1.8))
    lunch = 0.35 * math.exp(-(((hour - 12.6) / 0.5) ** 2))
    return max(0.06, morning * evening - lunch)


def wave(profile: Profile, at: float, period_s: float, salt: float) -> float:
    """Smooth, between -1 and 1, its own for each machine and salt."""
    turn = 2 * math.pi
    phase = profile.phase * 37.0 + salt
    return 0.65 * math.sin(at / period_s * turn + phase * turn) + 0.35 * math.sin(
        at / (period_s * 0.381) * turn + phase * 2.7 * turn
    )


def _between(value: float, low: float, high: float) -> float:
    return low if value < low else min(value, high)


def cpu_permille(profile: Profile, at: float) -> int:
    """Busy part of all cores."""
    work = 0.55 if profile.kind == "SRV" else office(profile, at)
    calm = 25 + 240 * work + 70 * work * wave(profile, at, 900, 0.1) + 22 * wave(profile, at, 95, 0.7)
    burst = max(0.0, wave(profile, at, 2900, 0.35) - 0.82) * 3200 * work
    return int(_between(calm + burst, 4, 985))


def memory_used(profile: Profile, at: float) -> int:
    """Bytes in use."""
    if profile.memory_level > 0.95:
        return int(profile.memory * _between(profile.memory_level + 0.006 * wave(profile, at, 1700, 0.2), 0.952, 0.985))
    part = profile.memory_level + 0.14 * office(profile, at) + 0.03 * wave(profile, at, 1700, 0.2)
    return int(profile.memory * _between(part, 0.08, 0.93))


def boot_time(profile: Profile, at: float) -> int:
    """Unix seconds of the last start. Each machine restarts at its own interval."""
    offset = int(profile.phase * profile.boot_period_s)
    return int((at - offset) // profile.boot_period_s * profile.boot_period_s + offset)


def disks(profile: Profile, at: float) -> list[tuple[str, int, int]]:
    """(mount point, used, total) of every file system: slow growth within a month, a little movement by the hour."""
    month = at / (30 * _DAY) + profile.phase
    growth = 0.012 * (month % 1.0)
    rows = []
    for index, disk in enumerate(profile.disks):
        if disk.options.startswith("ro"):
            part = disk.fullness
        else:
            part = _between(disk.fullness + growth + 0.002 * wave(profile, at, 7200, index * 0.31), 0.01, 0.995)
        rows.append((disk.mount, int(disk.total * part), disk.total))
    return rows


def sensor_labels(profile: Profile) -> tuple[str, ...]:
    """The temperature sensors this machine answers with; none on a virtual machine."""
    if not profile.has_sensors:
        return ()
    labels = {"windows": ("CPU Package",), "macos": ("CPU die", "GPU die"), "linux": ("Package id 0", "Composite")}
    names = labels[profile.os]
    return (*names, "GPU Core") if profile.model.gpu and profile.os != "macos" else names


def temperatures(profile: Profile, at: float) -> list[tuple[str, int]]:
    """(label, tenths of °C), following the load."""
    load = cpu_permille(profile, at) / 1000
    rows = []
    for index, label in enumerate(sensor_labels(profile)):
        base = 345 + 60 * profile.phase - 35 * index
        rows.append((label, int(base + 420 * load + 9 * wave(profile, at, 240, index * 0.41))))
    return rows


def heartbeat(profile: Profile, at: float) -> Heartbeat:
    """I am here, with the two cheapest readings."""
    return Heartbeat(int(at), cpu_permille(profile, at), memory_used(profile, at) * 1000 // profile.memory)


def metrics(profile: Profile, at: float) -> Metrics:
    """One whole sample."""
    cpu = cpu_permille(profile, at)
    work = office(profile, at) if profile.kind != "SRV" else 0.5
    traffic = max(0.01, 0.25 + work + 0.6 * wave(profile, at, 310, 0.55))
    storage = max(0.02, 0.15 + work * 0.8 + 0.7 * wave(profile, at, 190, 0.85))
    return Metrics(
        at=int(at),
        cpu=cpu,
        memory_used=memory_used(profile, at),
        memory_total=profile.memory,
        swap_used=int(profile.memory * 0.02 * profile.phase) // 4096 * 4096,
        load=int(cpu * profile.model.threads / 10 * (1 + 0.1 * wave(profile, at, 60, 0.4))),
        receive_rate=int(traffic * 0.42 * _MIB),
        send_rate=int(traffic * 0.11 * _MIB),
        read_rate=int(storage * 0.7 * _MIB),
        write_rate=int(storage * 1.3 * _MIB),
        disks=[
            FilesystemUse(mount, used, total, access="read_only" if kept.options.startswith("ro") else None)
            for kept, (mount, used, total) in zip(profile.disks, disks(profile, at), strict=True)
        ],
        temperatures=[SensorReading(*sensor) for sensor in temperatures(profile, at)],
        uptime=int(at) - boot_time(profile, at),
    )
