"""Keeping the resident memory of a process that mostly waits small."""

import gc
import os
import sys
from collections.abc import Callable
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


def begin() -> None:
    """Before anything large is imported: one malloc arena for all threads, and large blocks returned at once."""
    mallopt = _c_function("mallopt")
    if mallopt is not None:
        for option, value in ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, 64 * 1024), (_M_TRIM_THRESHOLD, 64 * 1024)):
            mallopt(option, value)


def leave_out_the_unneeded() -> None:
    """Hide modules that libraries import only because they find them.

    Picows would take aiofastnet, where the agent uses asyncio's own transport (5 MB); msgspec takes typing_extensions
    for what Python 3.11 has itself (1 MB).
    """
    for name in ("aiofastnet", "typing_extensions"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def settle() -> None:
    """After start: what lives for ever is never looked at again by the collector, and free memory goes back."""
    gc.collect()
    gc.freeze()
    give_back()


def give_back() -> None:
    """Return free heap to the system, as after a large inventory."""
    trim = _c_function("malloc_trim")
    if trim is not None:
        trim(0)


def _c_function(name: str) -> Callable[..., object] | None:
    """A function of glibc; None elsewhere."""
    if os.name != "posix" or not sys.platform.startswith("linux"):
        return None
    import ctypes

    function: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None)
    return function
