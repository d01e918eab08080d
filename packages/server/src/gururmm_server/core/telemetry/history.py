"""A machine's readings over time, on a grid: what was not measured is null, never a line drawn across."""

from dataclasses import dataclass

from gururmm_server.core.telemetry._repository import Step
from gururmm_server.core.telemetry.errors import UnknownRange
from gururmm_server.core.telemetry.schemas import Columns

RANGES = {"1h": 3600, "6h": 21600, "24h": 86400, "7d": 7 * 86400, "30d": 30 * 86400, "1y": 366 * 86400}
_STEPS = (60, 300, 3600)
_MOST_POINTS = 2100
_LONGEST = 400 * 86400

_COLUMNS = {
    "cpu": ("cpu", 10),
    "memory": ("memory", 10),
    "load": ("load", 100),
    "receive": ("receive_rate", 1),
    "send": ("send_rate", 1),
    "read": ("read_rate", 1),
    "write": ("write_rate", 1),
    "disk": ("disk", 10),
    "temperature": ("temperature", 10),
}


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for: Unix seconds, on whole steps; `hourly` reads the roll-up."""

    start: int
    end: int
    step_s: int
    hourly: bool


def window(start: float, end: float, now: float, metrics_s: int, kept_days: int) -> Window:
    """Returns the grid for a stretch of time, its step the finest for a readable number of points.

    `kept_days` is for how long single samples are kept. Raises `UnknownRange`.
    """
    if not start < end or end - start > _LONGEST:
        raise UnknownRange
    hourly = now - start > (kept_days - 1) * 86400 + 3600
    fits = [step for step in _STEPS if step >= metrics_s and (end - start) / step <= _MOST_POINTS]
    step = 3600 if hourly or not fits else fits[0]
    return Window(int(start // step * step), int(-(-end // step) * step), step, hourly or step == 3600)


def columns(grid: Window, rows: list[Step]) -> Columns:
    """Returns parallel columns over the grid.

    One empty step between two full ones is the jitter of sampling: it is bridged.
    """
    by_step = {row.bucket: row for row in rows}
    at = list(range(grid.start, grid.end, grid.step_s))
    found = [by_step.get(moment) for moment in at]
    for index in range(1, len(found) - 1):
        if found[index] is None and found[index + 1] is not None and at[index - 1] in by_step:
            found[index] = found[index - 1]
    readings = {name: [_scaled(step, column, scale) for step in found] for name, (column, scale) in _COLUMNS.items()}
    return Columns(at=at, **readings)


def _scaled(step: Step | None, column: str, scale: int) -> float | None:
    value = None if step is None else getattr(step, column)
    return None if value is None else round(value / scale, 2)
