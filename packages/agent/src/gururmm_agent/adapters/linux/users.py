"""Who is logged in."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gururmm_agent.adapters.linux.proc import process_stat
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable

_SOURCES: Final = (Path("/run/utmp"), Path("/var/run/utmp"))
_RECORD: Final = struct.Struct("=hxxi32s4s32s256shhiii4I20x")
_USER_PROCESS: Final = 7


def user_items(sources: Sequence[Path] = _SOURCES) -> Items:
    """Returns a key `name@terminal` for each session in the first of the files that is there.

    `none` says why when sessions cannot be known.
    """
    for path in sources:
        try:
            data = path.read_bytes()
        except OSError:
            continue
        return _sessions(data)
    return {"none": unavailable("this system keeps no record of sessions", *map(str, sources))}


def _sessions(data: bytes) -> Items:
    items: Items = {}
    whole = len(data) - len(data) % _RECORD.size
    for record in _RECORD.iter_unpack(data[:whole]):
        kind, pid, line, _, user, host = record[:6]
        if kind != _USER_PROCESS or process_stat(pid) is None:
            continue
        name, terminal = _text(user), _text(line)
        items[f"{name}@{terminal}"] = {
            "name": name,
            "terminal": terminal,
            "host": _text(host) or None,
            "since": record[9],
        }
    return items


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")
