"""The one place that decides which adapter serves this machine. `choose` is pure; only `load` imports adapters."""

import sys
from pathlib import Path
from typing import Literal

import msgspec

from gururmm_agent.adapters.ports import Adapters

Choice = Literal["linux", "windows", "macos", "null"]


class Environment(msgspec.Struct, frozen=True):
    """What the decision is made from. `platform` is `sys.platform`."""

    platform: str
    has_proc: bool


def choose(environment: Environment) -> Choice:
    """The adapter for this environment. A Linux without /proc has nothing to read, and gets the null adapter."""
    if environment.platform.startswith("linux"):
        return "linux" if environment.has_proc else "null"
    if environment.platform == "win32":
        return "windows"
    if environment.platform == "darwin":
        return "macos"
    return "null"


def observe() -> Environment:
    """The environment this process runs in."""
    return Environment(platform=sys.platform, has_proc=Path("/proc/self/stat").exists())


def load(choice: Choice) -> Adapters:
    """Import one adapter, and only that: the others need not even be importable here."""
    if choice == "linux":
        from gururmm_agent.adapters import linux

        return linux.adapters()
    if choice == "windows":
        from gururmm_agent.adapters import windows

        return windows.adapters()
    if choice == "macos":
        from gururmm_agent.adapters import macos

        return macos.adapters()
    from gururmm_agent.adapters import null

    return null.adapters()
