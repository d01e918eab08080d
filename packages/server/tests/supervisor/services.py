"""Small real processes for the supervisor to run."""

import os
import sys
from pathlib import Path
from typing import Any

from gururmm_server.entrypoints.supervisor.child import Command
from gururmm_server.entrypoints.supervisor.service import ServiceSpec


def python(code: str, cwd: Path) -> Command:
    return Command(argv=(sys.executable, "-c", code), environment=dict(os.environ), cwd=cwd)


def spec(name: str, code: str, cwd: Path, **more: Any) -> ServiceSpec:
    """A service that counts as ready once it has made the file `<name>.ready`."""

    async def ready() -> bool:
        return (cwd / f"{name}.ready").exists()

    header = (
        f"import os, signal, subprocess, sys, time, pathlib\nready = pathlib.Path({str(cwd / f'{name}.ready')!r})\n"
    )
    return ServiceSpec(name=name, title=f"The {name}", command=python(header + code, cwd), ready=ready, **more)


def is_alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
