"""What is measured against what was promised: the table on the terminal and the JSON beside it."""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import psutil

_WIDTHS: Final = "{:<74} {:>15} {:>9} {:>9} {:>7}  {}"
_VERDICT: Final = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True, slots=True)
class Floor:
    """What this machine gives, in this run, to a program that does only what cannot be left out (see `floors`)."""

    name: str
    unit: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One promised number. `measured` is None where it could not be measured; `note` then says why.

    A floor has the figure's unit. `target_of` says whether the target bounds what was measured or its ratio to the
    floor. A figure without a target is compared with its last value by whoever reads it. `exempt` says why the target
    is none of this machine.
    """

    name: str
    unit: str
    target: float | None
    bound: Literal["at most", "at least"]
    measured: float | None
    note: str = ""
    details: dict[str, float | str] = field(default_factory=dict)
    floor: Floor | None = None
    target_of: Literal["value", "ratio"] = "value"
    exempt: str = ""

    @property
    def ratio(self) -> float | None:
        """What was measured as a multiple of the floor; None where either is missing."""
        if self.measured is None or self.floor is None or not self.floor.value:
            return None
        return self.measured / self.floor.value

    @property
    def ok(self) -> bool | None:
        """Whether the promise holds; None where there is none for this machine. What was not measured never holds."""
        held = self.measured if self.target_of == "value" else self.ratio
        if held is None:
            return False
        if self.target is None or self.exempt:
            return None
        return held <= self.target if self.bound == "at most" else held >= self.target

    def as_json(self) -> dict[str, Any]:
        """Returns the figure as the results keep it: what was measured and promised, the floor and the ratio to it."""
        floor = self.floor and {"name": self.floor.name, "unit": self.floor.unit, "value": self.floor.value}
        return {
            "figure": self.name,
            "unit": self.unit,
            "measured": self.measured,
            "target": self.target,
            "bound": self.bound,
            "target_of": self.target_of,
            "floor": floor,
            "ratio": self.ratio,
            "ok": self.ok,
            "exempt": self.exempt,
            "note": self.note,
            "details": self.details,
        }


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def table(figures: Sequence[Figure], floors: Sequence[Floor]) -> str:
    """Figure, target, measured, floor, ratio, ok: one line each, notes and details beneath; then all floors."""
    lines = [_WIDTHS.format("figure", "target", "measured", "floor", "ratio", "ok"), "-" * 122]
    for figure in figures:
        lines += _lines(figure)
    if floors:
        lines += ["", "floors of this run (in detail in `floors.py`)"]
        lines += [f"    {floor.name:<70} {_number(floor.value):>9} {floor.unit}" for floor in floors]
    return "\n".join(lines)


def write(figures: Sequence[Figure], floors: Sequence[Floor], directory: Path, speed: dict[str, float]) -> Path:
    """Keep figures and floors with machine, its speed (see `yardstick`) and date as JSON; returns the file."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / time.strftime("%Y-%m-%dT%H%M%S.json", time.gmtime())
    record = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine() | speed,
        "floors": {floor.name: {"unit": floor.unit, "value": floor.value} for floor in floors},
        "figures": [figure.as_json() for figure in figures],
    }
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, str | int | float]:
    """Where the figures come from."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor()
    )
    return {
        "cpu": model,
        "cores": psutil.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 1024**3),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _lines(figure: Figure) -> list[str]:
    floor = "" if figure.floor is None else _number(figure.floor.value)
    ratio = "" if figure.ratio is None else _number(figure.ratio)
    measured = "–" if figure.measured is None else _number(figure.measured)
    name = f"{figure.name} ({figure.unit})" if figure.unit else figure.name
    lines = [_WIDTHS.format(name, _target(figure), measured, floor, ratio, _VERDICT[figure.ok]).rstrip()]
    if figure.floor is not None:
        lines.append(f"    floor: {figure.floor.name}")
    lines += [f"    {text}" for text in (figure.note, figure.exempt) if text]
    if figure.details:
        lines.append("    " + ", ".join(f"{name} {_text(value)}" for name, value in figure.details.items()))
    return lines


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    sign = "≤" if figure.bound == "at most" else "≥"
    return f"{sign} {_number(figure.target)}{' × floor' if figure.target_of == 'ratio' else ''}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else _number(value)
