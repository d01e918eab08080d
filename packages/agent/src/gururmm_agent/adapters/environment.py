"""The environment that programs of the machine are started with, and where they are found."""

import os
import sys
from pathlib import Path
from typing import Final

COMMAND_MARKER: Final = "GURURMM_COMMAND_ID"
"""By this variable every process that a command started is found again, whatever group or session it moved to."""


def child_environment(**extra: str) -> dict[str, str]:
    """The agent's own environment without what belongs to the agent alone, and with a home and a locale."""
    environment = dict(os.environ)
    for name in ("INVOCATION_ID", "JOURNAL_STREAM", "NOTIFY_SOCKET", "PYTHONUNBUFFERED", COMMAND_MARKER):
        environment.pop(name, None)
    if getattr(sys, "frozen", False):
        restore_library_path(environment)
    environment.setdefault("HOME", str(Path("~").expanduser()))
    environment.setdefault("LANG", "C.UTF-8")
    environment.update(extra)
    return environment


def restore_library_path(environment: dict[str, str]) -> None:
    """Undo what a bundled interpreter did to the loader's search path: other programs need the system's libraries."""
    original = environment.pop("LD_LIBRARY_PATH_ORIG", None)
    if original is None:
        environment.pop("LD_LIBRARY_PATH", None)
    else:
        environment["LD_LIBRARY_PATH"] = original


def find_program(name: str, environment: dict[str, str] | None = None) -> str | None:
    """The path of an executable on the PATH of an environment, the agent's own where none is given; None without."""
    for folder in os.get_exec_path(environment):
        path = os.path.join(folder, name)  # noqa: PTH118 - on the path of every command
        if os.access(path, os.X_OK) and not os.path.isdir(path):  # noqa: PTH112
            return path
    return None
