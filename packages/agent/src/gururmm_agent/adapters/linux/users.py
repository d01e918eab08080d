"""Who is logged in."""

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gururmm_agent.adapters.linux.proc import all_processes, descends, entries, lines_of, process_stat, try_read
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable

_SOURCES: Final = (Path("/run/utmp"), Path("/var/run/utmp"))
_LOGIND: Final = Path("/run/systemd/sessions")
"""Where logind keeps its sessions. libsystemd, whose interface is promised, reads them here, too."""
_LOGINDS: Final = ("systemd-logind", "elogind", "elogind-daemon")
_PEOPLE: Final = ("user", "user-early", "user-incomplete", "user-light", "user-early-light")
"""Classes of sessions that somebody sits at; the others are logind's own, and those of services."""
_RECORD: Final = struct.Struct("=hxxi32s4s32s256shhiii4I20x")
_USER_PROCESS: Final = 7
_PTY_MAJOR: Final = 136


def user_items(sources: Sequence[Path] = _SOURCES, logind: Path = _LOGIND) -> Items:
    """Returns a key `name@terminal` for each session in the first of the files that is there, else for logind's.

    `none` says why when sessions cannot be known.
    """
    known = False
    for path in sources:
        try:
            data = path.read_bytes()
        except OSError:
            continue
        known = True
        if items := _sessions(data):
            return items
    items = _of_logind(logind)
    if items or known or any(stat.name in _LOGINDS for stat in all_processes()):
        return items
    return {"none": unavailable("this system keeps no record of sessions", *map(str, (*sources, logind)))}


def _of_logind(folder: Path) -> Items:
    """Debian 13 and others have no utmp any more: there logind alone knows who is logged in."""
    items: Items = {}
    for path in entries(str(folder)):
        if path.suffix == ".ref" or (text := try_read(str(path))) is None:
            continue
        session = dict(line.split("=", 1) for line in lines_of(text) if "=" in line)
        leader = process_stat(session.get("LEADER", "0"))
        if session.get("CLASS") not in _PEOPLE or session.get("STATE") == "closing" or leader is None:
            continue
        name = session.get("USER") or session.get("UID", "")
        terminal = session.get("TTY") or _terminal_below(leader.pid) or session.get("DISPLAY") or f"session {path.name}"
        since = session.get("REALTIME", "")
        items[f"{name}@{terminal}"] = {
            "name": name,
            "terminal": terminal,
            "host": session.get("REMOTE_HOST") or None,
            "since": int(since) // 1_000_000 if since.isdigit() else None,
        }
    return items


def _terminal_below(leader: int) -> str | None:
    """The terminal of what a session's leader started: sshd makes it after it has told logind of the session."""
    stats = {stat.pid: stat for stat in all_processes()}
    for stat in sorted(stats.values(), key=lambda stat: stat.start_ticks):
        major, minor = os.major(stat.terminal), os.minor(stat.terminal)
        if _PTY_MAJOR <= major < _PTY_MAJOR + 8 and descends(stat, leader, stats):
            return f"pts/{(major - _PTY_MAJOR) * 256 + minor}"
    return None


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
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")
