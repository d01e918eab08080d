"""Who is logged in."""

import struct
from pathlib import Path
from typing import Final

from gururmm_agent.adapters.linux.proc import process_stat
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable

_SOURCES: Final = ("/run/utmp", "/var/run/utmp")
_RECORD: Final = struct.Struct("=hxxi32s4s32s256shhiii4I20x")
_USER_PROCESS: Final = 7


def user_items() -> Items:
    """A key `name@terminal` for each session; `none` says why when sessions cannot be known."""
    for path in _SOURCES:
        try:
            data = Path(path).read_bytes()
        except OSError:
            continue
        return _sessions(data)
    return {"none": unavailable("this system keeps no record of sessions", *_SOURCES)}


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
