"""Keeping the resident memory of a process that mostly waits small."""

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_MADV_DONTNEED: Final = 4
_MAPS: Final = "/proc/self/smaps"
_TLS_BUFFER: Final = 16 * 1024


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


def keep_tls_small() -> None:
    """Give each connection a buffer for one record of TLS: asyncio's own has room for sixteen, all of it in memory."""
    from asyncio import sslproto

    sslproto.SSLProtocol.max_size = _TLS_BUFFER


def forget(*modules: str) -> None:
    """Drop modules that only the start needed: what is imported next takes their place.

    Only for modules of which nothing is kept: one object of one of their classes holds all of it.
    """
    for name in modules:
        sys.modules.pop(name, None)
    gc.collect()


def settle() -> None:
    """After start: what lives for ever is never looked at again by the collector, and free memory goes back."""
    gc.collect()
    gc.freeze()
    give_back()


def give_back() -> None:
    """Return what is not in use to the system, as after a large inventory: free heap, and code that ran once.

    Code that is wanted again is found in the page cache, mostly sixteen pages at a time: a microsecond each. What the
    linker read at the start, and the tables of what is used no more, go with it.
    """
    trim = _c_function("malloc_trim")
    if trim is not None:
        trim(0)
    advise = _c_function("madvise")
    if advise is not None:
        for start, end in _settled():
            advise(_address(start), _address(end - start), _MADV_DONTNEED)


@cache
def _settled() -> tuple[tuple[int, int], ...]:
    """Where it is done, looked up once, when no thread is loading a library: halfway there its places look unchanged.

    What is loaded later stays, and so does everything where the system cannot tell.
    """
    try:
        with open(_MAPS, encoding="utf-8", errors="replace") as maps:  # noqa: PTH123 - no pathlib at this point
            return tuple(unchanged(maps))
    except OSError:
        return ()


def unchanged(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yields start and end of programs' and libraries' code and constants that their files have just so (`smaps`).

    Not where the linker has written before it took the right to write away, be that in memory or swapped out: a page
    of it that was given back would come again without what was written.
    """
    start = end = 0
    written = True
    for line in maps:
        name, value, *rest = line.split()
        if not name.endswith(":"):
            is_file = value in ("r-xp", "r--p") and rest[2] != "0"
            start, end = (int(address, 16) for address in name.split("-")) if is_file else (0, 0)
            written = True
        elif name == "Anonymous:":
            written = value != "0"
        elif name == "Swap:" and end and not written and value == "0":
            yield start, end


def _address(number: int) -> object:
    """For C, which would take a bare number as one of 32 bits."""
    import ctypes

    return ctypes.c_size_t(number)


def _c_function(name: str) -> Callable[..., object] | None:
    """A function of the C library; None on another system than Linux, and where the library has none."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    function: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None)
    return function
