"""How much time has passed, with the time that the machine slept: unlike `time.monotonic` on Linux and macOS."""

import os
import time
from pathlib import Path
from typing import Final

_CLOCK: Final[int | None] = getattr(
    time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None) if os.name == "posix" else None
)


def since_boot() -> float:
    """Seconds since some moment before this process began; the same moment for every process of this boot."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


def boot() -> str:
    """A name of this boot, within which `since_boot` may be compared; of this process where boots have none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return os.urandom(16).hex()
