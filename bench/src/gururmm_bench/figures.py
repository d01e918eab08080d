"""What is measured against what was promised: the table on the terminal and the JSON beside it."""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import psutil


@dataclass(frozen=True, slots=True)
class Figure:
    """One promised number. `measured` is None where it could not be measured; `note` then says why.

    A whole benchmark that failed is one figure without a target.
    """

    name: str
    unit: str
    target: float | None
    bound: Literal["at most", "at least"]
    measured: float | None
    note: str = ""
    details: dict[str, float | str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the promise holds."""
        if self.measured is None or self.target is None:
            return False
        return self.measured <= self.target if self.bound == "at most" else self.measured >= self.target


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def table(figures: Sequence[Figure]) -> str:
    """Figure, target, measured, ok: one line each, notes and details beneath."""
    lines = [f"{'figure':<66} {'target':>14} {'measured':>12}  ok", "-" * 100]
    for figure in figures:
        sign = "≤" if figure.bound == "at most" else "≥"
        target = "" if figure.target is None else f"{sign} {_number(figure.target)} {figure.unit}"
        measured = "–" if figure.measured is None else _number(figure.measured)
        lines.append(f"{figure.name:<66} {target:>14} {measured:>12}  {'yes' if figure.ok else 'NO'}")
        if figure.note:
            lines.append(f"    {figure.note}")
        if figure.details:
            lines.append("    " + ", ".join(f"{name} {_text(value)}" for name, value in figure.details.items()))
    return "\n".join(lines)


def write(figures: Sequence[Figure], directory: Path, speed: dict[str, float]) -> Path:
    """Keep the figures with machine, its speed (see `yardstick`) and date as JSON; returns the file."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / time.strftime("%Y-%m-%dT%H%M%S.json", time.gmtime())
    rows = [{**asdict(figure), "ok": figure.ok} for figure in figures]
    record = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine() | speed, "figures": rows}
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


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else _number(value)
